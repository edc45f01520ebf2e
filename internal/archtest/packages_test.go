package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	root   = "../.."
	module = "thidua.dev/thidua"
)

// pkg is what `go list` tells about a package.
type pkg struct {
	ImportPath string
	Name       string
	Doc        string
	Standard   bool
	GoFiles    []string
	Imports    []string // of its files, tests aside
	Deps       []string // all that it needs
}

// graph of packages: ours and all that they need, by import path.
type graph map[string]*pkg

// ours are the packages of this module, sorted.
func (g graph) ours() []*pkg {
	var all []*pkg
	for _, path := range slices.Sorted(maps.Keys(g)) {
		if isOurs(path) {
			all = append(all, g[path])
		}
	}
	return all
}

// reach is a package of ours with those of ours that it needs.
func (g graph) reach(path string) []*pkg {
	all := []*pkg{g[path]}
	for _, dep := range g[path].Deps {
		if isOurs(dep) {
			all = append(all, g[dep])
		}
	}
	return all
}

func isOurs(path string) bool { return below(path, module) }

// below tells that a path is one of the prefixes or lies below it.
func below(path string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool {
		return path == p || strings.HasPrefix(path, p+"/")
	})
}

// own is the path of a package of ours.
func own(name string) string { return module + "/" + name }

// short is how messages call a package.
func short(path string) string { return strings.TrimPrefix(path, module+"/") }

// packages asks the go command, once.
var packages = sync.OnceValues(func() (graph, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Name,Doc,Standard,GoFiles,Imports,Deps", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, stderr.String())
	}
	g := graph{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return g, nil
		case err != nil:
			return nil, err
		}
		g[p.ImportPath] = &p
	}
})

func load(t *testing.T) graph {
	t.Helper()
	g, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	return g
}
