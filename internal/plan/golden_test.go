package plan_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/plan"
)

var update = flag.Bool("update", false, "write the plans of testdata/golden anew")

// separator parts the input of a golden file from what is expected of it.
const separator = "\n----------\n"

// TestGolden holds whole plans: one file a case, spec in, plan out.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.golden")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".golden"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			input, want, _ := strings.Cut(string(data), separator)
			made, err := plan.Make(readCase(t, input))
			if err != nil {
				t.Fatal(err)
			}
			got := describe(t, made)
			if *update {
				if err := os.WriteFile(file, []byte(strings.TrimRight(input, "\n")+separator+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("plan differs (-want +got); run with -update if that is right:\n%s", diff)
			}
		})
	}
}

// readCase reads the input of a golden file: how many units have which calendar,
// and the campaign.
func readCase(t *testing.T, input string) plan.Input {
	t.Helper()
	var c struct {
		Units    map[v1.Name]int `json:"units"`
		Campaign v1.Campaign     `json:"campaign"`
	}
	if err := yaml.UnmarshalStrict([]byte(input), &c); err != nil {
		t.Fatal(err)
	}
	in := plan.Input{Campaign: &c.Campaign, Generation: 1, Calendars: calendars(t)}
	for name, n := range c.Units {
		in.Units = append(in.Units, units(name, n)...)
	}
	return in
}

// units makes n units of one calendar.
func units(name v1.Name, n int) []v1.Unit {
	list := make([]v1.Unit, n)
	for i := range list {
		list[i] = v1.Unit{Code: v1.UnitCode(fmt.Sprintf("%s-%02d", name, i+1)), Calendar: name}
	}
	return list
}

// calendars reads testdata/calendars.
func calendars(t testing.TB) map[v1.Name]*calendar.Calendar {
	t.Helper()
	files, err := filepath.Glob("testdata/calendars/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no calendars: %v", err)
	}
	all := map[v1.Name]*calendar.Calendar{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var spec v1.CalendarSpec
		if err := yaml.UnmarshalStrict(data, &spec); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if all[v1.Name(name)], err = calendar.New(name, spec); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// describe is the plan's JSON, one event a line, and then the rounds.
func describe(t *testing.T, p *plan.Plan) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "{\"campaign\":%q,\"generation\":%d,\"planHash\":%q,\"events\":[\n", p.Campaign, p.Generation, p.Hash)
	for i, event := range p.Events {
		line, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(line)
		if i < len(p.Events)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("]}\n")
	requireSameJSON(t, b.String(), p)
	fmt.Fprintf(&b, "\nslots %v\n", p.Slots)
	for _, review := range p.Reviews {
		fmt.Fprintf(&b, "review %s %s final=%v\n", review.Name, stamp(&review.At), review.Final)
	}
	fmt.Fprintf(&b, "decision %s, invite %s, ceremony %s, closed %s\n",
		stamp(p.DecisionAt), stamp(p.InviteAt), stamp(p.CeremonyAt), stamp(p.ClosedAt))
	for _, r := range p.Rounds {
		fmt.Fprintf(&b, "%s %s #%d opens %s data %s..%s cut-off %s consolidation %s closes %s approval %s\n",
			r.Kind, r.Name, r.Seq, stamp(&r.OpensAt), day(r.DataFrom), day(r.DataTo), stamp(r.CutOffAt),
			stamp(r.ConsolidationAt), stamp(&r.ClosesAt), r.Approval)
		for _, due := range r.Dues {
			fmt.Fprintf(&b, "  due %s %s %d units\n", due.Calendar, stamp(&due.At), due.Units)
		}
	}
	return b.String()
}

// requireSameJSON checks that what the golden file shows is the plan's own JSON.
func requireSameJSON(t *testing.T, shown string, p *plan.Plan) {
	t.Helper()
	own, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(shown)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(own), compact.String()); diff != "" {
		t.Errorf("the plan's JSON is not the contract's:\n%s", diff)
	}
}

func stamp(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Format("Mon 2006-01-02 15:04")
}

func day(d calendar.Date) string {
	if d.IsZero() {
		return "-"
	}
	return d.String()
}
