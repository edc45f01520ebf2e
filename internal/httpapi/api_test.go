package httpapi_test

import (
	"bytes"
	"context"
	"flag"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/httpapi"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/look/looktest"
)

var update = flag.Bool("update", false, "write docs/api/openapi.yaml")

const committed = "../../docs/api/openapi.yaml"

// TestDocument holds the committed document to the routes.
func TestDocument(t *testing.T) {
	pool := looktest.SharedSeed(t, looktest.Declared)
	got, err := httpapi.New(httpapi.Options{Engine: engine.New(pool, nil), Look: look.New(pool)}).OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(committed, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what is served: look at what changed, then go test ./internal/httpapi -run TestDocument -update", committed)
	}
	if bytes.Contains(got, []byte("type: number")) {
		t.Error("a number that is no whole one stands in the document: decimals are strings")
	}
}

// A report by the API: submitted by the focal point, approved by the leader.
func TestReport(t *testing.T) {
	s := serve(t)
	focal := s.token(engine.Grant{Name: "Trần Thị B", Role: auth.FocalPoint, Unit: unit, Campaign: campaign})
	leader := s.token(engine.Grant{Name: "Lê Văn A", Role: auth.Leader, Unit: unit, Campaign: campaign})
	base := "/api/v1/campaigns/" + campaign + "/units/" + unit
	var form look.Form
	s.do(http.MethodGet, base+"/form?round="+round, focal, "").into(t, &form)
	if !form.Open || !form.NeedsApproval || len(form.Sections) != 4 || len(form.Figures) != 4 || form.Version != 0 {
		t.Errorf("the form is %+v", form)
	}
	bad := s.do(http.MethodPost, base+"/submit", focal, `{`+here+`,"figures":{"platform-shared":"101"}}`)
	if bad.StatusCode != http.StatusUnprocessableEntity || bad.code() != "InvalidReport" || !bytes.Contains(bad.body, []byte("expected 0 to 100")) {
		t.Errorf("%d %s", bad.StatusCode, bad.body)
	}
	number := s.do(http.MethodPost, base+"/submit", focal, `{`+here+`,"figures":{"platform-shared":50}}`)
	if number.StatusCode != http.StatusUnprocessableEntity || number.code() != "InvalidRequest" || !bytes.Contains(number.body, []byte("expected string")) {
		t.Errorf("%d %s", number.StatusCode, number.body)
	}
	var first, again engine.Receipt
	key := []string{"Idempotency-Key", "báo cáo tháng 10"}
	s.do(http.MethodPost, base+"/submit", focal, `{`+here+`,`+report+`}`, key...).into(t, &first)
	s.do(http.MethodPost, base+"/submit", focal, `{`+here+`,`+report+`}`, key...).into(t, &again)
	if first.Version != 1 || first.Settled || again != first {
		t.Errorf("the receipt is %+v, and of the repeat %+v", first, again)
	}
	reused := s.do(http.MethodPost, base+"/approve", leader, `{`+here+`}`, "Idempotency-Key", "11111111-1111-4111-8111-111111111111")
	if reused.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", reused.StatusCode, reused.body)
	}
	var receipt engine.Receipt
	reused.into(t, &receipt)
	if bytes.Contains(reused.body, []byte("digest")) {
		t.Errorf("an approval sends nothing that could have a digest: %s", reused.body)
	}
	if !receipt.Settled || receipt.OnTime {
		t.Errorf("approved with %+v", receipt)
	}
	other := s.do(http.MethodPost, base+"/submit", focal, `{`+here+`,`+report+`}`, "Idempotency-Key", "11111111-1111-4111-8111-111111111111")
	if other.StatusCode != http.StatusUnprocessableEntity || other.code() != "RequestIDReused" {
		t.Errorf("%d %s", other.StatusCode, other.body)
	}
	var acts []look.Entry
	s.do(http.MethodGet, "/api/v1/campaigns/"+campaign+"/audit?limit=2", s.token(engine.Grant{Role: auth.Auditor}), "").into(t, &acts)
	if len(acts) != 2 || acts[0].Actor != "Leader Lê Văn A of STTTT-12 by token 2" || acts[0].RequestID != "11111111-1111-4111-8111-111111111111" ||
		acts[1].Actor != "FocalPoint Trần Thị B of STTTT-12 by token 1" {
		t.Errorf("the audit says %+v", acts)
	}
}

// What has no route, or not by this method, is a problem like others; and nobody needs
// to say who they are to hear it.
func TestUnrouted(t *testing.T) {
	s := serve(t)
	for _, c := range []struct {
		method, path string
		status       int
		code, detail string
	}{
		{http.MethodGet, "/api/v1/campaign", http.StatusNotFound, "NotFound", "/api/openapi.yaml lists what is"},
		{http.MethodPost, "/api/v2/x", http.StatusNotFound, "NotFound", "nothing is served at /api/v2/x"},
		{http.MethodDelete, "/api/v1/campaigns", http.StatusMethodNotAllowed, "MethodNotAllowed", "it takes GET, HEAD"},
		{http.MethodGet, "/api/v1/campaigns/" + campaign + "/launch", http.StatusMethodNotAllowed, "MethodNotAllowed", "it takes POST"},
	} {
		got := s.do(c.method, c.path, "", "")
		if got.StatusCode != c.status || got.code() != c.code || !bytes.Contains(got.body, []byte(c.detail)) {
			t.Errorf("%s %s: %d %s", c.method, c.path, got.StatusCode, got.body)
		}
	}
}

// A token that is bound to a campaign hears what waits for its unit there, and of
// another unit that it may not see it in plain words.
func TestTodoOfBoundToken(t *testing.T) {
	s := serve(t)
	focal := s.token(engine.Grant{Name: "B", Role: auth.FocalPoint, Unit: unit, Campaign: campaign})
	var todo []look.Todo
	s.do(http.MethodGet, "/api/v1/units/"+unit+"/todo", focal, "").into(t, &todo)
	if len(todo) == 0 || slices.ContainsFunc(todo, func(t look.Todo) bool { return t.Campaign != campaign }) {
		t.Errorf("todo: %+v", todo)
	}
	if got := s.do(http.MethodGet, "/api/v1/units/"+unit+"/todo?campaign=other", focal, ""); got.StatusCode != http.StatusForbidden {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	got := s.do(http.MethodGet, "/api/v1/units/"+other+"/todo", focal, "")
	if got.code() != "Forbidden" || !bytes.Contains(got.body, []byte("may not see unit "+other)) {
		t.Errorf("%s", got.body)
	}
}

// A report counts from when all of it has arrived.
func TestReceivedWhenTheBodyHasArrived(t *testing.T) {
	s := serve(t)
	focal := s.token(engine.Grant{Role: auth.FocalPoint, Unit: unit})
	body, end := io.Pipe()
	request, err := http.NewRequest(http.MethodPost, s.URL+"/api/v1/campaigns/"+campaign+"/units/"+unit+"/submit", body)
	s.ok(err)
	request.Header.Set("Authorization", "Bearer "+focal)
	answered := make(chan *http.Response, 1)
	go func() {
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Error(err)
		}
		answered <- response
	}()
	io.WriteString(end, `{`+here+`,"sections":`)
	// The token is noted as used before the body is read: then the request is under way.
	for deadline := time.Now().Add(10 * time.Second); ; {
		var used int
		s.ok(s.pool.QueryRow(context.Background(), `SELECT count(used_at) FROM token`).Scan(&used))
		if used == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the request does not arrive")
		}
	}
	later := time.Date(2021, 10, 21, 9, 0, 0, 0, looktest.Zone)
	s.ok(s.engine.Jump(context.Background(), later))
	io.WriteString(end, `{"ketQua":"Xong"},"figures":{"commune-vc-2way":"97.5","manual-travel-permits":"1","platform-shared":"50","hard-tasks-done":"2"}}`)
	end.Close()
	response := <-answered
	b, err := io.ReadAll(response.Body)
	s.ok(err)
	response.Body.Close()
	var receipt engine.Receipt
	answer{response, b}.into(t, &receipt)
	if !receipt.ReceivedAt.Equal(later) {
		t.Errorf("received at %s, want %s", receipt.ReceivedAt, later)
	}
}

func TestGenerationsAndPlans(t *testing.T) {
	s := serve(t)
	secret := s.token(engine.Grant{Role: auth.Office, Unit: office})
	seen := s.do(http.MethodGet, "/api/v1/campaigns/"+campaign, secret, "")
	tag := seen.Header.Get("ETag")
	if tag == "" {
		t.Fatal("no ETag")
	}
	paused := s.do(http.MethodPost, "/api/v1/campaigns/"+campaign+"/pause", secret, `{}`, "If-Match", tag)
	if paused.StatusCode != http.StatusOK || paused.Header.Get("ETag") == tag {
		t.Errorf("%d, ETag %s", paused.StatusCode, paused.Header.Get("ETag"))
	}
	stale := s.do(http.MethodPost, "/api/v1/campaigns/"+campaign+"/resume", secret, `{"deadlines":"keep"}`, "If-Match", tag)
	if stale.StatusCode != http.StatusConflict || stale.code() != "Conflict" {
		t.Errorf("%d %s", stale.StatusCode, stale.body)
	}
	if any := s.do(http.MethodPost, "/api/v1/campaigns/"+campaign+"/resume", secret, `{"deadlines":"keep"}`, "If-Match", "*"); any.StatusCode != http.StatusOK {
		t.Errorf("%d %s", any.StatusCode, any.body)
	}

	manifest, err := os.ReadFile("../../examples/seed-2021/campaign.yaml")
	s.ok(err)
	changed := strings.Replace(string(manifest), "to: 2022-02", "to: 2022-01", 1)
	var dry, done []httpapi.Applied
	s.do(http.MethodPost, "/api/v1/apply?dryRun=true", secret, changed).into(t, &dry)
	if len(dry) != 1 || dry[0].Result != "configured" || len(dry[0].Changes) != 1 || dry[0].Changes[0].New != "2022-01" || dry[0].PlanHash == "" {
		t.Errorf("the dry run says %+v", dry)
	}
	if refused := s.do(http.MethodPost, "/api/v1/apply?planHash=sha256:0", secret, changed); refused.StatusCode != http.StatusConflict {
		t.Errorf("another plan: %d %s", refused.StatusCode, refused.body)
	}
	s.do(http.MethodPost, "/api/v1/apply?planHash="+dry[0].PlanHash, secret, changed).into(t, &done)
	if len(done) != 1 || done[0].PlanHash != dry[0].PlanHash {
		t.Errorf("applied %+v", done)
	}
	broken := s.do(http.MethodPost, "/api/v1/apply", secret, strings.Replace(changed, "office: BTTTT-TDKT", "ofice: BTTTT-TDKT", 1))
	if broken.StatusCode != http.StatusUnprocessableEntity || broken.code() != "InvalidManifest" || !bytes.Contains(broken.body, []byte(`"location":"body:1`)) {
		t.Errorf("%d %s", broken.StatusCode, broken.body)
	}
}

// A ranking is its office's until it is published; then every unit may see it.
func TestPublishedRanking(t *testing.T) {
	s := &server{t: t, pool: looktest.Seed(t, looktest.Over)}
	s.engine = engine.New(s.pool, nil)
	s.Server = httptest.NewServer(httpapi.New(httpapi.Options{Engine: s.engine, Look: look.New(s.pool)}))
	t.Cleanup(s.Close)
	focal := s.token(engine.Grant{Role: auth.FocalPoint, Unit: unit})
	path := "/api/v1/campaigns/" + campaign + "/ranking"
	var k look.Ranking
	got := s.do(http.MethodGet, path, focal, "")
	got.into(t, &k)
	if got.StatusCode != http.StatusOK || k.Units != 89 || !bytes.Contains(got.body, []byte(`"total":"`)) {
		t.Errorf("%d, %d units", got.StatusCode, k.Units)
	}
	_, err := s.pool.Exec(context.Background(), `UPDATE review SET state = 'Ranked' WHERE name = 'final'`)
	s.ok(err)
	if got := s.do(http.MethodGet, path, focal, ""); got.StatusCode != http.StatusForbidden {
		t.Errorf("sealed and not published: %d", got.StatusCode)
	}
	if got := s.do(http.MethodGet, path+"?review=midterm", focal, ""); got.StatusCode != http.StatusOK {
		t.Errorf("an earlier one: %d", got.StatusCode)
	}
}

func TestListsAreBound(t *testing.T) {
	s := serve(t)
	secrets := s.secrets()
	for who, want := range map[string]int{"focal": 2, "focal-here": 1, "focal-elsewhere": 1, "operator-elsewhere": 1, "operator": 2} {
		var all []look.Campaign
		s.do(http.MethodGet, "/api/v1/campaigns", secrets[who], "").into(t, &all)
		if len(all) != want {
			t.Errorf("%s sees %d campaigns, want %d", who, len(all), want)
		}
	}
	var todo []look.Todo
	s.do(http.MethodGet, "/api/v1/units/"+unit+"/todo?campaign="+campaign, secrets["focal-here"], "").into(t, &todo)
	if len(todo) != 1 || todo[0].Subject != round {
		t.Errorf("todo is %+v", todo)
	}
	if got := s.do(http.MethodGet, "/api/v1/campaigns/covid-2021/units/STTTT12", secrets["auditor"], ""); got.StatusCode != http.StatusNotFound || !bytes.Contains(got.body, []byte("STTTT-12")) {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

// The database is away: that is said, with when to come back, and nothing of it.
func TestDatabaseAway(t *testing.T) {
	s := serve(t)
	secret := s.token(engine.Grant{Role: auth.Operator})
	s.pool.Reset()
	_, err := s.pool.Exec(context.Background(), `ALTER TABLE audit RENAME TO audit_gone`)
	s.ok(err)
	got := s.do(http.MethodGet, "/api/v1/audit", secret, "")
	if got.StatusCode != http.StatusInternalServerError || got.code() != "Internal" || bytes.Contains(got.body, []byte("audit_gone")) || bytes.Contains(got.body, []byte("42P01")) {
		t.Errorf("a fault: %d %s", got.StatusCode, got.body)
	}
	bad, err := http.NewRequest(http.MethodGet, s.URL+"/api/v1/whoami", nil)
	s.ok(err)
	bad.Header.Set("Authorization", "Bearer "+secret)
	config := s.pool.Config().Copy()
	config.ConnConfig.Port = 1
	away, err := newPool(config)
	s.ok(err)
	t.Cleanup(away.Close)
	gone := httptest.NewServer(httpapi.New(httpapi.Options{Engine: engine.New(away, nil), Look: look.New(away)}))
	t.Cleanup(gone.Close)
	s.Server = gone
	got = s.do(http.MethodGet, "/api/v1/whoami", secret, "")
	if got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" || bytes.Contains(got.body, []byte("127.0.0.1")) {
		t.Errorf("%d, Retry-After %q: %s", got.StatusCode, got.Header.Get("Retry-After"), got.body)
	}
}

func TestBodiesAreLimited(t *testing.T) {
	s := serve(t)
	focal := s.token(engine.Grant{Role: auth.FocalPoint, Unit: unit})
	big := `{` + here + `,"sections":{"ketQua":"` + strings.Repeat("a", 1<<20) + `"}}`
	got := s.do(http.MethodPost, "/api/v1/campaigns/"+campaign+"/units/"+unit+"/submit", focal, big)
	if got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("%d %.200s", got.StatusCode, got.body)
	}
}

// Whatever is sent, it is no fault of ours: never a 500.
func TestAnyBodyIsAnswered(t *testing.T) {
	s := serve(t)
	operations, secret := s.operations(), s.token(engine.Grant{Role: auth.Operator})
	random := rand.New(rand.NewPCG(2021, 9))
	pieces := []string{
		`{`, `}`, `[`, `]`, `:`, `,`, `"round"`, `"monthly/2021-10"`, `"to"`, `"9999-12-31"`, `"0000-00-00"`, `"2021-10-21T00:00:00+99:00"`, `"reason"`, `"\u0000"`, `"\ud800"`,
		`null`, `true`, `1e999`, `-0`, `"sections"`, `{"ketQua":"\u0000"}`, `"figures"`, `{"platform-shared":"1e9"}`, `{"platform-shared":"\u0000"}`, `"hardTasks"`, `["a"]`,
		`"number"`, `"dated"`, `"deadlines"`, `"keep"`, `"name"`, `"role"`, `"Leader"`, `"unit"`, `"STTTT-12"`, `"expiresAt"`, `"2027-01-01T00:00:00Z"`, "\x00", "\xff", "apiVersion: thidua.dev/v1\n", "kind: Campaign\n", "- ", "&a ", "*a ", "---\n",
	}
	whole := []string{
		``, `null`, `{}`, `[]`, `""`, `{"round":"\u0000","reason":"x","to":"2021-10-27"}`, `{"round":"` + strings.Repeat("x", 300) + `"}`, `{"reason":"\u0000"}`,
		`{` + here + `,"to":"9999-12-31","reason":"x"}`, `{` + here + `,"sections":{"ketQua":"\u0000"},"figures":{"commune-vc-2way":"97.5","manual-travel-permits":"1","platform-shared":"50","hard-tasks-done":"2"}}`,
		`{"number":"\u0000","dated":"0001-01-01"}`, `{"name":"\u0000","role":"Auditor","expiresAt":"2027-01-01T00:00:00Z"}`, `{"name":"x","role":"Auditor","expiresAt":"9999-12-31T23:59:59Z"}`,
		`{"contacts":[{"unit":"\u0000","role":"Leader","email":"a@b.vn"}]}`, `{"reason":"x","round":"registration","to":"2021-10-27"}`,
	}
	paths := []string{campaign, "x", "%00", "%ff", "a%2Fb", strings.Repeat("y", 400)}
	asked := 0
	for _, id := range slices.Sorted(maps.Keys(operations)) {
		at := operations[id]
		bodies := whole
		for range 25 {
			var b strings.Builder
			for range 1 + random.IntN(12) {
				b.WriteString(pieces[random.IntN(len(pieces))])
			}
			bodies = append(bodies, b.String())
		}
		if at.method == http.MethodGet {
			bodies = []string{"", "{}"}
		}
		for i, body := range bodies {
			name := paths[0]
			if i%4 == 3 {
				name = paths[random.IntN(len(paths))]
			}
			path := strings.NewReplacer("{campaign}", name, "{unit}", unit, "{id}", "9223372036854775807", "{sha256}", abc).Replace(at.path)
			query := []string{"", "?round=%00", "?limit=-1", "?q=%00&limit=5", "?review=%ff", "?below=9223372036854775807", "?dryRun=true", "?state=%00", "?unit=%00", "?campaign=%00", "?reason=%00"}[random.IntN(11)]
			got := s.do(at.method, path+query, secret, body)
			asked++
			if got.StatusCode >= 500 {
				t.Errorf("%s %s%s with %q answers %d: %s", id, path, query, body, got.StatusCode, got.body)
			}
		}
	}
	t.Logf("%d requests", asked)
}

// What the office asks for by the API, a unit sees, sends, and the office puts together.
func TestRequestAndConsolidate(t *testing.T) {
	s := serve(t)
	s.unconsolidated()
	secret := s.token(engine.Grant{Role: auth.Office, Unit: office})
	focal := s.token(engine.Grant{Role: auth.FocalPoint, Unit: unit})
	base := "/api/v1/campaigns/" + campaign
	ask := func(edit ...string) string {
		body := `{"name":"bao-lu","title":"báo cáo thiệt hại do bão lũ","due":"2021-10-27","units":["STTTT-12","STTTT-04"],"sections":[{"name":"thietHai","title":"Thiệt hại","required":true},{"name":"kienNghi"}],"approval":"None","reason":"Công điện 05"}`
		return strings.NewReplacer(edit...).Replace(body)
	}
	for code, body := range map[string]string{
		"InvalidSection": ask("kienNghi", "thietHai"), "InvalidName": ask("bao-lu", "Bão lũ"), "PastDeadline": ask("2021-10-27", "2021-10-01"),
		"ReasonMissing": ask("Công điện 05", " "), "NotParticipant": ask("STTTT-04", "STTTT-99"), "TitleMissing": ask("báo cáo thiệt hại do bão lũ", ""), "BadInstant": ask("2021-10-27", "mai"),
	} {
		if got := s.do(http.MethodPost, base+"/request", secret, body); got.StatusCode != http.StatusUnprocessableEntity || got.code() != code {
			t.Errorf("want %s: %d %s", code, got.StatusCode, got.body)
		}
	}
	var first, again engine.Requested
	key := []string{"Idempotency-Key", "bão lũ"}
	s.do(http.MethodPost, base+"/request", secret, ask(), key...).into(t, &first)
	s.do(http.MethodPost, base+"/request", secret, ask(), key...).into(t, &again)
	if first.Round != "request/bao-lu" || first.Units != 2 || !first.DueAt.Equal(time.Date(2021, 10, 27, 17, 0, 0, 0, looktest.Zone)) || again != first {
		t.Errorf("asked %+v, and by the repeat %+v", first, again)
	}
	if got := s.do(http.MethodPost, base+"/request", secret, ask(), "If-Match", `"1"`); got.StatusCode != http.StatusConflict {
		t.Errorf("another generation: %d %s", got.StatusCode, got.body)
	}
	var receipt engine.Receipt
	s.do(http.MethodPost, base+"/units/"+unit+"/submit", focal, `{"round":"request/bao-lu","sections":{"thietHai":"12 trạm"}}`).into(t, &receipt)
	if !receipt.Settled || !receipt.OnTime {
		t.Errorf("the receipt is %+v", receipt)
	}
	if got := s.do(http.MethodPost, base+"/units/BTTTT/consolidate", secret, `{`+here+`}`); got.code() != "InvalidReport" {
		t.Errorf("an empty consolidation: %d %s", got.StatusCode, got.body)
	}
	var done engine.Consolidated
	s.do(http.MethodPost, base+"/units/BTTTT/consolidate", secret, `{`+here+`,"text":"87/89 đơn vị"}`).into(t, &done)
	if done.Unit != "BTTTT" || !done.Settled || done.Expected == 0 || done.Reports >= done.Expected {
		t.Errorf("consolidated %+v", done)
	}
}

// What was known then is asked by an instant, by recorded time.
func TestAsOf(t *testing.T) {
	s := serve(t)
	auditor := s.token(engine.Grant{Role: auth.Auditor})
	base := "/api/v1/campaigns/" + campaign
	var now, then []look.Notice
	s.do(http.MethodGet, base+"/notices", auditor, "").into(t, &now)
	s.do(http.MethodGet, base+"/notices?asOf=2021-10-08T12:00:00%2B07:00", auditor, "").into(t, &then)
	if len(then) == 0 || len(then) >= len(now) {
		t.Errorf("%d notices were known then, %d are now", len(then), len(now))
	}
	for query, code := range map[string]string{"2031-01-01T00:00:00Z": "NotKept", "hôm qua": ""} {
		got := s.do(http.MethodGet, base+"/notices?asOf="+url.QueryEscape(query), auditor, "")
		if got.StatusCode != http.StatusUnprocessableEntity || code != "" && got.code() != code {
			t.Errorf("as of %s: %d %s", query, got.StatusCode, got.body)
		}
	}
}
