package manifest

import (
	"fmt"
	"slices"
	"strings"

	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"

	v1 "thidua.dev/thidua/api/v1"
)

// Change is one field that differs; Old or New is "" where the field is not there.
type Change struct{ Field, Old, New string }

// FieldDiff lists the fields in which two objects of one kind differ, sorted by
// path. An item of a list is called by its key, so that inserting one does not
// change all that follow: spec.reporting[monthly].due.day. Either object may be
// nil. Status, and what the engine counts in metadata, are left out.
func FieldDiff(old, new any) []Change {
	before, after := flatten(old), flatten(new)
	var changes []Change
	for path, value := range before {
		if after[path] != value {
			changes = append(changes, Change{path, value, after[path]})
		}
	}
	for path, value := range after {
		if _, ok := before[path]; !ok {
			changes = append(changes, Change{path, "", value})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Field, b.Field) })
	return changes
}

// flatten is every field of an object by its path.
func flatten(object any) map[string]string {
	fields := map[string]string{}
	o, ok := object.(v1.Object)
	if !ok || isNil(o) {
		return fields
	}
	kind := kindOf(o)
	raw, err := toRaw(o, kind)
	if err != nil {
		return fields
	}
	s := schemaOf(kind).structural
	spec := s.Properties["spec"]
	flattenInto(fields, "spec", raw["spec"], &spec)
	for name, value := range o.GetLabels() {
		fields["metadata.labels["+name+"]"] = value
	}
	for name, value := range o.GetAnnotations() {
		fields["metadata.annotations["+name+"]"] = value
	}
	return fields
}

func flattenInto(fields map[string]string, path string, value any, s *structuralschema.Structural) {
	switch v := value.(type) {
	case map[string]any:
		for name, child := range v {
			property := s.Properties[name]
			flattenInto(fields, path+"."+name, child, &property)
		}
	case []any:
		if texts, ok := scalars(v); ok {
			fields[path] = strings.Join(texts, ", ")
			return
		}
		for i, item := range v {
			flattenInto(fields, fmt.Sprintf("%s[%s]", path, itemKey(i, item, s)), item, itemSchema(s))
		}
	default:
		fields[path] = fmt.Sprint(v)
	}
}

// scalars are the items of a list of plain values, which is shown as one value.
func scalars(list []any) ([]string, bool) {
	texts := make([]string, len(list))
	for i, item := range list {
		switch item.(type) {
		case map[string]any, []any:
			return nil, false
		}
		texts[i] = fmt.Sprint(item)
	}
	return texts, true
}

func itemKey(i int, item any, s *structuralschema.Structural) string {
	if m, ok := item.(map[string]any); ok && len(s.XListMapKeys) == 1 {
		if key, ok := m[s.XListMapKeys[0]].(string); ok {
			return key
		}
	}
	return fmt.Sprint(i)
}

func itemSchema(s *structuralschema.Structural) *structuralschema.Structural {
	if s.Items != nil {
		return s.Items
	}
	return &structuralschema.Structural{}
}
