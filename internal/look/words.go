package look

import (
	"embed"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"

	v1 "thidua.dev/thidua/api/v1"
)

//go:embed texts/vi.yaml texts/en.yaml
var textFiles embed.FS

// words are read once: the files are part of the binary, so a broken one is a
// bug that every test finds.
var words = map[string]map[string]string{"vi": mustWords("vi"), "en": mustWords("en")}

func mustWords(language string) map[string]string {
	data, err := textFiles.ReadFile("texts/" + language + ".yaml")
	if err != nil {
		panic(err)
	}
	var w map[string]string
	if err := yaml.UnmarshalStrict(data, &w); err != nil {
		panic(fmt.Sprintf("texts/%s.yaml: %v", language, err))
	}
	return w
}

// Word is a code in words, such as Word("reason.NoContact") or
// Word("step.prepare"). A code without words, such as a step of an office's own
// naming, is shown as it is.
func Word(key string) v1.Text {
	if vi, ok := words["vi"][key]; ok {
		return v1.Text{VI: vi, EN: words["en"][key]}
	}
	_, code, _ := strings.Cut(key, ".")
	return v1.Text{VI: code, EN: code}
}

// reason is Word of a reason code; no code, no words.
func reason(code string) v1.Text {
	if code == "" {
		return v1.Text{}
	}
	return Word("reason." + code)
}
