package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	v1 "thidua.dev/thidua/api/v1"
)

// Encode writes an object as YAML, fields in the order of the Go types: first
// apiVersion and kind. Loading it gives the same object. The status is written
// only when the engine has observed something.
func Encode(object v1.Object) ([]byte, error) {
	kind := kindOf(object)
	if kind == "" || isNil(object) {
		return nil, fmt.Errorf("manifest: cannot encode a %T", object)
	}
	data, err := json.Marshal(object) // keeps the order of the fields
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	root, err := nodeOf(json.NewDecoder(bytes.NewReader(data)))
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	remove(root, "apiVersion")
	remove(root, "kind")
	if c, ok := object.(*v1.Campaign); ok && c.Status.ObservedGeneration <= 0 && len(c.Status.Conditions) == 0 {
		remove(root, "status")
	}
	if metadata := lookup(root, "metadata"); metadata != nil {
		if at := lookup(metadata, "creationTimestamp"); at != nil && at.Tag == "!!null" {
			remove(metadata, "creationTimestamp")
		}
	}
	root.Content = append([]*yaml.Node{text("apiVersion"), text(APIVersion), text("kind"), text(kind)}, root.Content...)
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(root); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return b.Bytes(), nil
}

// Decode reads an object as it was admitted and stored in JSON.
func Decode(kind string, stored []byte) (v1.Object, error) {
	var object v1.Object
	switch kind {
	case "Campaign":
		object = &v1.Campaign{}
	case "Roster":
		object = &v1.Roster{}
	case "Calendar":
		object = &v1.Calendar{}
	case "RulePack":
		object = &v1.RulePack{}
	case "MessageTemplate":
		object = &v1.MessageTemplate{}
	default:
		return nil, fmt.Errorf("stored object of unknown kind %q: is this binary older than the database?", kind)
	}
	if err := json.Unmarshal(stored, object); err != nil {
		return nil, fmt.Errorf("stored %s: %w", kind, err)
	}
	return object, nil
}

// text quotes what would read as something else. The encoder knows YAML 1.2, and
// quotes for that; what YAML 1.1 takes for a number or a boolean is quoted here.
func text(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if maybeNotText.MatchString(s) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

func lookup(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

func remove(mapping *yaml.Node, key string) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			mapping.Content = slices.Delete(mapping.Content, i, i+2)
			return
		}
	}
}

// nodeOf reads one JSON value as a YAML node. (Reading JSON with the YAML parser
// would refuse control characters that JSON allows.)
func nodeOf(d *json.Decoder) (*yaml.Node, error) {
	d.UseNumber()
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch v := token.(type) {
	case json.Delim:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		if v == '[' {
			n = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		}
		for d.More() { // in an object: key, value, key, value
			child, err := nodeOf(d)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, child)
		}
		_, err := d.Token() // the closing bracket
		return n, err
	case string:
		return text(v), nil
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: v.String()}, nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(v)}, nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
}
