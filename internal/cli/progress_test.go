package cli

import (
	"strings"
	"testing"
)

func TestProgress(t *testing.T) {
	var out strings.Builder
	p := &progress{out: &out, looks: true}
	p.show("tiến trình (procedures)", 3, 0) // of nothing there is no bar
	p.show("tiến trình (procedures)", 6, 12)
	if got, want := out.String(), "\r  ████████████░░░░░░░░░░░░ 6/12  tiến trình (procedures)\x1b[K"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	p.end()
	p.end() // leaves nothing behind, and not twice
	if got := out.String(); strings.Count(got, clearLine) != 2 || !strings.HasSuffix(got, "\r"+clearLine) {
		t.Errorf("%q", got)
	}
	out.Reset()
	silent := &progress{out: &out}
	silent.show("x", 1, 2)
	silent.end()
	if out.Len() > 0 {
		t.Errorf("where nobody looks it writes %q", out.String())
	}
}
