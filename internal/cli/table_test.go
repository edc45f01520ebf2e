package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Letters that are written with combining marks take no more room than those
// that are not.
func TestTableAligns(t *testing.T) {
	var tb table
	tb.add("ĐƠN VỊ", "HẠN")
	tb.add("Phòng Chuyển đổi số", "15")
	tb.add("Phòng Chuyển đổi số", "16") // decomposed
	var b strings.Builder
	if err := tb.write(&b, "  "); err != nil {
		t.Fatal(err)
	}
	want := "  ĐƠN VỊ                HẠN\n" +
		"  Phòng Chuyển đổi số   15\n" +
		"  Phòng Chuyển đổi số   16\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		reason, text string
		width        int
		want         string
	}{
		{"what fits stays on its line", "một hai", 20, "- một hai\n"},
		{"a line ends before the word that does not fit", "một hai ba bốn", 10, "- một hai\n  ba bốn\n"},
		{"a word that is wider than the screen is not broken", "một thidua.dev/rất-dài hai", 10, "- một\n  thidua.dev/rất-dài\n  hai\n"},
		{"nothing", "", 10, "-\n"},
	} {
		if got := wrap(c.text, "- ", "  ", c.width); got != c.want {
			t.Errorf("%s: %q, want %q", c.reason, got, c.want)
		}
	}
}

func TestCounted(t *testing.T) {
	for n, want := range []string{"0 units", "1 unit", "2 units"} {
		if got := counted(n, "unit"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
