// Package explain tells what each field of a declared object means. It reads the
// CRDs that are generated from package v1, so it says what validation enforces.
package explain

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	v1 "thidua.dev/thidua/api/v1"
)

// Field is one field of a kind.
type Field struct {
	// Path from the object, such as spec.reporting[].due.day.
	Path string
	// Type is string, integer, boolean, object, or a list or map of those.
	Type     string
	Required bool
	Default  string // as YAML; empty without one
	// Rules in words: allowed values, limits, what must hold between fields.
	Rules []string
	Text  string
}

// types of the kinds, for the order in which their fields are declared.
var types = map[string]reflect.Type{
	"Campaign":        reflect.TypeFor[v1.Campaign](),
	"Roster":          reflect.TypeFor[v1.Roster](),
	"Calendar":        reflect.TypeFor[v1.Calendar](),
	"RulePack":        reflect.TypeFor[v1.RulePack](),
	"MessageTemplate": reflect.TypeFor[v1.MessageTemplate](),
}

// Kinds are the kinds that can be declared.
func Kinds() []string { return slices.Sorted(maps.Keys(types)) }

// Of lists the fields of a kind's spec, each before those inside it. Kinds are found
// whatever their letters' case, and by their plural.
func Of(kind string) (name, text string, fields []Field, err error) {
	for known := range types {
		if strings.EqualFold(known, kind) || strings.EqualFold(known+"s", kind) {
			name = known
		}
	}
	if name == "" {
		return "", "", nil, fmt.Errorf("kind %q does not exist; there are: %s", kind, strings.Join(Kinds(), ", "))
	}
	raw, err := v1.CRDs.ReadFile("crds/thidua.dev_" + strings.ToLower(name) + "s.yaml")
	if err != nil {
		return "", "", nil, err
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(raw, &crd); err != nil {
		return "", "", nil, err
	}
	whole := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	spec := whole.Properties["spec"]
	w := walker{}
	w.add("spec", spec, types[name], "Spec", true)
	return name, oneLine(whole.Description), w.fields, w.err
}

type walker struct {
	fields []Field
	err    error
}

// add describes the field that goes by name in Go's struct, then those inside.
func (w *walker) add(path string, s apiextensionsv1.JSONSchemaProps, owner reflect.Type, name string, required bool) {
	f := Field{Path: path, Type: typeOf(s), Required: required, Text: oneLine(s.Description), Rules: rules(s)}
	if s.Default != nil && string(s.Default.Raw) != "{}" {
		b, err := yaml.JSONToYAML(s.Default.Raw)
		if err != nil {
			w.err = err
		}
		f.Default = strings.TrimSpace(string(b))
		if strings.Contains(f.Default, "\n") {
			f.Default = string(s.Default.Raw)
		}
	}
	w.fields = append(w.fields, f)
	inner := s
	field, _ := owner.FieldByName(name)
	t := field.Type
	for s.Items != nil && inner.Items != nil {
		inner, path = *inner.Items.Schema, path+"[]"
	}
	for t != nil && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice) {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return
	}
	for field := range t.Fields() {
		child, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if p, ok := inner.Properties[child]; ok {
			w.add(path+"."+child, p, t, field.Name, slices.Contains(inner.Required, child))
		}
	}
}

func typeOf(s apiextensionsv1.JSONSchemaProps) string {
	switch {
	case s.Items != nil:
		return "list of " + typeOf(*s.Items.Schema)
	case s.Type == "object" && s.AdditionalProperties != nil:
		return "map of " + typeOf(*s.AdditionalProperties.Schema)
	}
	return s.Type
}

// rules of a field, and of the items of a list.
func rules(s apiextensionsv1.JSONSchemaProps) (out []string) {
	if len(s.Enum) > 0 {
		var values []string
		for _, e := range s.Enum {
			var v any
			if json.Unmarshal(e.Raw, &v) == nil {
				values = append(values, fmt.Sprint(v))
			}
		}
		out = append(out, "one of "+strings.Join(values, ", "))
	}
	number := func(format string, v *float64) {
		if v != nil {
			out = append(out, fmt.Sprintf(format, int64(*v)))
		}
	}
	number("at least %d", s.Minimum)
	number("at most %d", s.Maximum)
	count := func(bound string, v *int64, what string) {
		switch {
		case v == nil:
		case *v == 1:
			out = append(out, bound+" 1 "+what)
		default:
			out = append(out, fmt.Sprintf("%s %d %ss", bound, *v, what))
		}
	}
	count("at least", s.MinLength, "character")
	count("at most", s.MaxLength, "character")
	count("at least", s.MinItems, "item")
	count("at most", s.MaxItems, "item")
	if len(s.XListMapKeys) > 0 {
		out = append(out, "no two with the same "+strings.Join(s.XListMapKeys, ", "))
	}
	if s.Pattern != "" {
		out = append(out, "matches `"+s.Pattern+"`")
	}
	if s.Items != nil {
		out = append(out, rules(*s.Items.Schema)...)
	}
	for _, v := range s.XValidations {
		out = append(out, v.Message)
	}
	return out
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

//go:generate go test . -run TestSpecPage -update
