package manifest

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/api/operation"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
	"sigs.k8s.io/yaml"

	v1 "thidua.dev/thidua/api/v1"
)

// APIVersion is the apiVersion of every object.
const APIVersion = "thidua.dev/v1"

// kinds holds an empty object of every kind, by name.
var kinds = map[string]v1.Object{
	"Campaign":        &v1.Campaign{},
	"Roster":          &v1.Roster{},
	"Calendar":        &v1.Calendar{},
	"RulePack":        &v1.RulePack{},
	"MessageTemplate": &v1.MessageTemplate{},
}

// Admit does to an object what the API server does when it is created (old is
// nil) or updated: it fills in defaults, validates, checks transitions against
// old, keeps the status that old has, and counts the generation. The object
// given is not changed. What is refused is an error of type Problems.
func Admit(object, old v1.Object) (v1.Object, error) { return admitAt(object, old, origin{}) }

// Admit is the function Admit for an object of the Set: what it refuses, it refuses
// with the file and the line.
func (s *Set) Admit(object, old v1.Object) (v1.Object, error) {
	return admitAt(object, old, s.origins[object])
}

func admitAt(object, old v1.Object, o origin) (v1.Object, error) {
	kind := kindOf(object)
	if kind == "" {
		return nil, fmt.Errorf("manifest: cannot admit a %T", object)
	}
	raw, err := toRaw(object, kind)
	if err != nil {
		return nil, err
	}
	var oldRaw map[string]any
	if !isNil(old) {
		if oldRaw, err = toRaw(old, kind); err != nil {
			return nil, err
		}
		defaulting.Default(oldRaw, schemaOf(kind).structural)
	}
	if problems := schemaOf(kind).admit(raw, oldRaw, o); len(problems) > 0 {
		return nil, problems.sorted()
	}
	meta := raw["metadata"].(map[string]any)
	if oldRaw == nil {
		meta["generation"] = int64(1)
	} else {
		meta["generation"] = old.GetGeneration()
		if !reflect.DeepEqual(withoutMetadata(raw), withoutMetadata(oldRaw)) {
			meta["generation"] = old.GetGeneration() + 1
		}
	}
	return fromRaw(raw, kind)
}

func isNil(o v1.Object) bool { return o == nil || reflect.ValueOf(o).IsNil() }

func withoutMetadata(raw map[string]any) map[string]any {
	rest := make(map[string]any, len(raw))
	for k, v := range raw {
		if k != "metadata" {
			rest[k] = v
		}
	}
	return rest
}

func toRaw(object v1.Object, kind string) (map[string]any, error) {
	raw, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	raw["apiVersion"], raw["kind"] = APIVersion, kind
	return raw, nil
}

func fromRaw(raw map[string]any, kind string) (v1.Object, error) {
	object := reflect.New(reflect.TypeOf(kinds[kind]).Elem()).Interface().(v1.Object)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, object); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return object, nil
}

// schema is one kind's CRD, ready to be applied.
type schema struct {
	kind       string
	structural *structuralschema.Structural
	validator  validation.SchemaValidator
	rules      *cel.Validator
}

var schemas sync.Map // kind → func() *schema; compiling the rules takes a while, so on first use

func schemaOf(kind string) *schema {
	load, _ := schemas.LoadOrStore(kind, sync.OnceValue(func() *schema {
		s, err := newSchema(kind)
		if err != nil {
			panic(fmt.Sprintf("manifest: the embedded CRD of %s: %v", kind, err)) // a test loads every CRD
		}
		return s
	}))
	return load.(func() *schema)()
}

func newSchema(kind string) (*schema, error) {
	data, err := fs.ReadFile(v1.CRDs, "crds/thidua.dev_"+strings.ToLower(kind)+"s.yaml")
	if err != nil {
		return nil, err
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(data, &crd); err != nil {
		return nil, err
	}
	var props apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(crd.Spec.Versions[0].Schema.OpenAPIV3Schema, &props, nil); err != nil {
		return nil, err
	}
	structural, err := structuralschema.NewStructural(&props)
	if err != nil {
		return nil, err
	}
	if err := defaulting.PruneDefaults(structural); err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(&props)
	if err != nil {
		return nil, err
	}
	return &schema{kind, structural, validator, cel.NewValidator(structural, true, celconfig.PerCallLimit)}, nil
}

// admit prunes, fills in defaults and validates raw in place, in the API
// server's order (customresource.strategy): on create the status is dropped, on
// update the old one is kept.
func (s *schema) admit(raw, old map[string]any, o origin) Problems {
	meta, problems := s.metadata(raw, o)
	defaulting.Default(raw, s.structural)
	unknown := pruning.PruneWithOptions(raw, s.structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	defaulting.PruneNonNullableNullsWithoutDefaults(raw, s.structural)
	for _, path := range unknown {
		problems = append(problems, s.unknownField(path, raw, o))
	}
	delete(raw, "status")
	if old != nil && old["status"] != nil {
		raw["status"] = runtime.DeepCopyJSONValue(old["status"])
	}
	errs := s.validate(raw, old, meta)
	problems = append(problems, s.problems(errs, raw, o)...)
	defaulting.Default(raw, s.structural) // as on every read: this is where observedGeneration -1 comes from
	return problems
}

// metadata checks what the schema leaves to the server: the object's name, and
// that metadata holds only what Kubernetes knows. What it refuses it mends in raw,
// so that the rest of the object can be checked all the same.
func (s *schema) metadata(raw map[string]any, o origin) (*metav1.ObjectMeta, Problems) {
	var problems Problems
	m, isMap := raw["metadata"].(map[string]any)
	if !isMap {
		if raw["metadata"] != nil {
			problems = append(problems, o.problem(s.kind, "metadata", "", "must be a group of fields: name, and perhaps labels and annotations"))
		}
		m = map[string]any{}
		raw["metadata"] = m
	}
	name, isText := m["name"].(string)
	switch {
	case m["name"] != nil && !isText:
		problems = append(problems, o.problem(s.kind, "metadata.name", "", o.inQuotes("metadata.name")))
		m["name"] = "unnamed"
	case name == "" && len(problems) == 0:
		problems = append(problems, o.problem(s.kind, "metadata.name", "", "is missing; every object needs a name, such as "+exampleName[s.kind]))
		fallthrough
	case name == "":
		m["name"] = "unnamed"
	}
	object := objectKey{s.kind, name}.String()
	for _, group := range []string{"labels", "annotations"} {
		values, _ := m[group].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(values)) {
			if _, ok := values[key].(string); !ok {
				path := field.NewPath("metadata", group).Key(key).String()
				problems = append(problems, o.problem(object, path, "", o.inQuotes(path)))
				values[key] = ""
			}
		}
	}
	meta, _, unknown, err := objectmeta.GetObjectMetaWithOptions(raw, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		raw["metadata"] = map[string]any{"name": m["name"]}
		return &metav1.ObjectMeta{Name: m["name"].(string)}, append(problems, o.problem(object, "metadata", "", strings.TrimPrefix(err.Error(), "json: ")))
	}
	for _, path := range unknown {
		problems = append(problems, o.problem(object, path, "", "unknown field; metadata takes name, labels and annotations"))
	}
	return meta, problems
}

var exampleName = map[string]string{
	"Campaign": "covid-2021", "Roster": "nganh-tttt-2021", "Calendar": "state", "RulePack": "vn-2003", "MessageTemplate": "nhac-truoc-han",
}

// validate is customresource.strategy's Validate and ValidateUpdate.
func (s *schema) validate(raw, old map[string]any, meta *metav1.ObjectMeta) field.ErrorList {
	ctx := context.Background()
	var errs field.ErrorList
	if old == nil {
		meta = serverMeta(meta, nil)
		errs = append(errs, metavalidation.ValidateObjectMetaDeclaratively(ctx, operation.Create, meta, nil, true, metavalidation.NameIsDNSSubdomain, field.NewPath("metadata"), true)...)
		errs = append(errs, validation.ValidateCustomResource(nil, raw, s.validator)...)
		errs = append(errs, objectmeta.Validate(ctx, nil, raw, s.structural, false)...)
		errs = append(errs, listtype.ValidateListSetsAndMaps(nil, s.structural, raw)...)
		if !blocksRules(errs) {
			ruleErrs, _ := s.rules.Validate(ctx, nil, s.structural, raw, nil, celconfig.RuntimeCELCostBudget)
			errs = append(errs, ruleErrs...)
		}
		return errs
	}
	oldMeta, _, err := objectmeta.GetObjectMeta(old, false)
	if err != nil || oldMeta == nil {
		oldMeta = &metav1.ObjectMeta{}
	}
	oldMeta = serverMeta(oldMeta, nil)
	meta = serverMeta(meta, oldMeta)
	correlated := common.NewCorrelatedObject(raw, old, &model.Structural{Structural: s.structural})
	errs = append(errs, metavalidation.ValidateObjectMetaDeclaratively(ctx, operation.Update, meta, oldMeta, true, nil, field.NewPath("metadata"), true)...)
	errs = append(errs, validation.ValidateCustomResourceUpdate(nil, raw, old, s.validator, validation.WithRatcheting(correlated))...)
	errs = append(errs, objectmeta.Validate(ctx, nil, raw, s.structural, false)...)
	if len(listtype.ValidateListSetsAndMaps(nil, s.structural, old)) == 0 {
		errs = append(errs, listtype.ValidateListSetsAndMaps(nil, s.structural, raw)...)
	}
	if !blocksRules(errs) {
		ruleErrs, _ := s.rules.Validate(ctx, nil, s.structural, raw, old, celconfig.RuntimeCELCostBudget, cel.WithRatcheting(correlated))
		errs = append(errs, ruleErrs...)
	}
	return errs
}

// serverMeta fills in what a server has set before it validates: the namespace,
// and on update what the client left to the stored object.
func serverMeta(meta, old *metav1.ObjectMeta) *metav1.ObjectMeta {
	meta = meta.DeepCopy()
	if meta.Namespace == "" {
		meta.Namespace = metav1.NamespaceDefault
	}
	if meta.ResourceVersion == "" {
		meta.ResourceVersion = "1"
	}
	if old != nil {
		if meta.UID == "" {
			meta.UID = old.UID
		}
		if meta.CreationTimestamp.IsZero() {
			meta.CreationTimestamp = old.CreationTimestamp
		}
		meta.DeletionTimestamp = old.DeletionTimestamp
		meta.DeletionGracePeriodSeconds = old.DeletionGracePeriodSeconds
		meta.Generation = old.Generation
	}
	return meta
}

// blocksRules tells whether the object is too broken for CEL rules to run on it.
func blocksRules(errs field.ErrorList) bool {
	for _, err := range errs {
		switch err.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			return true
		}
	}
	return false
}
