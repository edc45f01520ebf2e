package explain_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"thidua.dev/thidua/internal/explain"
)

var update = flag.Bool("update", false, "write the generated part of docs/spec/campaign.md anew")

const (
	page  = "../../docs/spec/campaign.md"
	begin = "<!-- fields: generated from api/v1 by `make generate` -->\n"
	end   = "<!-- end of fields -->\n"
)

// The page's part on fields is what the schema says.
func TestSpecPage(t *testing.T) {
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(b), begin)
	got, tail, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatalf("%s has no place for the fields", page)
	}
	var want bytes.Buffer
	if err := explain.Page(&want, "Campaign"); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(page, []byte(head+begin+want.String()+end+tail), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want.String(), got); d != "" {
		t.Errorf("make generate writes it anew (-want +got):\n%s", d)
	}
}

func TestOf(t *testing.T) {
	for _, kind := range []string{"Campaign", "campaigns", "ROSTER", "calendar", "rulepack", "messagetemplates"} {
		name, text, fields, err := explain.Of(kind)
		if err != nil || len(fields) < 3 || !strings.HasPrefix(text, name) {
			t.Errorf("%s: %s %q, %d fields, %v", kind, name, text, len(fields), err)
		}
		for _, f := range fields[1:] {
			if f.Text == "" || f.Type == "" {
				t.Errorf("%s: %s says nothing", kind, f.Path)
			}
		}
	}
	if _, _, _, err := explain.Of("pod"); err == nil || !strings.Contains(err.Error(), "there are: Calendar, Campaign") {
		t.Error(err)
	}
	_, _, fields, err := explain.Of("campaign")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		if f.Path == "spec.reporting[].due.day" {
			want := explain.Field{Path: f.Path, Type: "integer", Rules: []string{"at least 1", "at most 31"}, Text: "day is the day of the period's month."}
			if d := cmp.Diff(want, f); d != "" {
				t.Error(d)
			}
			return
		}
	}
	t.Error("a nested field is missing")
}
