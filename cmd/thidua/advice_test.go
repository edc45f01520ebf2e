package main

import (
	"bytes"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"thidua.dev/thidua/deploy"
	"thidua.dev/thidua/internal/cli"
)

// What dashboards and alerts tell people to type is there.
func TestAdviceOfBoardsAndAlerts(t *testing.T) {
	advice := map[string]bool{}
	for _, files := range []fs.FS{deploy.Dashboards(), deploy.Rules()} {
		err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			content, err := fs.ReadFile(files, path)
			for _, m := range regexp.MustCompile("`thidua ([^`]+)`").FindAllSubmatch(content, -1) {
				advice[strings.ReplaceAll(strings.Join(strings.Fields(string(m[1])), " "), "{{ $labels.campaign }}", "CAMPAIGN")] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(advice) < 10 {
		t.Fatalf("only %d commands found: %v", len(advice), advice)
	}
	for line := range advice {
		var verb, flags []string
		for word := range strings.FieldsSeq(line) {
			switch {
			case strings.HasPrefix(word, "-"):
				flag, _, _ := strings.Cut(word, "=")
				flags = append(flags, flag)
			case len(flags) == 0 && word == strings.ToLower(word):
				verb = append(verb, word)
			}
		}
		var out bytes.Buffer
		if code := cli.Main(append(verb, "--help"), strings.NewReader(""), &out, &out, runner{}); code != 0 {
			t.Errorf("thidua %s: exit %d: %s", line, code, out.String())
		}
		if usage := "thidua " + strings.Join(verb, " "); !regexp.MustCompile(`(?m)^ +` + usage + `\b`).MatchString(out.String()) {
			t.Errorf("thidua %s: there is no %s", line, usage)
		}
		for _, flag := range flags {
			if !regexp.MustCompile(`(?m)(^|[ ,])` + flag + `\b`).MatchString(out.String()) {
				t.Errorf("thidua %s: no flag %s", line, flag)
			}
		}
	}
}
