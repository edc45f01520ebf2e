package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/manifest"
)

// maxReport is far above any report: it is an outline and a few figures.
const maxReport = 1 << 20

// readReport reads a report from a file or stdin. It is strict: a field that is
// not known is not quietly lost, and a number without quotes is not rounded.
func readReport(file string, stdin io.Reader) (engine.Report, error) {
	data, err := readLimited(file, stdin)
	if err != nil {
		return engine.Report{}, err
	}
	return parseReport(file, data)
}

func readLimited(file string, stdin io.Reader) ([]byte, error) {
	r := stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	data, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	if err != nil {
		return nil, err
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	switch {
	case len(data) > maxReport:
		return nil, fail("%s: a report is at most 1 MiB", file)
	case len(bytes.TrimSpace(data)) == 0:
		return nil, fail("%s: the file is empty; expected sections, figures or hardTasks", file)
	case bytes.IndexByte(data, 0) >= 0 || !utf8.Valid(data):
		return nil, fail("%s: not text in UTF-8; expected YAML or JSON", file)
	}
	return data, nil
}

func parseReport(file string, data []byte) (engine.Report, error) {
	var report engine.Report
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := decoder.Decode(&doc); err != nil {
		return report, fail("%s: not valid YAML or JSON: %s", file, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return report, fail("%s: one report a file, and nothing after it", file)
	}
	r := &reportReader{file: file}
	for field, node := range r.fields(doc.Content[0], "") {
		switch field {
		case "sections":
			report.Sections = map[v1.SectionName]string{}
			for name, n := range r.fields(node, "sections.") {
				report.Sections[v1.SectionName(name)] = r.text(n, "sections."+name)
			}
		case "figures":
			report.Figures = map[v1.Name]string{}
			for name, n := range r.fields(node, "figures.") {
				report.Figures[v1.Name(name)] = r.text(n, "figures."+name)
			}
		case "hardTasks":
			report.HardTasks = r.list(node, "hardTasks")
		default:
			r.refuse(node, field, "unknown field; a report has sections, figures and hardTasks")
		}
	}
	if err := r.err(); err != nil {
		return engine.Report{}, err
	}
	return report, nil
}

// reportReader collects what is wrong with a report, to be mended at once.
type reportReader struct {
	file     string
	problems manifest.Problems
}

func (r *reportReader) refuse(n *yaml.Node, field, message string) {
	r.problems = append(r.problems, manifest.Problem{File: r.file, Line: n.Line, Column: n.Column, Field: field, Message: message})
}

func (r *reportReader) err() error {
	slices.SortStableFunc(r.problems, func(a, b manifest.Problem) int { return a.Line - b.Line })
	return r.problems.Err()
}

// fields are the named values of a mapping.
func (r *reportReader) fields(n *yaml.Node, path string) map[string]*yaml.Node {
	if n.Kind != yaml.MappingNode {
		r.refuse(n, strings.TrimSuffix(path, "."), "expected name: value")
		return nil
	}
	fields := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch _, twice := fields[key.Value]; {
		case key.Kind != yaml.ScalarNode || key.Value == "<<":
			r.refuse(key, path, "a field's name must be plain text")
		case twice:
			r.refuse(key, path+key.Value, "given twice")
		default:
			fields[key.Value] = value
		}
	}
	return fields
}

func (r *reportReader) list(n *yaml.Node, path string) []string {
	if n.Kind != yaml.SequenceNode {
		r.refuse(n, path, "expected a list")
		return nil
	}
	var list []string
	for i, item := range n.Content {
		list = append(list, r.text(item, fmt.Sprintf("%s[%d]", path, i)))
	}
	return list
}

// text is a value that must be text. A number without quotes is refused: what
// YAML and JSON make of it, 1.10 or 08, is not what was written.
func (r *reportReader) text(n *yaml.Node, path string) string {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0:
		r.refuse(n, path, "anchors, aliases and tags are not supported; write the text out")
	case n.Kind != yaml.ScalarNode:
		r.refuse(n, path, "expected text")
	case n.ShortTag() == "!!null":
		r.refuse(n, path, "is empty; write the text, or leave the field out")
	case n.ShortTag() != "!!str":
		r.refuse(n, path, fmt.Sprintf("%s must be in quotes: %q", n.Value, n.Value))
	default:
		return n.Value
	}
	return ""
}
