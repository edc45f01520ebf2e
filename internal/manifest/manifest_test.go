package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestScratch(t *testing.T) {
	dir := t.TempDir()
	var b strings.Builder
	b.WriteString("code,name,kind,collects_to,group,calendar,focal_email,leader_email\n")
	for i := range 12000 {
		fmt.Fprintf(&b, "U%05d,Đơn vị số %d,commune,U00000,cum-%d,state,a%d@x.example,b%d@x.example\n", i, i, i%50, i, i)
	}
	p := filepath.Join(dir, "xa.roster.csv")
	os.WriteFile(p, []byte(b.String()), 0o600)
	start := time.Now()
	s, err := Load([]string{p}, nil)
	fmt.Println(time.Since(start), err, len(s.Rosters), len(s.Contacts))
	start = time.Now()
	s, err = Load([]string{p}, nil)
	fmt.Println(time.Since(start), err, len(s.Rosters), len(s.Contacts))
	y := filepath.Join(dir, "c.yaml")
	os.WriteFile(y, []byte(`apiVersion: thidua.dev/v1
kind: Campaign
metadata: {name: covid-2021, labels: {a: 1}}
spec:
  titel: {vi: "x"}
  kind: Thematik
  office: 01
  launch: {at: 2021-09-07 14:00}
  participants: {roster: nganh, kinds: [agency, agency]}
  axes: [{name: prevention, weight: "5o"}, {name: prevention, weight: 50}]
  reporting:
    - name: monthly
      period: Month
      due: {day: 45}
  reminders: [{step: a, offset: "-5", to: [Holderr]}]
---
apiVersion: thidua.dev/v1
kind: Calendar
metadata: {name: state}
spec: {coveredFrom: 2021-01-01, coveredUntil: 2021-12-31}
`), 0o600)
	start = time.Now()
	s, err = Load([]string{y}, nil)
	fmt.Println(time.Since(start))
	fmt.Println(err)
	start = time.Now()
	s, err = Load([]string{y}, nil)
	fmt.Println(time.Since(start))
}
