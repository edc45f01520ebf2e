package pages

import (
	"encoding/csv"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"thidua.dev/thidua/internal/notify/texts"
)

// TestSheetAsFile is what Excel opens: UTF-8 by its mark, numbers and days as programs
// write them, and nothing that it would compute.
func TestSheetAsFile(t *testing.T) {
	u := ui{lang: texts.VI}
	s := sheet{columns: []column{{"Đơn vị", false}, {"Số", true}, {"Ngày", false}}}
	for _, name := range []string{"Sở A", "=HYPERLINK(\"x\")", "+84", "-1", "@SUM(A1)", "\tx", "", "a, \"b\"\nc"} {
		s.rows = append(s.rows, []cell{text(name), u.cell(11367), u.dayCell("2021-10-15")})
	}
	w := httptest.NewRecorder()
	if err := writeSheet(w, "covid-2021-grid", s); err != nil {
		t.Fatal(err)
	}
	if got := w.Header().Get("Content-Type"); got != "text/csv; charset=utf-8" {
		t.Error(got)
	}
	if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="covid-2021-grid.csv"` {
		t.Error(got)
	}
	body, marked := strings.CutPrefix(w.Body.String(), "\ufeff")
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil || !marked {
		t.Fatalf("%v, marked %v", err, marked)
	}
	var names []string
	for _, row := range rows {
		names = append(names, row[0])
	}
	if diff := cmp.Diff([]string{"Đơn vị", "Sở A", "'=HYPERLINK(\"x\")", "'+84", "'-1", "'@SUM(A1)", "'\tx", "", "a, \"b\"\nc"}, names); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Sở A", "11367", "2021-10-15"}, rows[1]); diff != "" {
		t.Error(diff)
	}
}
