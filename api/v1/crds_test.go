package v1_test

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"sigs.k8s.io/yaml"

	v1 "thidua.dev/thidua/api/v1"
)

func eachCRD(t *testing.T, check func(t *testing.T, crd *apiextensionsv1.CustomResourceDefinition)) {
	files, err := fs.Glob(v1.CRDs, "crds/*.yaml")
	if err != nil || len(files) != 5 {
		t.Fatalf("%d CRDs, %v; expected one for each of the five kinds", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(file, "crds/thidua.dev_"), ".yaml"), func(t *testing.T) {
			data, err := fs.ReadFile(v1.CRDs, file)
			if err != nil {
				t.Fatal(err)
			}
			var crd apiextensionsv1.CustomResourceDefinition
			if err := yaml.UnmarshalStrict(data, &crd); err != nil {
				t.Fatal(err)
			}
			check(t, &crd)
		})
	}
}

// A cluster has to take the CRDs: a rule that is too costly, or a default that
// the schema itself refuses, shows only there.
func TestClusterTakesCRDs(t *testing.T) {
	eachCRD(t, func(t *testing.T, crd *apiextensionsv1.CustomResourceDefinition) {
		apiextensionsv1.SetDefaults_CustomResourceDefinition(crd)
		apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&crd.Spec)
		var internal apiextensions.CustomResourceDefinition
		if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(crd, &internal, nil); err != nil {
			t.Fatal(err)
		}
		internal.Status.StoredVersions = []string{"v1"} // as the server writes it
		for _, err := range validation.ValidateCustomResourceDefinition(context.Background(), &internal) {
			t.Error(err)
		}
	})
}

// explain reads the comments, and so do the messages about missing fields. Each
// field's comment begins with its name, so that it is the field's own and not
// that of its type.
func TestEveryFieldHasAComment(t *testing.T) {
	eachCRD(t, func(t *testing.T, crd *apiextensionsv1.CustomResourceDefinition) {
		schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
		if schema.Description == "" {
			t.Error("the kind has no comment")
		}
		spec := schema.Properties["spec"]
		eachProperty("spec", spec, func(path, name string, p apiextensionsv1.JSONSchemaProps) {
			if !strings.HasPrefix(p.Description, name+" ") {
				t.Errorf("%s: the comment is %q; expected one that begins with %q", path, p.Description, name)
			}
		})
		// without limits the server must assume the worst when it costs a rule
		eachProperty("spec", spec, func(path, _ string, p apiextensionsv1.JSONSchemaProps) {
			if p.Type == "array" && p.MaxItems == nil {
				t.Errorf("%s: a list needs maxItems", path)
			}
			if p.Type == "string" && p.MaxLength == nil && len(p.Enum) == 0 {
				t.Errorf("%s: a string needs maxLength", path)
			}
		})
	})
}

func eachProperty(path string, s apiextensionsv1.JSONSchemaProps, visit func(path, name string, p apiextensionsv1.JSONSchemaProps)) {
	for name, p := range s.Properties {
		at := fmt.Sprintf("%s.%s", path, name)
		visit(at, name, p)
		eachProperty(at, p, visit)
	}
	if s.Items != nil && s.Items.Schema != nil {
		eachProperty(path+"[]", *s.Items.Schema, visit)
	}
}
