package document

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	v1 "thidua.dev/thidua/api/v1"
)

var update = flag.Bool("update", false, "write golden files")

var hanoi = time.FixedZone("+07", 7*60*60)

func letter(change func(*Letter)) Letter {
	l := Letter{
		ParentBody: "Bộ Thông tin và Truyền thông", IssuingBody: "Vụ Thi đua - Khen thưởng", Symbol: "BTTTT-TĐKT", Place: "Hà Nội",
		Unit: "Sở Thông tin và Truyền thông Quảng Ninh", Report: "báo cáo tháng 10/2021",
		Campaign: "Ngành Thông tin và Truyền thông chiến thắng đại dịch COVID-19",
		Basis:    &v1.Document{Number: "1423/QĐ-BTTTT", Date: "2021-09-16"},
		Due:      time.Date(2021, 10, 15, 17, 0, 0, 0, hanoi), AsOf: time.Date(2021, 10, 20, 8, 30, 0, 0, hanoi),
		DataFrom: "2021-09-07", DataTo: "2021-10-14", Reminders: 3, LatePoints: "0.5", MissingPoints: "3",
		Contact:    &v1.OfficeContact{Name: "Phòng Tổng hợp", Phone: "024 3943 0000", Email: "tdkt@mic.example.vn"},
		Delegation: "TL. Bộ trưởng", Title: "Vụ trưởng Vụ Thi đua - Khen thưởng",
		CopyTo: []string{"Bộ trưởng (để báo cáo)", "Thường trực Hội đồng TĐKT"}, Archive: "VT, TĐKT",
	}
	if change != nil {
		change(&l)
	}
	return l
}

func TestLetter(t *testing.T) {
	for _, tt := range []struct {
		name   string
		reason string
		change func(*Letter)
	}{
		{"draft", "three working days after the deadline", nil},
		{"signed", "with number, date and new deadline it is no draft", func(l *Letter) {
			l.Number, l.SignedOn, l.Signer, l.NewDue = "3987", "2021-10-21", "Nguyễn Văn A", time.Date(2021, 10, 22, 17, 0, 0, 0, hanoi)
		}},
		{"bare", "nothing is known but who and what; on the day of the deadline itself", func(l *Letter) {
			*l = Letter{Unit: "Sở <TT&TT>", Report: "đăng ký thi đua", Campaign: "Phong trào thi đua mừng Đại hội", Due: l.Due, AsOf: l.Due.Add(time.Hour)}
		}},
		{"template", "the office's own words", func(l *Letter) {
			l.Template = &v1.MessageTemplateSpec{Step: "letter", Subject: "đề nghị gửi {{.Report}}",
				Body: "Căn cứ {{.Basis}}.\n\nĐến {{.AsOf}}, chưa nhận được {{.Report}} của Quý đơn vị <lần {{.Reminders}}>.\n\n{{.ContactLine}}"}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := letter(tt.change).Write(&b); err != nil {
				t.Fatalf("%s: %v", tt.reason, err)
			}
			file := filepath.Join("testdata", "letter-"+tt.name+".html")
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), b.String()); d != "" {
				t.Errorf("%s (-want +got):\n%s", tt.reason, d)
			}
			if draft := strings.Contains(b.String(), "DỰ THẢO"); draft != (tt.name != "signed") {
				t.Errorf("marked as a draft: %v", draft)
			}
		})
	}
}

func TestLetterRefuses(t *testing.T) {
	for _, tt := range []struct {
		reason string
		change func(*Letter)
		want   string
	}{
		{"not received is only true after the deadline", func(l *Letter) { l.AsOf = l.Due.Add(-time.Minute) }, "not passed"},
		{"", func(l *Letter) { l.Unit = "" }, "no unit"},
		{"", func(l *Letter) { l.Report = "" }, "no report"},
		{"", func(l *Letter) { l.Due = time.Time{} }, "no deadline"},
		{"", func(l *Letter) { l.Basis.Date = "16/9/2021" }, "16/9/2021"},
		{"", func(l *Letter) { l.Template = &v1.MessageTemplateSpec{Subject: "a", Body: "{{.Nothing}}"} }, "body"},
	} {
		if err := letter(tt.change).Write(&bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.reason, err, tt.want)
		}
	}
}

func TestCheckTemplate(t *testing.T) {
	for _, tt := range []struct {
		spec   v1.MessageTemplateSpec
		reason string
		ok     bool
	}{
		{v1.MessageTemplateSpec{Subject: "đề nghị gửi {{.Report}}", Body: "{{with .NewDue}}{{.}}{{end}}"}, "", true},
		{v1.MessageTemplateSpec{Subject: "{{.Subject}}", Body: "b"}, "no such field", false},
		{v1.MessageTemplateSpec{Subject: "a", Body: "{{range 9}}x{{end}}"}, "not limited", false},
		{v1.MessageTemplateSpec{Subject: "a", Body: "b", Language: "en"}, "letters are Vietnamese", false},
		{v1.MessageTemplateSpec{Subject: "a", Body: "{{.ContactLine}}"}, "without a contact nothing would be left", false},
	} {
		if err := CheckTemplate(tt.spec); (err == nil) != tt.ok {
			t.Errorf("%+v (%s): %v", tt.spec, tt.reason, err)
		}
	}
}
