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
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil { // JSON is YAML
		return nil, fmt.Errorf("manifest: %w", err)
	}
	root := doc.Content[0]
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
	plainStyle(root)
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(root); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return b.Bytes(), nil
}

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

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

// plainStyle drops JSON's braces and quotes; the encoder then quotes the strings
// that would otherwise read as something else. It knows YAML 1.2, so what YAML 1.1
// takes for a number or a boolean is quoted here.
func plainStyle(n *yaml.Node) {
	isText := n.Kind == yaml.ScalarNode && n.Tag == "!!str"
	n.Style = 0
	if isText && maybeNotText.MatchString(n.Value) {
		n.Style = yaml.DoubleQuotedStyle
	}
	for _, child := range n.Content {
		plainStyle(child)
	}
}
