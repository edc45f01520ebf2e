package scaffold

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"thidua.dev/thidua/internal/manifest"
)

// workbook of rows on its only sheet.
func workbook(t testing.TB, rows ...[]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range rows {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.SetSheetRow("Sheet1", cell, &row); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadUnits(t *testing.T) {
	utf16 := []byte{0xff, 0xfe}
	for _, r := range "Mã\tTên đơn vị\n01\tSở Y tế\n" {
		utf16 = append(utf16, byte(r), byte(r>>8))
	}
	for _, c := range []struct {
		reason string
		file   string
		data   []byte
		want   map[string]string // of the first row
		unused []string
	}{
		{"a roster file is read as it is", "u.csv", []byte("code,name,kind,group\n01,Sở Y tế,department,cum-1\n"),
			map[string]string{"code": "01", "name": "Sở Y tế", "kind": "department", "group": "cum-1"}, nil},
		{"Excel saves Unicode text with tabs, in UTF-16", "u.txt", utf16, map[string]string{"code": "01", "name": "Sở Y tế", "kind": "unit"}, nil},
		{"a workbook with titles above, a number in front, and lines broken inside of cells", "u.xlsx", workbook(t,
			[]any{"UBND TỈNH A"}, []any{"DANH SÁCH ĐƠN VỊ"}, nil, []any{"STT", "Mã đơn vị", "Tên\nđơn vị", "Khối thi đua", "E-mail đầu mối", "Điện thoại"},
			[]any{1, "SYT", "Sở\nY tế", "Khối 1", "a@yte.example", "024"}),
			map[string]string{"code": "SYT", "name": "Sở Y tế", "kind": "unit", "group": "khoi-1", "focal_email": "a@yte.example"}, []string{"STT", "Điện thoại"}},
		{"bodies above are named, not coded", "u.csv", []byte("Tên đơn vị,Trực thuộc\nPhòng Y tế,Sở Y Tế\nSở Y tế,\n"),
			map[string]string{"code": "PHONG-Y-TE", "name": "Phòng Y tế", "kind": "unit", "administered_by": "SO-Y-TE"}, nil},
	} {
		u, problems := ReadUnits(c.file, c.data)
		if len(problems) > 0 {
			t.Errorf("%s: %v", c.reason, problems)
			continue
		}
		if diff := cmp.Diff(c.want, u.Rows[0].Cells); diff != "" {
			t.Errorf("%s: %s", c.reason, diff)
		}
		if diff := cmp.Diff(c.unused, u.Unused); diff != "" {
			t.Errorf("%s: unused: %s", c.reason, diff)
		}
	}
}

func TestProblemsOfUnits(t *testing.T) {
	for _, c := range []struct{ code, cell, file, data string }{
		{Empty, "", "u.csv", " \n,,\n"},
		{NotText, "", "u.csv", "code,name\n01,S\xff\n"},
		{NotReadable, "", "u.pdf", "%PDF\x00"},
		{NotReadable, "", "u.xlsx", "PK\x03\x04 torn"},
		{OldExcel, "", "u.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"},
		{NotCSV, "2", "u.csv", "code,name\n01,\"A\n"},
		{NoHeader, "1", "u.csv", "a,b\n1,2\n"},
		{OnlyHeader, "1", "u.csv", "code,name\n"},
		{ColumnTwice, "C1", "u.csv", "code,name,Tên đơn vị\n01,A,B\n"},
		{TooManyCells, "C2", "u.csv", "code,name\n01,A,B\n"},
		{NameMissing, "B2", "u.csv", "code,name\n01,\n"},
		{CodeMissing, "A2", "u.csv", "code,name\n,A\n"},
		{BadCode, "A2", "u.csv", "code,name\nSở,A\n"},
		{TooLong, "A2", "u.csv", "code,name\n" + strings.Repeat("A", 64) + ",A\n"},
		{BadKind, "C2", "u.csv", "code,name,kind\n01,A,1\n"},
		{UnitTwice, "A3", "u.csv", "code,name\n01,A\n01,B\n"},
		{UnitTwice, "A3", "u.csv", "name,ghi chú\nSở Y tế,\nsở y tế,\n"},
		{UnknownUnit, "C2", "u.csv", "code,name,Trực thuộc\n01,A,Bộ\n"},
		{BadEmail, "C2", "u.csv", "code,name,email\n01,A,a@b\n"},
		{TooLarge, "1", "u.csv", strings.Repeat("a,", 300) + "\n"},
	} {
		_, problems := ReadUnits(c.file, []byte(c.data))
		if len(problems) != 1 || problems[0].Code != c.code || problems[0].Cell() != c.cell {
			t.Errorf("%s: %+v at %q, want one at %q", c.code, problems, append(problems, CellProblem{})[0].Cell(), c.cell)
		}
	}
	for _, code := range Codes {
		if wording[code] == "" {
			t.Errorf("%s has no wording", code)
		}
	}
}

// What is read without a problem can be declared: the roster and the contacts that are
// made of it are taken.
func FuzzReadUnits(f *testing.F) {
	for _, s := range []string{
		"code,name\n01,A\n", "\xef\xbb\xbfcode;name\r\n01;A\r\n", "code,name,kind\n,,\n", "\"", "code\n", "Tên đơn vị\nSở Y tế\nSở Xây dựng\n",
		"code,name,group,calendar,email\n01,A,Cụm 1,Lịch,a@b.vn\n", "code,name,tructhuoc,baocaove\n1,A,B,\n2,B,,A\n", "name,x\n0̃,\n",
	} {
		f.Add([]byte(s))
	}
	f.Add(workbook(f, []any{"Mã", "Tên"}, []any{"01", "A"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		u, problems := ReadUnits("units.csv", data)
		if len(problems) > 0 {
			return
		}
		if len(u.Rows) == 0 {
			t.Fatal("neither a unit nor a problem")
		}
		set := manifest.NewSet()
		for name, made := range map[string][]byte{"mau.roster.csv": u.Roster(), "mau.contacts.csv": u.Contacts()} {
			if made != nil {
				if err := set.Read(name, made); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	})
}
