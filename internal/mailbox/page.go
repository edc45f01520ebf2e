package mailbox

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed pages
var pageFiles embed.FS

const (
	pageSize      = 100
	refreshPeriod = 5 // seconds
)

var (
	listPage    = template.Must(template.ParseFS(pageFiles, "pages/frame.html", "pages/list.html"))
	messagePage = template.Must(template.ParseFS(pageFiles, "pages/frame.html", "pages/message.html"))
)

// Handler serves the page and, at /api/messages, the same list as JSON.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.serveList)
	mux.HandleFunc("GET /messages/{id}", a.serveMessage)
	mux.HandleFunc("GET /messages/{id}/html", a.serveHTML)
	mux.HandleFunc("GET /messages/{id}/raw", a.serveRaw)
	mux.HandleFunc("GET /api/messages", a.serveJSON)
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, pageFiles, "pages/style.css")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

// filter keeps the mails about a round, a step, a unit.
type filter struct{ Round, Step, Unit string }

func filterOf(q url.Values) filter {
	return filter{strings.TrimSpace(q.Get("round")), strings.TrimSpace(q.Get("step")), strings.TrimSpace(q.Get("unit"))}
}

func (f filter) keeps(m Message) bool {
	return (f.Round == "" || slices.Contains(list(m.Round), f.Round)) &&
		(f.Step == "" || slices.Contains(list(m.Step), f.Step)) &&
		(f.Unit == "" || slices.ContainsFunc(m.Units, func(u string) bool { return strings.EqualFold(u, f.Unit) }))
}

func (f filter) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"round": f.Round, "step": f.Step, "unit": f.Unit} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// heads are all mails, newest first. What cannot be parsed is listed by its id,
// not hidden.
func (a *App) heads() []Message {
	var out []Message
	for _, e := range slices.Backward(a.store.all()) {
		m, err := e.head()
		if err != nil {
			m.Subject = err.Error()
		}
		out = append(out, m)
	}
	return out
}

func (a *App) serveList(w http.ResponseWriter, r *http.Request) {
	f := filterOf(r.URL.Query())
	all := a.heads()
	var kept []Message
	rounds, steps, units := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, m := range all {
		for _, v := range list(m.Round) {
			rounds[v] = true
		}
		for _, v := range list(m.Step) {
			steps[v] = true
		}
		for _, v := range m.Units {
			units[v] = true
		}
		if f.keeps(m) {
			kept = append(kept, m)
		}
	}
	pages := max(1, (len(kept)+pageSize-1)/pageSize)
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	page = min(max(page, 1), pages)
	still := r.URL.Query().Get("refresh") == "off"
	link := func(page int, still bool) string {
		q := f.query()
		if page > 1 {
			q.Set("page", strconv.Itoa(page))
		}
		if still {
			q.Set("refresh", "off")
		}
		return "/?" + q.Encode()
	}
	data := struct {
		Filter               filter
		Rounds, Steps, Units []string
		Messages             []Message
		Total, Kept          int
		Page, Pages          int
		Newer, Older         string
		Refresh              int
		Toggle               string
		Title                string
		SMTPAddr             string
		Location             *time.Location
	}{
		Filter: f, Rounds: sorted(rounds), Steps: sorted(steps), Units: sorted(units),
		Messages: kept[min((page-1)*pageSize, len(kept)):min(page*pageSize, len(kept))],
		Total:    len(all), Kept: len(kept), Page: page, Pages: pages, Toggle: link(page, !still),
	}
	for i := range data.Messages {
		data.Messages[i].Date = a.local(data.Messages[i].Date)
	}
	if page > 1 {
		data.Newer = link(page-1, still)
	}
	if page < pages {
		data.Older = link(page+1, still)
	}
	if !still {
		data.Refresh = refreshPeriod
	}
	if a.smtpListener != nil {
		data.SMTPAddr = a.SMTPAddr()
	}
	a.render(w, listPage, data)
}

func (a *App) serveMessage(w http.ResponseWriter, r *http.Request) {
	m, ok := a.message(w, r)
	if !ok {
		return
	}
	m.Date = a.local(m.Date)
	a.render(w, messagePage, struct {
		Message
		Title   string
		Source  string
		Refresh int
	}{m, m.Subject, string(m.Raw), 0})
}

// serveHTML shows the mail's own page in a sandbox: no scripts, nothing loaded,
// links in a new window.
func (a *App) serveHTML(w http.ResponseWriter, r *http.Request) {
	m, ok := a.message(w, r)
	if !ok {
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox")
	h.Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(strings.Replace(m.HTML, "<head>", `<head><base target="_blank">`, 1)))
}

func (a *App) serveRaw(w http.ResponseWriter, r *http.Request) {
	if m, ok := a.message(w, r); ok {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write(m.Raw)
	}
}

func (a *App) serveJSON(w http.ResponseWriter, r *http.Request) {
	f := filterOf(r.URL.Query())
	out := []Message{}
	for _, m := range a.heads() {
		if f.keeps(m) {
			out = append(out, m)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out)
}

// message finds the mail that the path names, or answers that there is none.
func (a *App) message(w http.ResponseWriter, r *http.Request) (Message, bool) {
	e, ok := a.store.find(r.PathValue("id"))
	if !ok {
		http.Error(w, "Không có thư này. / There is no such mail.", http.StatusNotFound)
		return Message{}, false
	}
	m, err := e.message()
	if err != nil {
		a.log.Warn("mailbox cannot parse a mail", "id", e.id, "error", err)
	}
	return m, true
}

func (a *App) render(w http.ResponseWriter, t *template.Template, data any) {
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "frame.html", data); err != nil {
		a.log.Error("mailbox cannot show a page", "error", err)
		http.Error(w, "Có lỗi khi hiển thị trang. / The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

func (a *App) local(t time.Time) time.Time {
	if a.options.Location == nil {
		return t
	}
	return t.In(a.options.Location)
}

func sorted(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for v := range set {
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}
