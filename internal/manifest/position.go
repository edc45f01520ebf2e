package manifest

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// origin is where an object comes from, close enough to point at a field.
type origin struct {
	file string
	node *yaml.Node // the object's own mapping, if it is from YAML
	rows []int      // the line of each unit, if it is a roster from CSV
	at   int        // the line of the whole, if it has no node
}

// line is where the object starts, or 0.
func (o origin) line() int {
	if o.node != nil {
		return o.node.Line
	}
	return o.at
}

func (o origin) place() string {
	if l := o.line(); l > 0 {
		return fmt.Sprintf("%s:%d", o.file, l)
	}
	return o.file
}

// placed is what the source holds for a field path.
type placed struct {
	line, column int
	scalar       *yaml.Node // set when the path leads to a plain value
	key          *yaml.Node // the key that the path ends on, if it ends on one
	exact        bool       // false: the field is not there, this is the nearest thing above it
}

// find looks up a path as the API server writes it: spec.axes[0].weight.
func (o origin) find(path string) placed {
	if o.node == nil {
		return placed{line: o.row(path), exact: true}
	}
	node, key := o.node, (*yaml.Node)(nil)
	exact := true
	for rest := path; rest != ""; {
		child, childKey, tail := step(node, rest)
		if child == nil {
			exact = false
			break
		}
		node, key, rest = child, childKey, tail
	}
	p := placed{line: node.Line, column: node.Column, key: key, exact: exact}
	switch {
	case node.Kind == yaml.ScalarNode:
		p.scalar = node
	case key != nil: // a list or group is found where its name stands
		p.line, p.column = key.Line, key.Column
	}
	return p
}

// step goes down one element of the path.
func step(node *yaml.Node, path string) (child, key *yaml.Node, rest string) {
	path = strings.TrimPrefix(path, ".")
	switch node.Kind {
	case yaml.SequenceNode:
		index, rest, ok := bracket(path)
		if n, err := strconv.Atoi(index); ok && err == nil && n >= 0 && n < len(node.Content) {
			return node.Content[n], nil, rest
		}
	case yaml.MappingNode:
		name, inBrackets, isBracket := bracket(path)
		best := -1 // keys may hold dots, so the longest that fits is meant
		for i := 0; i+1 < len(node.Content); i += 2 {
			k := node.Content[i].Value
			if isBracket && k == name {
				return node.Content[i+1], node.Content[i], inBrackets
			}
			tail, ok := strings.CutPrefix(path, k)
			if ok && k != "" && (tail == "" || tail[0] == '.' || tail[0] == '[') && (best < 0 || len(k) > len(node.Content[best].Value)) {
				best = i
			}
		}
		if best >= 0 {
			return node.Content[best+1], node.Content[best], path[len(node.Content[best].Value):]
		}
	}
	return nil, nil, path
}

// bracket splits "[0].weight" into "0" and ".weight".
func bracket(path string) (inside, rest string, ok bool) {
	if !strings.HasPrefix(path, "[") {
		return "", path, false
	}
	inside, rest, ok = strings.Cut(path[1:], "]")
	return inside, rest, ok
}

// row is the line of a unit in a roster from CSV.
func (o origin) row(path string) int {
	if n, _, ok := unitField(path); ok && n < len(o.rows) {
		return o.rows[n]
	}
	return o.at
}

// unitField splits "spec.units[3].code" into 3 and "code".
func unitField(path string) (index int, field string, ok bool) {
	tail, ok := strings.CutPrefix(path, "spec.units")
	if !ok {
		return 0, "", false
	}
	inside, rest, ok := bracket(tail)
	n, err := strconv.Atoi(inside)
	return n, strings.TrimPrefix(rest, "."), ok && err == nil && n >= 0
}

// problem is a Problem of the object at a field of it. In a CSV file the field is
// called by its column.
func (o origin) problem(object, field, value, message string) Problem {
	at := o.find(field)
	if o.rows != nil {
		if _, name, ok := unitField(field); ok {
			for _, c := range rosterColumns {
				if c.field == name {
					field = c.name
				}
			}
		}
	}
	return Problem{File: o.file, Line: at.line, Column: at.column, Object: object, Field: field, Value: value, Message: message}
}
