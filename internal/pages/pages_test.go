package pages_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2/memstore"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/net/html"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/look/looktest"
	"thidua.dev/thidua/internal/pages"
	"thidua.dev/thidua/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// guest is who looks at the pages of a demo.
var guest = auth.Actor{Name: "guest", Role: auth.Auditor}

// serve starts the pages over a database.
func serve(t *testing.T, pool *pgxpool.Pool) *httptest.Server {
	t.Helper()
	app := pages.New(pages.Options{Look: look.New(pool), Engine: engine.New(pool, nil), Sessions: memstore.NewWithCleanupInterval(0), Guest: guest, MailboxURL: "http://localhost:8025/", Location: looktest.Zone, Poll: 20 * time.Millisecond})
	server := httptest.NewServer(app)
	t.Cleanup(func() {
		app.Stop()
		server.Close()
	})
	return server
}

// get fetches a page and holds it to what every page must be.
func get(t *testing.T, server *httptest.Server, path string, status int) string {
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
	if response.StatusCode != status {
		t.Fatalf("GET %s answers %d:\n%s", path, response.StatusCode, body)
	}
	policy := response.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("GET %s has the policy %q", path, policy)
	}
	for _, name := range []string{"X-Content-Type-Options", "Referrer-Policy"} {
		if response.Header.Get(name) == "" {
			t.Errorf("GET %s has no %s", path, name)
		}
	}
	wellFormed(t, path, string(body))
	return string(body)
}

var void = map[string]bool{"meta": true, "link": true, "input": true, "br": true, "hr": true, "img": true}

// wellFormed checks that what opens closes, that ids are unique and that nothing
// is inline that the policy would block.
func wellFormed(t testing.TB, path, page string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(page))
	var open []string
	ids := map[string]bool{}
	for {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF {
				t.Errorf("%s: %v", path, z.Err())
			}
			if len(open) > 0 {
				t.Errorf("%s leaves open: %v", path, open)
			}
			return
		case html.StartTagToken:
			token := z.Token()
			if !void[token.Data] {
				open = append(open, token.Data)
			}
			attributes := map[string]string{}
			for _, a := range token.Attr {
				attributes[a.Key] = a.Val
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
					t.Errorf("%s: <%s> has %s", path, token.Data, a.Key)
				}
			}
			if token.Data == "script" && attributes["src"] == "" {
				t.Errorf("%s has an inline script", path)
			}
			if id := attributes["id"]; id != "" {
				if ids[id] {
					t.Errorf("%s has two elements %q", path, id)
				}
				ids[id] = true
			}
		case html.EndTagToken:
			name := z.Token().Data
			if len(open) == 0 || open[len(open)-1] != name {
				t.Fatalf("%s: </%s> closes %v", path, name, open)
			}
			open = open[:len(open)-1]
		}
	}
}

func contains(t testing.TB, page string, wanted ...string) {
	t.Helper()
	text := html.UnescapeString(page)
	for _, w := range wanted {
		if !strings.Contains(text, w) {
			t.Errorf("the page does not say %q", w)
		}
	}
}

func TestCampaignWhileChasing(t *testing.T) {
	server := serve(t, looktest.SharedSeed(t, looktest.Chased))
	page := get(t, server, "/campaigns/covid-2021", http.StatusOK)
	contains(t, page,
		"Ngành TT&TT đoàn kết", "Đang diễn ra", "08 giờ 30, thứ Tư, 20/10/2021", "đồng hồ diễn tập",
		"Báo cáo tháng 10/2021: đã nhận 87/89 (97%), 2 đơn vị quá hạn; hạn 17 giờ 00, thứ Sáu, 15/10/2021.",
		`<li class="Now" aria-current="step"`, "số liệu từ 07/9 đến hết 14/10/2021",
		"quá hạn 3 ngày làm việc", "lần nhắc gần nhất 18/10/2021 (nhắc đã quá hạn)",
		"08 giờ 30, thứ Sáu, 22/10/2021", "báo danh sách cho cấp trên",
		"Công văn đôn đốc", "/campaigns/covid-2021/units/DN-05", "Chưa có bảng xếp hạng", "http://localhost:8025/")
	english := get(t, server, "/campaigns/covid-2021?lang=en", http.StatusOK)
	contains(t, english, "The ICT sector united", "Running", "Monthly report for October 2021: 87 of 89 received (97%)",
		"3 working days overdue", "/campaigns/covid-2021/units/DN-05?lang=en")
	if strings.Contains(english, "Việc sắp tới") {
		t.Error("the English page has Vietnamese labels")
	}
}

func TestCampaignBeforeLaunchAndAtTheEnd(t *testing.T) {
	server := serve(t, looktest.SharedSeed(t, looktest.Declared))
	contains(t, get(t, server, "/campaigns/covid-2021", http.StatusOK),
		"Đã khai báo, chưa phát động", "phát động ở mục", "/campaigns/covid-2021/steer", "Theo kế hoạch, nếu được phát động.", "Không đơn vị nào quá hạn.")
	server = serve(t, looktest.SharedSeed(t, looktest.Over))
	contains(t, get(t, server, "/campaigns/covid-2021", http.StatusOK),
		"Đã kết thúc", "Phong trào đã kết thúc.", "512/QĐ-BTTTT", "33 đơn vị được đề nghị khen thưởng", "đã trao 33 phần thưởng", "Xem đủ 89 đơn vị")
	contains(t, get(t, server, "/campaigns/covid-2021/ranking", http.StatusOK), "Mã niêm phong: sha256:")
	contains(t, get(t, server, "/campaigns/covid-2021/ranking?review=midterm", http.StatusOK), "Sơ kết")
}

func TestListOfCampaigns(t *testing.T) {
	contains(t, get(t, serve(t, storetest.Pool(t)), "/", http.StatusOK), "Phát động phong trào mới")
	contains(t, get(t, serve(t, looktest.SharedSeed(t, looktest.Chased)), "/", http.StatusOK), "/campaigns/covid-2021", "89 đơn vị tham gia")
}

func TestWhyOfUnit(t *testing.T) {
	server := serve(t, looktest.SharedSeed(t, looktest.Over))
	contains(t, get(t, server, "/campaigns/covid-2021/units/DN-05", http.StatusOK),
		"Báo cáo tháng 10/2021", "Không gửi; kỳ đóng lúc 17 giờ 00, thứ Sáu, 29/10/2021.", "không có người nhận",
		"Công văn đôn đốc dự thảo ngày 20/10/2021", "250 rehearsed", "hạng ")
	contains(t, get(t, server, "/campaigns/covid-2021/units/STTTT-12", http.StatusOK), "muộn 4 ngày làm việc", "đã rút")
	contains(t, get(t, server, "/campaigns/covid-2021/units?q=stttt-1", http.StatusOK), "/units/STTTT-12")
	contains(t, get(t, server, "/campaigns/covid-2021/units?q=zzz", http.StatusOK), "Không có đơn vị nào có “zzz”")
}

func TestWhatDoesNotExist(t *testing.T) {
	server := serve(t, looktest.SharedSeed(t, looktest.Chased))
	contains(t, get(t, server, "/campaigns/covid-2021/units/STTTT12", http.StatusNotFound), "Không có đơn vị “STTTT12”", "/units/STTTT-12")
	contains(t, get(t, server, "/campaigns/covid", http.StatusNotFound), "Không có phong trào “covid”", "/campaigns/covid-2021")
	get(t, server, "/campaigns/covid-2021/letters/999999", http.StatusNotFound)
	get(t, server, "/campaigns/covid-2021/letters/x", http.StatusNotFound)
	get(t, server, "/nowhere", http.StatusNotFound)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		request, err := http.NewRequest(method, server.URL+"/campaigns/covid-2021", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode < 400 {
			t.Errorf("%s answers %d", method, response.StatusCode)
		}
	}
}

func TestLetterIsShownAsPrinted(t *testing.T) {
	pool := looktest.SharedSeed(t, looktest.Chased)
	server := serve(t, pool)
	letters, err := look.New(pool).Letters(context.Background(), looktest.Name)
	if err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/campaigns/covid-2021/letters/%d", letters[0].ID)
	contains(t, get(t, server, path, http.StatusOK), letters[0].Name)
	get(t, server, fmt.Sprintf("/campaigns/another/letters/%d", letters[0].ID), http.StatusNotFound)
}

var assetAddress = regexp.MustCompile(`(?:href|src)="(/assets/[^"]+)"`)

// TestFirstPageIsSmall adds up what a phone loads on its first visit, unpacked.
func TestFirstPageIsSmall(t *testing.T) {
	for name, open := range map[string]func(*testing.T) *pgxpool.Pool{
		"seed": func(t *testing.T) *pgxpool.Pool { return looktest.SharedSeed(t, looktest.Over) },
		"country": func(t *testing.T) *pgxpool.Pool {
			if testing.Short() {
				t.Skip("makes a campaign of 11,367 units")
			}
			return looktest.Country(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			pool := open(t)
			server := serve(t, pool)
			page := get(t, server, "/campaigns/covid-2021", http.StatusOK)
			size := len(page)
			found := assetAddress.FindAllStringSubmatch(page, -1)
			if len(found) != 4 {
				t.Errorf("the page loads %v", found)
			}
			for _, m := range found {
				response, err := http.Get(server.URL + m[1])
				if err != nil {
					t.Fatal(err)
				}
				b, err := io.ReadAll(response.Body)
				response.Body.Close()
				if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(response.Header.Get("Cache-Control"), "immutable") {
					t.Errorf("%s answers %d, %q, %v", m[1], response.StatusCode, response.Header.Get("Cache-Control"), err)
				}
				size += len(b)
			}
			t.Logf("page %d bytes, with assets %d", len(page), size)
			if size > 100_000 {
				t.Errorf("the page is %d bytes, with its assets %d", len(page), size)
			}
		})
	}
}

func TestPagesArePacked(t *testing.T) {
	server := serve(t, looktest.SharedSeed(t, looktest.Over))
	request, err := http.NewRequest(http.MethodGet, server.URL+"/campaigns/covid-2021", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "br, gzip;q=0.8")
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	unpacked, err := gzip.NewReader(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(unpacked)
	if err != nil || !bytes.Contains(page, []byte("</html>")) {
		t.Errorf("%d bytes, %v", len(page), err)
	}
}

// The roots of the days stand where everybody can keep them.
func TestRootsPage(t *testing.T) {
	pool := looktest.Seed(t, looktest.Chased)
	if _, err := engine.New(pool, slog.New(slog.DiscardHandler)).Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	roots, err := look.New(pool).Roots(t.Context())
	if err != nil || len(roots) != 1 {
		t.Fatalf("%v, %v", roots, err)
	}
	server := serve(t, pool)
	contains(t, get(t, server, "/roots", http.StatusOK), "Giá trị gốc từng ngày", roots[0].Root.String())
}

// events reads a live page's stream.
func events(t *testing.T, server *httptest.Server, path string, header http.Header) *bufio.Scanner {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(stop)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(request.Header, header)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if kind := response.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatalf("%s is %s", path, kind)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	return lines
}

// until reads lines until one begins with a prefix.
func until(t *testing.T, lines *bufio.Scanner, prefix string) string {
	t.Helper()
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), prefix) {
			return lines.Text()
		}
	}
	t.Fatalf("the stream ended before %q: %v", prefix, lines.Err())
	return ""
}

var liveAddress = regexp.MustCompile(`hx-sse:connect="([^"]+)"`)

// TestLivePageFollowsTheFacts watches a page through a change: only the parts
// that changed come, and a reader that comes back gets what it missed.
func TestLivePageFollowsTheFacts(t *testing.T) {
	pool := looktest.Seed(t, looktest.Chased)
	server := serve(t, pool)
	page := get(t, server, "/campaigns/covid-2021", http.StatusOK)
	found := liveAddress.FindStringSubmatch(page)
	if found == nil {
		t.Fatal("the page does not listen")
	}
	address := html.UnescapeString(found[1])
	lines := events(t, server, address, nil)
	until(t, lines, ": nothing new")
	if _, err := pool.Exec(context.Background(), `UPDATE obligation SET state = 'Settled', received_at = '2021-10-20 12:00+07'
		WHERE owner = 'DN-05' AND subject = 'monthly/2021-10'`); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(context.Background(), `UPDATE clock SET jumps = jumps + 1`); err != nil {
		t.Fatal(err)
	}
	id := until(t, lines, "id: ")
	data := until(t, lines, "data: ")
	for _, id := range []string{"rounds", "late", "head"} {
		if !strings.Contains(data, `<hx-partial hx-target="#`+id+`" hx-swap="outerMorph">`) {
			t.Errorf("%s did not come", id)
		}
	}
	for _, id := range []string{"acts", "honours", "ranking"} {
		if strings.Contains(data, `hx-target="#`+id+`"`) {
			t.Errorf("%s came and has not changed", id)
		}
	}
	if !strings.Contains(data, "98%") {
		t.Error("the new count did not come")
	}
	// Who has seen the newest gets nothing, who comes with an old page everything.
	again := events(t, server, address, http.Header{"Last-Event-Id": {strings.TrimPrefix(id, "id: ")}})
	until(t, again, ": nothing new")
	late := events(t, server, address, nil)
	if !strings.Contains(until(t, late, "data: "), "98%") {
		t.Error("a late reader does not see the new count")
	}
}

func TestStopEndsLivePages(t *testing.T) {
	pool := looktest.SharedSeed(t, looktest.Chased)
	app := pages.New(pages.Options{Look: look.New(pool), Engine: engine.New(pool, nil), Sessions: memstore.NewWithCleanupInterval(0), Guest: guest, Poll: 20 * time.Millisecond})
	server := httptest.NewServer(app)
	defer server.Close()
	lines := events(t, server, "/campaigns/covid-2021/live", nil)
	until(t, lines, "data: ")
	app.Stop()
	for lines.Scan() {
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the stream ended with %v", err)
	}
}
