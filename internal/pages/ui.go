package pages

import (
	"embed"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"sigs.k8s.io/yaml"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/notify/texts"
)

//go:embed texts/vi.yaml texts/en.yaml
var textFiles embed.FS

// labels are read once: the files are part of the binary.
var labels = map[texts.Language]map[string]string{texts.VI: mustLabels(texts.VI), texts.EN: mustLabels(texts.EN)}

func mustLabels(lang texts.Language) map[string]string {
	data, err := textFiles.ReadFile("texts/" + string(lang) + ".yaml")
	if err != nil {
		panic(err)
	}
	var w map[string]string
	if err := yaml.UnmarshalStrict(data, &w); err != nil {
		panic(fmt.Sprintf("texts/%s.yaml: %v", lang, err))
	}
	return w
}

// ui is how one reader sees a page: language, links, and how things are written.
type ui struct {
	lang              texts.Language
	base, path        string
	query             url.Values
	assets            string
	mailbox, temporal string
	machine           *time.Location
	who               string // has logged in
	steers            bool   // and may steer campaigns
	byLink            bool   // has come by a unit's link
	types             bool   // what is typed is kept meanwhile
	login             bool   // one may log in
	pictures          bool   // there are pictures
	draws             bool   // a campaign is drawn up
	static            bool   // a file without a server: no links
	alone             bool   // a picture on a page of its own
}

// t is a label with pairs of {name} and value filled in. Where a language counts one
// unit otherwise than two, it has a label KEY.1 as well.
func (u ui) t(key string, pairs ...string) string {
	text, ok := labels[u.lang][key]
	if i := slices.Index(pairs, "{n}"); i >= 0 && i+1 < len(pairs) && pairs[i+1] == "1" {
		if single, known := labels[u.lang][key+".1"]; known {
			text = single
		}
	}
	if !ok {
		return key
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// text in the reader's language, Vietnamese where there is no English.
func (u ui) text(t v1.Text) string {
	if u.lang == texts.EN && t.EN != "" {
		return t.EN
	}
	return t.VI
}

// word is a code in words.
func (u ui) word(kind, code string) string { return u.text(look.Word(kind + "." + code)) }

// capital begins a sentence.
func capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// moment is an instant: 17 giờ 00, thứ Sáu, 15/10/2021.
func (u ui) moment(t time.Time) string { return texts.In(u.lang).ShortMoment(t) }

func (u ui) maybe(t *time.Time) string {
	if t == nil {
		return "–"
	}
	return u.moment(*t)
}

// date is a day: 15/10/2021.
func (u ui) date(t time.Time) string { return texts.In(u.lang).Date(t) }

// day is a day that is written 2021-10-15.
func (u ui) day(s string) string {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return s
	}
	return u.date(t)
}

// span of days, both included.
func (u ui) span(from, to string) string {
	s, err := texts.In(u.lang).Period(v1.Date(from), v1.Date(to))
	if err != nil {
		return ""
	}
	return s
}

// clockTime is the machine's time of an attempt.
func (u ui) clockTime(t time.Time) string {
	if u.machine != nil {
		t = t.In(u.machine)
	}
	return t.Format("02/01/2006 15:04:05 MST")
}

// iso is an instant for machines.
func iso(t time.Time) string { return t.Format(time.RFC3339) }

// n is a number: 11.367 in Vietnamese.
func (u ui) n(n int64) string {
	s := fmt.Sprint(n)
	separator := "."
	if u.lang == texts.EN {
		separator = ","
	}
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + separator + s[i:]
	}
	return s
}

// points with two places: 81,50 in Vietnamese.
func (u ui) points(d decimal.Decimal) string {
	s := d.StringFixed(2)
	if u.lang == texts.EN {
		return s
	}
	return strings.Replace(s, ".", ",", 1)
}

// href is a link to one of our pages that keeps the language.
func (u ui) href(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if u.lang == texts.EN {
		q.Set("lang", "en")
	}
	if len(q) == 0 {
		return u.base + path
	}
	return u.base + path + "?" + q.Encode()
}

func (u ui) campaign(name string, more ...string) string {
	return "/campaigns/" + url.PathEscape(name) + strings.Join(more, "")
}

func (u ui) unit(campaign, code string) string {
	return u.href(u.campaign(campaign, "/units/", url.PathEscape(code)))
}

// live is where a page's changes come from.
func (u ui) live(t topic, s *sections) string {
	if t.campaign == "" {
		return u.href("/live", "seen", s.digest)
	}
	if t.page == picturesPage {
		return u.href(u.campaign(t.campaign, "/pictures/live"), "seen", s.digest, "round", t.round)
	}
	return u.href(u.campaign(t.campaign, "/live"), "seen", s.digest)
}

// other is this page in the other language.
func (u ui) other() string {
	q := url.Values{}
	for k, v := range u.query {
		if k != "lang" {
			q[k] = v
		}
	}
	if u.lang == texts.VI {
		q.Set("lang", "en")
	}
	if len(q) == 0 {
		return u.base + u.path
	}
	return u.base + u.path + "?" + q.Encode()
}

// missing says what does not exist.
func (u ui) missing(m *look.NotFound) string {
	key := "error.missing." + m.Kind
	if strings.HasPrefix(m.Kind, "sealed ranking") {
		key = "error.missing.ranking"
	}
	return u.t(key, "{name}", m.Name)
}

// link is an address with its words.
type link struct{ href, text string }

// similar are links to what may have been meant.
func (u ui) similar(campaign string, m *look.NotFound) []link {
	var links []link
	for _, name := range m.Similar {
		switch m.Kind {
		case "campaign":
			links = append(links, link{u.href(u.campaign(name)), name})
		case "unit":
			links = append(links, link{u.unit(campaign, name), name})
		case "ranking":
			links = append(links, link{u.href(u.campaign(campaign, "/ranking"), "review", name), name})
		}
	}
	return links
}

// duration in words, roughly: how long a message waits.
func (u ui) duration(seconds int64) string {
	switch {
	case seconds < 60:
		return u.t("duration.seconds", "{n}", u.n(seconds))
	case seconds < 3600:
		return u.t("duration.minutes", "{n}", u.n(seconds/60))
	case seconds < 48*3600:
		return u.t("duration.hours", "{n}", u.n(seconds/3600))
	}
	return u.t("duration.days", "{n}", u.n(seconds/86400))
}
