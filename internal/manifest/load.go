package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	v1 "thidua.dev/thidua/api/v1"
)

// Load reads files, directories and "-" (stdin) into a Set. Of a directory it
// reads *.yaml, *.yml, *.roster.csv and *.contacts.csv in order of name; it does
// not go into subdirectories. A file may hold several YAML documents.
//
// What cannot be read or is refused is reported all at once, as an error of type
// Problems. The Set then holds what is left, so that Check can still look at it;
// Check keeps quiet about references to objects that were refused.
func Load(paths []string, stdin io.Reader) (*Set, error) {
	set := NewSet()
	var problems Problems
	if len(paths) == 0 {
		return set, Problems{{Message: "no file given; name files, directories, or - for standard input"}}
	}
	done := map[string]bool{}
	for _, path := range paths {
		if path == "-" {
			if !done[path] {
				problems = append(problems, set.loadStdin(stdin)...)
			}
			done[path] = true
			continue
		}
		files, problem := expand(path)
		if problem != nil {
			problems = append(problems, *problem)
			continue
		}
		for _, file := range files {
			if clean := filepath.Clean(file); !done[clean] {
				done[clean] = true
				problems = append(problems, set.loadFile(file)...)
			}
		}
	}
	return set, problems.sorted().Err()
}

// expand is the files that a path stands for.
func expand(path string) ([]string, *Problem) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fileProblem(path, err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fileProblem(path, err)
	}
	var files []string
	for _, e := range entries { // ReadDir sorts by name
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && isManifest(e.Name()) {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, &Problem{File: path, Message: "nothing to read in this directory; expected *.yaml, *.yml, *.roster.csv or *.contacts.csv"}
	}
	return files, nil
}

func isManifest(name string) bool {
	return slices.ContainsFunc([]string{".yaml", ".yml", rosterSuffix, contactsSuffix}, func(suffix string) bool {
		return strings.HasSuffix(name, suffix)
	})
}

func fileProblem(path string, err error) *Problem {
	message := "cannot be read: " + err.Error()
	var cause *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		message = "no such file or directory"
	case errors.Is(err, fs.ErrPermission):
		message = "may not be read: permission denied"
	case errors.As(err, &cause):
		message = "cannot be read: " + cause.Err.Error()
	}
	return &Problem{File: path, Message: message}
}

func tooLarge(size string) string {
	return fmt.Sprintf("is %s; the limit is %d MiB", size, maxSize>>20)
}

func (s *Set) loadFile(path string) Problems {
	f, err := os.Open(path)
	if err != nil {
		return Problems{*fileProblem(path, err)}
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() > maxSize {
		return Problems{{File: path, Message: tooLarge(fmt.Sprintf("%.1f MiB", float64(info.Size())/(1<<20)))}}
	}
	return s.loadReader(path, f)
}

func (s *Set) loadStdin(stdin io.Reader) Problems {
	if stdin == nil {
		return Problems{{File: "-", Message: "there is no standard input to read"}}
	}
	return s.loadReader("-", stdin)
}

// Read adds what a file of that name would hold; its name says what it is. Problems are
// as those of Load.
func (s *Set) Read(file string, data []byte) error {
	return s.loadReader(file, bytes.NewReader(data)).sorted().Err()
}

func (s *Set) loadReader(file string, r io.Reader) Problems {
	data, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return Problems{*fileProblem(file, err)}
	}
	if len(data) > maxSize {
		return Problems{{File: file, Message: tooLarge(fmt.Sprintf("more than %d MiB", maxSize>>20))}}
	}
	text, problem := readText(file, data)
	if problem != nil {
		return Problems{*problem}
	}
	if strings.HasSuffix(file, ".csv") {
		return s.loadCSV(file, text)
	}
	docs, problems := parseYAML(file, text)
	for _, doc := range docs {
		problems = append(problems, s.loadDocument(doc)...)
	}
	return problems
}

// loadDocument admits one document of a file and adds it to the Set.
func (s *Set) loadDocument(doc document) Problems {
	kind, problem := kindOfDocument(doc)
	if problem != nil {
		return Problems{*problem}
	}
	var name string
	if meta, ok := doc.raw["metadata"].(map[string]any); ok {
		name, _ = meta["name"].(string)
	}
	problems := schemaOf(kind).admit(doc.raw, nil, doc.origin)
	if len(problems) > 0 {
		s.refused[objectKey{kind, name}] = true
		return problems
	}
	object, err := fromRaw(doc.raw, kind)
	if err != nil {
		return Problems{doc.origin.problem(objectKey{kind, name}.String(), "", "", err.Error())}
	}
	object.SetGeneration(0) // the engine counts
	return s.addLoaded(object, doc.origin)
}

func (s *Set) addLoaded(object v1.Object, o origin) Problems {
	if err := s.add(object, o); err != nil {
		var p Problem
		if !errors.As(err, &p) {
			p = Problem{File: o.file, Message: err.Error()}
		}
		return Problems{p}
	}
	return nil
}

// kindOfDocument refuses what is not one of ours, most helpful sentence first.
func kindOfDocument(doc document) (string, *Problem) {
	names := make([]string, 0, len(kinds))
	for k := range kinds {
		names = append(names, k)
	}
	slices.Sort(names)
	problem := func(field, message string) (string, *Problem) {
		p := doc.origin.problem("", field, doc.origin.source(field), message)
		return "", &p
	}
	version, hasVersion := doc.raw["apiVersion"]
	kind, hasKind := doc.raw["kind"]
	switch {
	case !hasVersion && !hasKind:
		return problem("", "no apiVersion and kind; an object begins with apiVersion: "+APIVersion+" and kind: "+oneOf(names))
	case !hasVersion:
		return problem("", "apiVersion is missing; write apiVersion: "+APIVersion)
	case version != APIVersion:
		return problem("apiVersion", "must be "+APIVersion)
	case !hasKind:
		return problem("", "kind is missing; it is "+oneOf(names))
	}
	k, _ := kind.(string)
	if _, ok := kinds[k]; !ok {
		return problem("kind", "unknown kind"+hint(k, names, "known: "+strings.Join(names, ", ")))
	}
	return k, nil
}
