package pages

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/notify/texts"
	"thidua.dev/thidua/internal/scaffold"
)

var (
	labelUse    = regexp.MustCompile(`u\.t\("([a-zA-Z.]+)"`)
	placeholder = regexp.MustCompile(`\{[a-z0-9]+\}`)
)

// TestLabelsAreComplete holds the catalogues to each other and to their use.
func TestLabelsAreComplete(t *testing.T) {
	for key, vi := range labels[texts.VI] {
		en, ok := labels[texts.EN][key]
		if !ok {
			t.Errorf("en lacks %s", key)
			continue
		}
		for _, p := range placeholder.FindAllString(vi, -1) {
			if !strings.Contains(en, p) {
				t.Errorf("en %s lacks %s", key, p)
			}
		}
	}
	for key, en := range labels[texts.EN] {
		of, single := strings.CutSuffix(key, ".1")
		vi, ok := labels[texts.VI][of]
		switch {
		case !ok:
			t.Errorf("vi lacks %s", of)
		case single && !strings.Contains(vi, "{n}"):
			t.Errorf("en %s: %s counts nothing", key, of)
		case single && strings.Contains(en, "{n}"):
			t.Errorf("en %s counts still", key)
		}
	}
	files, err := filepath.Glob("*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_templ.go") || strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range labelUse.FindAllStringSubmatch(string(source), -1) {
			if strings.HasSuffix(m[1], ".") {
				continue // the rest is a code
			}
			if _, ok := labels[texts.VI][m[1]]; !ok {
				t.Errorf("%s uses %s, which no catalogue has", file, m[1])
			}
		}
	}
}

// What may be wrong with a list or a manifest is said in both languages.
func TestProblemsHaveWords(t *testing.T) {
	for lang, words := range labels {
		for kind, codes := range map[string][]string{"cell.": scaffold.Codes, "mend.": manifest.Codes} {
			for _, code := range codes {
				if words[kind+code] == "" {
					t.Errorf("%s lacks %s%s", lang, kind, code)
				}
			}
		}
	}
}

// One is not said as many are, in languages that tell them apart.
func TestSingular(t *testing.T) {
	vi, en := ui{lang: texts.VI}, ui{lang: texts.EN}
	for _, c := range []struct{ got, want string }{
		{en.t("late.days", "{n}", "1"), "1 working day overdue"},
		{en.t("late.days", "{n}", "2"), "2 working days overdue"},
		{en.t("why.late", "{at}", "now", "{n}", "1"), "Received now, 1 working day late."},
		{vi.t("late.days", "{n}", "1"), "quá hạn 1 ngày làm việc"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	vi, en := ui{lang: texts.VI}, ui{lang: texts.EN}
	for n, want := range map[int64][2]string{0: {"0", "0"}, 999: {"999", "999"}, 11367: {"11.367", "11,367"}, -1234567: {"-1.234.567", "-1,234,567"}} {
		if vi.n(n) != want[0] || en.n(n) != want[1] {
			t.Errorf("%d is %s and %s", n, vi.n(n), en.n(n))
		}
	}
}
