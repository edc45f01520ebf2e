package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	yamlv2 "go.yaml.in/yaml/v2"
	"go.yaml.in/yaml/v3"
)

const (
	// maxSize is far above any campaign: 2,000 units are about 600 KiB of YAML.
	maxSize = 16 << 20
	// maxDepth is twice the depth of the deepest field.
	maxDepth = 32
	// maxEntries keeps the parsed form of a hostile file within some hundred MiB.
	maxEntries = 1_000_000
)

// document is one YAML document, as plain values and with its places.
type document struct {
	raw    map[string]any
	origin origin
}

// readText refuses what cannot be a text file in UTF-8, and drops the byte order
// mark that some editors put in front.
func readText(file string, data []byte) ([]byte, *Problem) {
	refuse := func(message string) ([]byte, *Problem) { return nil, &Problem{File: file, Message: message} }
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	switch {
	case len(data) == 0:
		return refuse("the file is empty (0 bytes)")
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return refuse("the text is in UTF-16; save it as UTF-8")
	case bytes.IndexByte(data, 0) >= 0:
		return refuse("this is a binary file; expected text in UTF-8")
	case !utf8.Valid(data):
		line := 1
		for rest := data; len(rest) > 0; {
			r, size := utf8.DecodeRune(rest)
			if r == utf8.RuneError && size == 1 {
				break
			}
			if r == '\n' {
				line++
			}
			rest = rest[size:]
		}
		return nil, &Problem{File: file, Line: line, Message: "the text is not in UTF-8; save it as UTF-8 (in Excel: CSV UTF-8)"}
	}
	return data, nil
}

// parseYAML splits text into its documents. A document that cannot be read is
// reported and left out; the rest of the file is still looked at.
func parseYAML(file string, data []byte) (docs []document, problems Problems) {
	if n := bytes.Count(data, []byte("\n")) + bytes.Count(data, []byte(",")) + bytes.Count(data, []byte(": ")); n > maxEntries {
		return nil, Problems{{File: file, Message: fmt.Sprintf("more than %s values; put large lists of units into NAME.roster.csv", thousands(maxEntries))}}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var root yaml.Node
		err := decoder.Decode(&root)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			problems = append(problems, syntaxProblem(file, err))
			break // the parser has lost its place
		}
		if len(root.Content) == 0 || isNull(root.Content[0]) {
			continue // nothing between two lines of ---
		}
		r := reader{file: file}
		raw, ok := r.value(root.Content[0], "", 0).(map[string]any)
		if len(r.problems) == 0 && !ok {
			r.refuse(root.Content[0], "", "expected an object that begins with apiVersion, kind and metadata")
		}
		problems = append(problems, r.problems...)
		if len(r.problems) == 0 {
			docs = append(docs, document{raw, origin{file: file, node: root.Content[0]}})
		}
	}
	if len(docs) == 0 && len(problems) == 0 {
		problems = append(problems, Problem{File: file, Message: "no object in this file; expected apiVersion, kind, metadata and spec"})
	}
	return docs, problems
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Style == 0 && (n.Value == "" || n.Value == "~" || n.Value == "null")
}

// reader turns nodes into the values that kubectl would send.
type reader struct {
	file     string
	problems Problems
}

func (r *reader) refuse(n *yaml.Node, path, message string) {
	r.problems = append(r.problems, Problem{File: r.file, Line: n.Line, Column: n.Column, Field: path, Message: message})
}

func (r *reader) value(n *yaml.Node, path string, depth int) any {
	if depth > maxDepth {
		r.refuse(n, "", fmt.Sprintf("nested more than %d levels deep; is the indentation right?", maxDepth))
		return nil
	}
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		r.refuse(n, path, "anchors (&name) and aliases (*name) are not supported; write the value out, or in quotes if it is text")
		return nil
	}
	if n.Style&yaml.TaggedStyle != 0 {
		r.refuse(n, path, "tags ("+n.Tag+") are not supported; put text in quotes instead")
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		return r.mapping(n, path, depth)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			list[i] = r.value(item, fmt.Sprintf("%s[%d]", path, i), depth+1)
		}
		return list
	case yaml.ScalarNode:
		v, err := scalar(n)
		if err != nil {
			r.refuse(n, path, err.Error())
		}
		return v
	}
	return nil
}

func (r *reader) mapping(n *yaml.Node, path string, depth int) map[string]any {
	m := make(map[string]any, len(n.Content)/2)
	lines := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode || key.Anchor != "" || key.Style&yaml.TaggedStyle != 0:
			r.refuse(key, path, "a field's name must be plain text")
			continue
		case key.Value == "<<":
			r.refuse(key, path, "merge keys (<<) are not supported; write the fields out")
			continue
		}
		if v, err := scalar(key); err != nil || v != any(key.Value) { // kubectl makes "true" of on, silently
			r.refuse(key, path, fmt.Sprintf("a field's name must be text; put it in quotes: %q", key.Value))
			continue
		}
		field := key.Value
		if path != "" {
			field = path + "." + key.Value
		}
		if line, twice := lines[key.Value]; twice {
			r.refuse(key, field, fmt.Sprintf("given twice; the first is on line %d", line))
			continue
		}
		lines[key.Value] = key.Line
		m[key.Value] = r.value(n.Content[i+1], field, depth+1)
	}
	return m
}

// maybeNotText matches every plain scalar that YAML 1.1, which kubectl reads,
// takes for something else than text: numbers, booleans, null, infinities.
var maybeNotText = regexp.MustCompile(`^([-+.]?[0-9][-+.:_0-9A-Za-z]*|[-+]?\.[A-Za-z]+|~|(?i:y|n|yes|no|on|off|true|false|null))?$`)

// scalar reads a plain value as kubectl's parser does, which is YAML 1.1: 01 is
// a number, no is a boolean. The schema then refuses it where text is wanted.
func scalar(n *yaml.Node) (any, error) {
	const longest = 64 // no field takes a longer number, and a hostile one takes seconds to read
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 || len(n.Value) > longest || !maybeNotText.MatchString(n.Value) {
		return n.Value, nil
	}
	var v any
	if yamlv2.Unmarshal([]byte(n.Value), &v) != nil {
		return n.Value, nil // no value by itself, so it is text
	}
	switch x := v.(type) {
	case nil, bool, int64:
		return x, nil
	case int:
		return int64(x), nil
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("%s is not a number that can be used here; put it in quotes: %q", n.Value, n.Value)
		}
		if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
			return int64(x), nil // as JSON does: 1e3 is 1000
		}
		return x, nil
	case uint64:
		return float64(x), nil
	default:
		return n.Value, nil
	}
}

var (
	yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)
	// plainWords turns the parser's terms into an office's.
	plainWords = strings.NewReplacer(
		"found character that cannot start any token", "this character cannot stand here; indent with spaces, not tabs, and put text that begins with a special character in quotes",
		"found a tab character that violates indentation", "indent with spaces, not tabs",
		"mapping values are not allowed in this context", "a second colon on the line, or wrong indentation; put text that holds a colon in quotes",
		"did not find expected key", "expected \"field: value\" here; is the line indented like its neighbours?",
		"did not find expected '-' indicator", "expected a list item that begins with \"- \" here",
		"could not find expected ':'", "expected \"field: value\" here; a colon is missing",
	)
)

func syntaxProblem(file string, err error) Problem {
	text := err.Error()
	p := Problem{File: file, Code: NotYAML, Message: "not valid YAML: " + plainWords.Replace(yamlLine.ReplaceAllString(text, ""))}
	switch m := yamlLine.FindStringSubmatch(text); {
	case strings.Contains(text, "unknown anchor"): // the parser doesn't say where
		p.Message = "aliases (*name) are not supported; put text that begins with * in quotes"
	case m != nil && m[1] != "":
		p.Line, _ = strconv.Atoi(m[1])
	default:
		p.Line = 1 // the parser leaves out the first line's number
	}
	return p
}

// thousands writes 12000 as 12,000.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
