package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Source is the text of a manifest whose single values are read and written where they
// stand: notes, order and everything else stay as somebody wrote them.
//
// A path names a value as people do: spec.launch.at, or with the name of a list's item,
// spec.reporting[final].due.date.
type Source struct {
	text []byte
	root *yaml.Node // of the one document of the kind asked for
}

// NewSource finds the object of a kind in a text of YAML; there is one.
func NewSource(text []byte, kind string) (*Source, error) {
	text, problem := readText("-", text)
	if problem != nil {
		return nil, *problem
	}
	if _, problems := parseYAML("-", text); len(problems) > 0 {
		return nil, problems
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	var found *yaml.Node
	for {
		var doc yaml.Node
		err := d.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, syntaxProblem("-", err)
		}
		if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
			continue
		}
		if k := lookup(doc.Content[0], "kind"); k == nil || k.Value != kind {
			continue
		}
		if found != nil {
			return nil, Problem{Message: "holds more than one " + kind}
		}
		found = doc.Content[0]
	}
	if found == nil {
		return nil, Problem{Message: "holds no " + kind + "; expected kind: " + kind}
	}
	return &Source{text, found}, nil
}

// Text is the manifest as it is now.
func (s *Source) Text() []byte { return s.text }

// Get is a value; it is not there, or cannot be edited in place, when ok is false.
func (s *Source) Get(path string) (value string, ok bool) {
	n := s.node(path)
	if n == nil {
		return "", false
	}
	if _, _, ok := s.span(n); !ok {
		return "", false
	}
	return n.Value, true
}

// Items are the names of a list's items.
func (s *Source) Items(path string) (names []string) {
	list := s.node(path)
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	for _, item := range list.Content {
		if n := itemName(item); n != nil {
			names = append(names, n.Value)
		}
	}
	return names
}

// Set writes a value that is there already, in the quotes that it needs.
func (s *Source) Set(path, value string) error {
	n := s.node(path)
	if n == nil {
		return fmt.Errorf("%s is not in the manifest", path)
	}
	from, to, ok := s.span(n)
	if !ok {
		return fmt.Errorf("%s cannot be written in place", path)
	}
	if n.Value == value {
		return nil
	}
	if !utf8.ValidString(value) {
		return fmt.Errorf("%s: not text in UTF-8", path)
	}
	plain := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 && bareWord.MatchString(value) &&
		(maybeNotText.MatchString(n.Value) || !maybeNotText.MatchString(value))
	if !plain {
		value = quoted(value)
	}
	return s.replace(from, to, value)
}

// Unset takes a single value and its name out of what holds it.
func (s *Source) Unset(path string) error {
	parent, key := s.holder(path)
	i := -1
	if parent != nil {
		i = keyAt(parent, key)
	}
	if i < 0 {
		return fmt.Errorf("%s is not in the manifest", path)
	}
	from := s.offset(parent.Content[i])
	_, to, ok := s.span(parent.Content[i+1])
	if !ok || parent.Content[i].Line != parent.Content[i+1].Line {
		return fmt.Errorf("%s cannot be taken out in place", path)
	}
	switch {
	case parent.Style&yaml.FlowStyle == 0:
		line := s.lineStart(parent.Content[i].Line)
		if len(bytes.Trim(s.text[line:from], " ")) > 0 || len(parent.Content) == 2 {
			return fmt.Errorf("%s cannot be taken out in place", path)
		}
		return s.replace(line, s.lineStart(parent.Content[i].Line+1), "")
	case i+2 < len(parent.Content):
		to = s.offset(parent.Content[i+2])
	default: // the last one goes with the comma before it
		from = len(bytes.TrimRight(s.text[:from], " "))
		if from > 0 && s.text[from-1] == ',' {
			from--
		}
	}
	return s.replace(from, to, "")
}

// Add puts a single value, as text or as it is written, behind those that a mapping in
// braces has.
func (s *Source) Add(path, value string, asText bool) error {
	parent, key := s.holder(path)
	if parent == nil || parent.Style&yaml.FlowStyle == 0 || keyAt(parent, key) >= 0 || len(parent.Content) == 0 {
		return fmt.Errorf("%s cannot be added in place", path)
	}
	if asText {
		value = quoted(value)
	} else if !bareWord.MatchString(value) {
		return fmt.Errorf("%s: %q cannot stand without quotes", path, value)
	}
	_, end, ok := s.span(parent.Content[len(parent.Content)-1])
	if !ok {
		return fmt.Errorf("%s cannot be added in place", path)
	}
	return s.replace(end, end, ", "+key+": "+value)
}

// Holds tells that there is a mapping for a value to be added to.
func (s *Source) Holds(path string) bool {
	parent, _ := s.holder(path)
	return parent != nil && parent.Style&yaml.FlowStyle != 0 && len(parent.Content) > 0
}

// holder is the mapping that a path's last part is in.
func (s *Source) holder(path string) (*yaml.Node, string) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 || strings.ContainsAny(path[i+1:], "[]") {
		return nil, ""
	}
	n := s.node(path[:i])
	if n == nil || n.Kind != yaml.MappingNode || n.Anchor != "" {
		return nil, ""
	}
	return n, path[i+1:]
}

// keyAt is where a mapping has a key; -1 where it has none.
func keyAt(mapping *yaml.Node, key string) int {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return i
		}
	}
	return -1
}

// List is a list of single values that is written in brackets on one line.
func (s *Source) List(path string) (values []string, ok bool) {
	n := s.node(path)
	if _, _, ok := s.brackets(n); !ok {
		return nil, false
	}
	for _, item := range n.Content {
		values = append(values, item.Value)
	}
	return values, true
}

// SetList writes such a list anew, each value in quotes.
func (s *Source) SetList(path string, values []string) error {
	from, to, ok := s.brackets(s.node(path))
	if !ok {
		return fmt.Errorf("%s is not a list in brackets on one line", path)
	}
	written := make([]string, len(values))
	for i, v := range values {
		if !utf8.ValidString(v) {
			return fmt.Errorf("%s: not text in UTF-8", path)
		}
		written[i] = quoted(v)
	}
	return s.replace(from, to, "["+strings.Join(written, ", ")+"]")
}

// brackets are where such a list stands.
func (s *Source) brackets(n *yaml.Node) (from, to int, ok bool) {
	if n == nil || n.Kind != yaml.SequenceNode || n.Style&yaml.FlowStyle == 0 || n.Anchor != "" || lastLine(n) != n.Line {
		return 0, 0, false
	}
	from = s.offset(n)
	end := from + 1
	for _, item := range n.Content {
		if _, end, ok = s.span(item); !ok {
			return 0, 0, false
		}
	}
	i := bytes.IndexByte(s.text[end:], ']')
	if i < 0 || from >= len(s.text) || s.text[from] != '[' || len(bytes.Trim(s.text[end:end+i], " ,")) > 0 {
		return 0, 0, false
	}
	return from, end + i + 1, true
}

// SetWhole writes a whole number where a value is, without quotes, whatever stood there.
func (s *Source) SetWhole(path, value string) error {
	n := s.node(path)
	if n == nil || !IsWhole(value) {
		return fmt.Errorf("%s is not in the manifest, or %q is no whole number", path, value)
	}
	from, to, ok := s.span(n)
	if !ok {
		return fmt.Errorf("%s cannot be written in place", path)
	}
	return s.replace(from, to, value)
}

// IsWhole tells that SetWhole takes a text for a number.
func IsWhole(text string) bool { return whole.MatchString(text) }

var whole = regexp.MustCompile(`^-?[0-9]{1,9}$`)

// bareWord needs no quotes, wherever it stands.
var bareWord = regexp.MustCompile(`^-?[0-9A-Za-z][0-9A-Za-z_.+-]*(:[0-9][0-9A-Za-z_.+-]*)*$`)

// quoted is text in double quotes. YAML takes some signs that are not seen for breaks of
// lines, so those are written as numbers.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Remove takes an item out of a list that is written item below item.
func (s *Source) Remove(path, name string) error {
	from, to, _, err := s.item(path, name)
	if err != nil {
		return err
	}
	return s.replace(from, to, "")
}

// Repeat writes an item of a list a second time, below itself, under another name.
func (s *Source) Repeat(path, name, as string) error {
	if slices.Contains(s.Items(path), as) {
		return fmt.Errorf("%s has an item %s already", path, as)
	}
	from, to, n, err := s.item(path, name)
	if err != nil {
		return err
	}
	a, b, ok := s.span(n)
	if !ok || a < from || b > to {
		return fmt.Errorf("%s: the name of %s cannot be written in place", path, name)
	}
	twin := string(s.text[from:a]) + as + string(s.text[b:to])
	if !strings.HasSuffix(string(s.text[from:to]), "\n") {
		twin = "\n" + twin
	}
	return s.replace(to, to, twin)
}

// item is where an item's lines are, and the node of its name.
func (s *Source) item(path, name string) (from, to int, named *yaml.Node, err error) {
	list := s.node(path)
	if list == nil || list.Kind != yaml.SequenceNode || list.Style&yaml.FlowStyle != 0 {
		return 0, 0, nil, fmt.Errorf("%s is not a list written item below item", path)
	}
	for _, item := range list.Content {
		if named = itemName(item); named == nil || named.Value != name {
			continue
		}
		from, to = s.lineStart(item.Line), s.lineStart(lastLine(item)+1)
		if dash := bytes.TrimLeft(s.text[from:to], " "); !bytes.HasPrefix(dash, []byte("- ")) {
			break
		}
		return from, to, named, nil
	}
	return 0, 0, nil, fmt.Errorf("%s has no item %s that stands on lines of its own", path, name)
}

// replace puts text in the place of a part, and reads the whole again; where that would
// no longer be a manifest, nothing changes.
func (s *Source) replace(from, to int, with string) error {
	kind := lookup(s.root, "kind").Value
	next, err := NewSource(slices.Concat(s.text[:from], []byte(with), s.text[to:]), kind)
	if err != nil {
		return err
	}
	*s = *next
	return nil
}

// node is what a path leads to; nil where it leads nowhere.
func (s *Source) node(path string) *yaml.Node {
	n := s.root
	for part := range strings.SplitSeq(path, ".") {
		key, name, inList := strings.Cut(part, "[")
		if n.Kind != yaml.MappingNode {
			return nil
		}
		if n = lookup(n, key); n == nil {
			return nil
		}
		if !inList {
			continue
		}
		name = strings.TrimSuffix(name, "]")
		i := -1
		if n.Kind == yaml.SequenceNode {
			i = slices.IndexFunc(n.Content, func(item *yaml.Node) bool { c := itemName(item); return c != nil && c.Value == name })
		}
		if i < 0 {
			return nil
		}
		n = n.Content[i]
	}
	return n
}

// itemName is what identifies an item of a list: its name, or a ladder's step.
func itemName(item *yaml.Node) *yaml.Node {
	if item.Kind != yaml.MappingNode {
		return nil
	}
	for _, key := range []string{"name", "step"} {
		if n := lookup(item, key); n != nil {
			return n
		}
	}
	return nil
}

func lastLine(n *yaml.Node) int {
	last := n.Line
	for _, child := range n.Content {
		last = max(last, lastLine(child))
	}
	return last
}

// lineStart is where a line begins, counted from 1; the end of the text behind the last.
func (s *Source) lineStart(line int) int {
	at := 0
	for ; line > 1; line-- {
		i := bytes.IndexByte(s.text[at:], '\n')
		if i < 0 {
			return len(s.text)
		}
		at += i + 1
	}
	return at
}

// span is where the text of a single value stands, quotes and all; ok is false for one
// that goes over several lines, and for what is no single value.
func (s *Source) span(n *yaml.Node) (from, to int, ok bool) {
	if n.Kind != yaml.ScalarNode || n.Anchor != "" || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle|yaml.TaggedStyle) != 0 || n.Line == 0 {
		return 0, 0, false
	}
	from = s.offset(n)
	rest := s.text[from:]
	if end := bytes.IndexByte(rest, '\n'); end >= 0 {
		rest = rest[:end]
	}
	size := -1
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		size = closing(rest, '"', '\\')
	case n.Style&yaml.SingleQuotedStyle != 0:
		size = closing(rest, '\'', '\'')
	case n.Value != "" && bytes.HasPrefix(rest, []byte(n.Value)):
		size = len(n.Value)
	}
	return from, from + size, size > 0
}

// offset is where a node begins.
func (s *Source) offset(n *yaml.Node) int {
	at := s.lineStart(n.Line)
	for column := 1; column < n.Column && at < len(s.text); column++ {
		_, size := utf8.DecodeRune(s.text[at:])
		at += size
	}
	return at
}

// closing is how long a quoted text is whose quotation mark may stand inside behind an
// escape; -1 where it does not end.
func closing(text []byte, quote, escape byte) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == escape && (escape != quote || i+1 < len(text) && text[i+1] == quote):
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return -1
}
