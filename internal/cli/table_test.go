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
