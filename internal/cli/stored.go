package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/manifest"
)

// stored is what the database holds of the declared objects.
type stored struct {
	set  *manifest.Set
	rows []storedObject
}

// storedObject is one object with what the engine counts about it.
type storedObject struct {
	object     v1.Object
	Kind       string
	Name       string
	Generation int64
	AppliedAt  time.Time
	Actor      string
}

func readStored(ctx context.Context, r reader) (stored, error) {
	s := stored{set: manifest.NewSet()}
	rows, err := r.Objects(ctx)
	if err != nil {
		return s, err
	}
	for _, row := range rows {
		object, err := manifest.Decode(row.Kind, row.Manifest)
		if err != nil {
			return s, err
		}
		object.SetGeneration(row.Generation)
		s.rows = append(s.rows, storedObject{object, row.Kind, row.Name, row.Generation, row.AppliedAt, row.Actor})
		// The set is planned from, and hashes must not depend on generations.
		plain, err := manifest.Decode(row.Kind, row.Manifest)
		if err != nil {
			return s, err
		}
		if err := s.set.Add(plain, manifest.Stored); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s stored) generation(kind, name string) int64 {
	for _, row := range s.rows {
		if row.Kind == kind && row.Name == name {
			return row.Generation
		}
	}
	return 0
}

// load reads the files and checks them together with what is stored (nil for
// nothing). Every problem of every file is in the error; warnings are returned.
func load(files []string, stdin io.Reader, with *manifest.Set) (set *manifest.Set, warnings manifest.Problems, err error) {
	if len(files) == 0 {
		return nil, nil, misuse("which files? give -f FILE, -f DIR or -f -")
	}
	set, err = manifest.Load(files, stdin)
	var problems manifest.Problems
	if err != nil {
		if !errors.As(err, &problems) {
			return nil, nil, err
		}
	}
	all := manifest.NewSet()
	if with != nil {
		all.Overlay(with)
	}
	all.Overlay(set)
	for _, p := range all.Check() {
		if p.Warning && p.File != manifest.Stored {
			warnings = append(warnings, p)
		} else if !p.Warning {
			problems = append(problems, p)
		}
	}
	return set, warnings, problems.Err()
}

func (a *app) warn(warnings manifest.Problems) {
	for _, w := range warnings {
		fmt.Fprintln(a.err, oneLine(w.String()))
	}
}

// lowerKind is how an object is called on the command line: campaign/covid-2021.
func lowerKind(kind, name string) string { return kindWord[kind] + "/" + name }

var kindWord = map[string]string{
	"Campaign": "campaign", "Roster": "roster", "Calendar": "calendar", "RulePack": "rulepack", "MessageTemplate": "messagetemplate",
}
