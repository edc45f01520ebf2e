package plan

import (
	"embed"
	"fmt"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"thidua.dev/thidua/internal/calendar"
)

//go:embed texts/*.yaml
var textFiles embed.FS

// catalogue holds the words of one language by key.
type catalogue map[string]string

// catalogues are read once: the files are part of the binary, so a broken one is
// a bug that every test finds.
var catalogues = map[string]catalogue{"vi": mustCatalogue("vi"), "en": mustCatalogue("en")}

func mustCatalogue(language string) catalogue {
	data, err := textFiles.ReadFile("texts/" + language + ".yaml")
	if err != nil {
		panic(err)
	}
	var c catalogue
	if err := yaml.UnmarshalStrict(data, &c); err != nil {
		panic(fmt.Sprintf("texts/%s.yaml: %v", language, err))
	}
	return c
}

// text fills pairs of {name} and value into the words of a key.
func (c catalogue) text(key string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(c[key])
}

func (c catalogue) date(d calendar.Date) string {
	return d.At(0, 0, time.UTC).Format(c["date"])
}

func (c catalogue) weekday(d calendar.Date) string {
	return c[fmt.Sprintf("weekday.%d", d.Weekday())]
}

func (c catalogue) makeUp(key string, day NamedDays) string {
	return c.text(key, "{weekday}", c.weekday(day.First), "{day}", c.date(day.First), "{name}", day.Name)
}
