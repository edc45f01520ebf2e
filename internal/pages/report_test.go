package pages_test

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/look/looktest"
	"thidua.dev/thidua/internal/pages"
	"thidua.dev/thidua/internal/store/storetest"
)

// TestReportIsOneFile writes the report of the example and checks that it needs
// nothing else. REPORT_FILE keeps it for the eye.
func TestReportIsOneFile(t *testing.T) {
	ctx := context.Background()
	pool := storetest.Pool(t)
	result := looktest.Rehearse(t, pool, looktest.Over)
	r := look.New(pool)
	b, err := r.Board(ctx, looktest.Name)
	if err != nil {
		t.Fatal(err)
	}
	k, err := r.Ranking(ctx, looktest.Name, "")
	if err != nil {
		t.Fatal(err)
	}
	letters, err := r.Letters(ctx, looktest.Name)
	if err != nil {
		t.Fatal(err)
	}
	report := pages.Report{
		Title: b.Campaign.Title.VI, Story: []string{"phát động; mời 89/89 đơn vị", "  <i>không phải thẻ</i>"}, Plan: result.Plan, Board: b, Ranking: &k, Mails: result.Mails,
	}
	for _, l := range letters {
		drafted, err := r.Letter(ctx, looktest.Name, l.ID)
		if err != nil {
			t.Fatal(err)
		}
		var page bytes.Buffer
		if err := drafted.Document.Write(&page); err != nil {
			t.Fatal(err)
		}
		report.Letters = append(report.Letters, page.String())
	}
	var out bytes.Buffer
	if err := pages.StaticReport(&out, report); err != nil {
		t.Fatal(err)
	}
	if path := os.Getenv("REPORT_FILE"); path != "" {
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page := out.String()
	wellFormed(t, "report", page)
	contains(t, page, "Sở Thông tin và Truyền thông", "mốc chịu ảnh hưởng của ngày nghỉ", "17/01/2022", "1.265", "Công văn 2", "Chuẩn bị")
	for _, loaded := range regexp.MustCompile(`(?:src|href)="([^"#][^"]*)"`).FindAllStringSubmatch(page, -1) {
		t.Errorf("the report refers to %s", loaded[1])
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "<i>không") {
		t.Error("the report has a script or markup from a text")
	}
	t.Logf("%d bytes for %d mails", len(page), len(result.Mails))
}
