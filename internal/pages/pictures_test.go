package pages_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2/memstore"
	"golang.org/x/net/html"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/look/looktest"
	"thidua.dev/thidua/internal/pages"
)

const picturesPath = "/campaigns/covid-2021/pictures"

func TestPictures(t *testing.T) {
	server := serve(t, looktest.SharedSeed(t, looktest.Chased))
	contains(t, get(t, server, "/campaigns/covid-2021", http.StatusOK), `href="`+picturesPath+`"`)
	page := get(t, server, picturesPath, http.StatusOK)
	contains(t, page,
		"Báo cáo tháng 10/2021: đã nhận 87 trên 89 báo cáo; 86 đúng hạn, 1 nộp muộn, 2 quá hạn chưa nộp.",
		"1 kỳ đã đóng đều đúng hạn 100%.", "86 đúng hạn, 1 nộp muộn, 2 quá hạn chưa nộp",
		"Sở Thông tin và Truyền thông Lai Châu: Chưa nộp, quá hạn", "khoi-doanh-nghiep",
		"Chưa có bảng xếp hạng nào. Biểu đồ có từ lần sơ kết đầu tiên.",
		"Trong 30 ngày tới, nhiều nhất 358 thư, dồn vào thứ Ba, 16/11/2021 (178 thư); 89 công văn chờ ký, dồn vào thứ Năm, 18/11/2021 (89); 89 việc đến hạn, dồn vào thứ Hai, 15/11/2021 (89).",
		"nghỉ hằng tuần", picturesPath+"/grid.csv", picturesPath+"?round=registration")
	english := get(t, server, picturesPath+"?lang=en", http.StatusOK)
	contains(t, english, "87 of 89 reports received; 86 in time, 1 late, 2 overdue.", "15 Oct", picturesPath+"/grid.csv?lang=en")
	if strings.Contains(english, "Đúng hạn") {
		t.Error("the English page has Vietnamese labels")
	}
	// A round of before.
	contains(t, get(t, server, picturesPath+"?round=registration", http.StatusOK), "Đăng ký thi đua: đã nhận 89 trên 89 báo cáo; 89 đúng hạn.", "/grid.csv?round=registration", "/pictures/live?round=registration")
	contains(t, get(t, server, picturesPath+"?round=x", http.StatusNotFound), "Không có kỳ báo cáo “x”")
	get(t, server, picturesPath+"/nothing", http.StatusNotFound)
	get(t, server, picturesPath+"/nothing.csv", http.StatusNotFound)

	over := get(t, serve(t, looktest.SharedSeed(t, looktest.Over)), picturesPath, http.StatusOK)
	contains(t, over, "Từ Sơ kết đến Tổng kết: 2 đơn vị lên hạng, 6 xuống, 5 giữ nguyên; 76 đơn vị chưa được xếp ở một trong hai lần.",
		"Trong 7 kỳ đã đóng, Đăng ký thi đua đúng hạn nhiều nhất (100%), Báo cáo tháng 10/2021 ít nhất (96%).", "Phong trào đã kết thúc; không còn thư nhắc")
	contains(t, get(t, serve(t, looktest.SharedSeed(t, looktest.Declared)), picturesPath, http.StatusOK), "Phong trào chưa được phát động. Sau khi phát động", "Theo kế hoạch, nếu được phát động.")
}

var drawn = regexp.MustCompile(`(?s)<svg class="drawing[^>]*>.*?</svg>`)

// TestPicturesAreReadAloud: each has a role, a title and a description, is there in two
// widths, and its state is a letter as well as a colour.
func TestPicturesAreReadAloud(t *testing.T) {
	for _, until := range []time.Time{looktest.Chased, looktest.Over} {
		page := get(t, serve(t, looktest.SharedSeed(t, until)), picturesPath, http.StatusOK)
		all := drawn.FindAllString(page, -1)
		if len(all) < 6 {
			t.Errorf("%d drawings", len(all))
		}
		for _, d := range all {
			head, _, _ := strings.Cut(d, ">")
			if role := regexp.MustCompile(`role="(img|group)"`).FindString(head); role == "" {
				t.Errorf("%s has no role", head)
			}
			if links := strings.Contains(d, "<a "); links == strings.Contains(head, `role="img"`) {
				t.Errorf("%s: it leads somewhere %v", head, links)
			}
			for id := range strings.FieldsSeq(regexp.MustCompile(`aria-labelledby="([^"]+)"`).FindStringSubmatch(head)[1]) {
				if !regexp.MustCompile(`<(title|desc) id="` + id + `">[^<]+<`).MatchString(d) {
					t.Errorf("%s has nothing to read for %s", head, id)
				}
			}
			if strings.Contains(d, "NaN") || strings.Contains(d, "Inf") {
				t.Errorf("%s has no place", head)
			}
		}
		// Those of one width are for every screen.
		wide, narrow, one := strings.Count(page, `"drawing for-wide"`), strings.Count(page, `"drawing for-narrow"`), strings.Count(page, `"drawing"`)
		if wide == 0 || wide != narrow || wide+narrow+one != len(all) || one != strings.Count(page, `id="ranks-`)/2 {
			t.Errorf("%d wide, %d narrow, %d for both", wide, narrow, one)
		}
	}
}

// fetch has a file.
func fetch(t *testing.T, server *httptest.Server, path string) [][]string {
	t.Helper()
	response, err := http.Get(server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Fatalf("%s: %d %s", path, response.StatusCode, response.Header.Get("Content-Type"))
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(body), "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestPictureFiles: files have the numbers of the pictures, and all of them.
func TestPictureFiles(t *testing.T) {
	server := serve(t, looktest.SharedSeed(t, looktest.Over))
	for name, c := range map[string]struct {
		rows int // with their titles
		row  string
	}{
		"completeness.csv?round=monthly/2021-10": {23, "2021-10-19,,89,86,1,2,0,0"},
		"rounds.csv":                             {8, "Báo cáo tháng 10/2021,2021-10-15 17:00,2021-10-29 17:00,89,86,2,0,1,0"},
		"grid.csv?round=monthly/2021-10":         {90, "DN-05,Tổng công ty Truyền thông đa phương tiện (VTC),khoi-doanh-nghiep,–,Không gửi,2021-10-15 17:00,–"},
		"ranks.csv":                              {90, "cum-4,STTTT-35,Sở Thông tin và Truyền thông Hà Nam,1,"},
		"load.csv":                               {1, ""},
	} {
		rows := fetch(t, server, picturesPath+"/"+name)
		var lines strings.Builder
		for _, row := range rows {
			if len(row) != len(rows[0]) {
				t.Errorf("%s: %v", name, row)
			}
			lines.WriteString(strings.Join(row, ",") + "\n")
		}
		if len(rows) != c.rows || !strings.Contains(lines.String(), c.row) {
			t.Errorf("%s has %d rows, want %d with %q:\n%s", name, len(rows), c.rows, c.row, lines.String())
		}
	}
	if rows := fetch(t, server, picturesPath+"/ranks.csv?group=cum-9&lang=en"); len(rows) != 8 || rows[0][3] != "Rank, Mid-term review" {
		t.Errorf("%v", rows)
	}
}

// TestPlacesAreOpenToUnitsOncePublished: of all pictures, and as rankings are.
func TestPlacesAreOpenToUnitsOncePublished(t *testing.T) {
	pool := looktest.Seed(t, looktest.Over)
	app := pages.New(pages.Options{Look: look.New(pool), Engine: engine.New(pool, nil), Sessions: memstore.NewWithCleanupInterval(0), Guest: auth.Actor{Role: auth.FocalPoint, Unit: "STTTT-35"}})
	server := httptest.NewServer(app)
	t.Cleanup(server.Close)
	contains(t, get(t, server, picturesPath+"/ranks", http.StatusOK), "Từ Sơ kết đến Tổng kết")
	for _, path := range []string{"", "/completeness", "/rounds", "/grid", "/load", "/grid.csv", "/load.csv"} {
		get(t, server, picturesPath+path, http.StatusForbidden)
	}
	for _, state := range []string{"Ranked", "Published"} {
		if _, err := pool.Exec(context.Background(), `UPDATE review SET state = $1 WHERE name = 'midterm'`, state); err != nil {
			t.Fatal(err)
		}
		page := get(t, server, picturesPath+"/ranks", http.StatusOK)
		if shown := strings.Contains(page, "Sơ kết"); shown != (state == "Published") {
			t.Errorf("%s: the mid-term ranking is shown: %v", state, shown)
		}
	}
	if _, err := pool.Exec(context.Background(), `UPDATE review SET state = 'Ranked'`); err != nil {
		t.Fatal(err)
	}
	get(t, server, picturesPath+"/ranks", http.StatusForbidden)
}

// TestLivePictures follow the facts: what changed comes, its table apart so that one that
// somebody has opened stays open.
func TestLivePictures(t *testing.T) {
	pool := looktest.Seed(t, looktest.Chased)
	server := serve(t, pool)
	found := liveAddress.FindStringSubmatch(get(t, server, picturesPath, http.StatusOK))
	if found == nil {
		t.Fatal("the page does not listen")
	}
	lines := events(t, server, html.UnescapeString(found[1]), nil)
	until(t, lines, ": nothing new")
	if _, err := pool.Exec(context.Background(), `UPDATE obligation SET state = 'Settled', received_at = '2021-10-20 08:00+07'
		WHERE owner = 'DN-05' AND subject = 'monthly/2021-10'`); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(context.Background(), `UPDATE clock SET jumps = jumps + 1`); err != nil {
		t.Fatal(err)
	}
	until(t, lines, "id: ")
	data := until(t, lines, "data: ")
	for _, id := range []string{"picture-completeness", "table-completeness", "picture-grid", "table-grid"} {
		if !strings.Contains(data, `<hx-partial hx-target="#`+id+`" hx-swap="outerMorph"><div id="`+id+`"`) {
			t.Errorf("%s did not come", id)
		}
	}
	if strings.Contains(data, `hx-target="#picture-ranks"`) || strings.Contains(data, "<details") {
		t.Error("something came that has not changed")
	}
	if !strings.Contains(data, "2 nộp muộn, 1 quá hạn chưa nộp") {
		t.Error("the new count did not come")
	}
}

// TestProgressOnTheBoard is a bar while something is sent, and nothing otherwise.
func TestProgressOnTheBoard(t *testing.T) {
	pool := looktest.Seed(t, looktest.Chased)
	server := serve(t, pool)
	if page := get(t, server, "/campaigns/covid-2021", http.StatusOK); strings.Contains(page, "<progress") {
		t.Error("all is quiet, and there is a bar")
	}
	if _, err := pool.Exec(context.Background(), `UPDATE message SET state = 'Pending' WHERE id IN (SELECT m.id FROM message m JOIN round r ON r.id = m.round_id
		WHERE r.name = 'monthly/2021-10' AND m.step = 'prepare' ORDER BY m.id LIMIT 20)`); err != nil {
		t.Fatal(err)
	}
	var total int64
	if err := pool.QueryRow(context.Background(), `SELECT count(*) FROM message m JOIN round r ON r.id = m.round_id WHERE r.name = 'monthly/2021-10' AND m.step = 'prepare'`).Scan(&total); err != nil {
		t.Fatal(err)
	}
	page := get(t, server, "/campaigns/covid-2021", http.StatusOK)
	contains(t, page, fmt.Sprintf("Đang gửi Báo cáo tháng 10/2021 – nhắc trước hạn: %d trên %d thư", total-20, total), fmt.Sprintf(`<progress max="%d" value="%d">`, total, total-20))
}
