package archtest

import (
	"bufio"
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"thidua.dev/thidua/internal/standalone"
)

// skipped folders hold what is built, not what is written.
var skipped = []string{".git", "bin", "out", ".run", "node_modules"}

// files of the repository with their contents, by slashed path. They are read
// in this process, so that the go command knows when a test result is stale.
func files(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(skipped, d.Name()):
			return fs.SkipDir
		case !d.Type().IsRegular(), d.Name() == ".git": // a worktree's .git is a file
			return nil
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		b, err := os.ReadFile(path)
		all[filepath.ToSlash(name)] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("only %d files found in %s", len(all), root)
	}
	return all
}

// unmentionable is what is true on one machine only. It is written so that it
// does not find itself.
var unmentionable = regexp.MustCompile(strings.Join([]string{
	`(^|[^\w./-])/(wor[k]|far[m])/`,            // folders of the machine that somebody works on
	`\.\./share[d]\b`,                          // documents that are not part of the project
	`\b(proxy|sum)\.golan[g]\.org\b`,           // hosts of registries: everybody has their own
	`\bregistry\.npmj[s]\b`,                    //
	`\bdeb\.debia[n]\.org\b`,                   //
	`\b(pypi|crates|rubygems)\.(or[g]|i[o])\b`, //
}, "|"))

func TestNothingOfOneMachineIsMentioned(t *testing.T) {
	for name, content := range files(t) {
		if bytes.IndexByte(content[:min(len(content), 8000)], 0) >= 0 {
			continue // no text
		}
		lines := bufio.NewScanner(bytes.NewReader(content))
		lines.Buffer(nil, 4<<20)
		for n := 1; lines.Scan(); n++ {
			if m := unmentionable.FindString(lines.Text()); m != "" {
				t.Errorf("%s:%d mentions %q", name, n, strings.TrimSpace(m))
			}
		}
		if err := lines.Err(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnmentionable(t *testing.T) {
	for text, want := range map[string]bool{
		"see /wor" + "k/main/x":                 true,
		"`/far" + "m/y`":                        true,
		"in ../share" + "d/design.md":           true,
		"GOPROXY=https://proxy.golan" + "g.org": true,
		"deb http://deb.debia" + "n.org/debian": true,
		"team/wor" + "k/plan":                   false,
		"../share" + "d_buffers":                false,
		"go.dev":                                false,
	} {
		if got := unmentionable.MatchString(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// TestHeavyModulesStayOut: a newcomer compiles the root module first.
func TestHeavyModulesStayOut(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, heavy := range []string{"sigs.k8s.io/controller-runtime", "sigs.k8s.io/controller-tools", "go.temporal.io/server", "github.com/temporalio/ui-server"} {
		if bytes.Contains(b, []byte(heavy)) {
			t.Errorf("go.mod asks for %s: it belongs to a module of its own, below deploy/, cmd/ or tools/", heavy)
		}
	}
	if regexp.MustCompile(`(?m)^replace `).Match(b) {
		t.Error("go.mod replaces a module: nobody could `go install` this one")
	}
}

// TestTemplVersions: generated pages and the library that runs them belong together.
func TestTemplVersions(t *testing.T) {
	version := func(file string) string {
		b, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(`(?m)^\s*(?:require )?github\.com/a-h/templ (v\S+)`).FindSubmatch(b)
		if m == nil {
			return ""
		}
		return string(m[1])
	}
	if library, tool := version("go.mod"), version("tools/go.mod"); library != "" && library != tool {
		t.Errorf("go.mod has templ %s and tools/go.mod %s", library, tool)
	}
}

// TestTemporaldIsBuiltWhereItIsLookedFor holds the script that builds it to the
// package that runs it.
func TestTemporaldIsBuiltWhereItIsLookedFor(t *testing.T) {
	cmd := exec.Command("bash", "tools/temporald.sh", "--path")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if built, wanted := strings.TrimSpace(string(out)), standalone.CachedTemporald(); built != wanted {
		t.Errorf("tools/temporald.sh builds %s, `thidua up` looks for %s", built, wanted)
	}
}

var (
	link   = regexp.MustCompile(`\]\(([^)\s#]+)[^)]*\)`)
	target = regexp.MustCompile(`\bmake ([a-z][a-z-]*)`)
	code   = regexp.MustCompile("(?s)```.*?```|`[^`\n]+`")
)

// TestDocuments: what they link to and what they tell to type is there.
func TestDocuments(t *testing.T) {
	all := files(t)
	for name, content := range all {
		if !strings.HasSuffix(name, ".md") {
			continue
		}
		// Between backquotes a bracket is a bracket.
		for _, m := range link.FindAllSubmatch(code.ReplaceAll(content, nil), -1) {
			to := string(m[1])
			if strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(name), to)); err != nil {
				t.Errorf("%s links to %s, which is not there", name, to)
			}
		}
		// Commands stand between backquotes or in blocks; prose may say "make sure".
		for _, typed := range code.FindAll(content, -1) {
			for _, m := range target.FindAllSubmatch(typed, -1) {
				if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(string(m[1])) + `:`).Match(all["Makefile"]) {
					t.Errorf("%s tells to type make %s, which the Makefile does not have", name, m[1])
				}
			}
		}
	}
}
