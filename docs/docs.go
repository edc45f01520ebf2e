// Package docs holds the pages that an installation shows by itself, for whoever is
// called at night and has nothing but the alert.
package docs

import (
	"bytes"
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed runbooks/*.md
var files embed.FS

// RunbooksPath is where alerts and boards expect them.
const RunbooksPath = "/runbooks/"

// Runbooks are one page for each alert, NAME.md.
func Runbooks() fs.FS {
	f, err := fs.Sub(files, "runbooks")
	if err != nil {
		panic(err) // the path is well formed
	}
	return f
}

// ServeRunbooks gives a page by the name of its alert, and the list of them. They are
// the same for everybody and say nothing of the installation.
func ServeRunbooks() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, RunbooksPath), ".md")
		page, err := fs.ReadFile(Runbooks(), name+".md")
		if name == "" {
			page, err = list()
		}
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(page))
	})
}

func list() ([]byte, error) {
	pages, err := fs.Glob(Runbooks(), "*.md")
	var b strings.Builder
	for _, p := range pages {
		b.WriteString(path.Join(RunbooksPath, strings.TrimSuffix(p, ".md")) + "\n")
	}
	return []byte(b.String()), err
}
