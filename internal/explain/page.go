package explain

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Page writes the fields of a kind as a section of a page in Markdown.
func Page(w io.Writer, kind string) error {
	_, _, fields, err := Of(kind)
	if err != nil {
		return err
	}
	first := false                 // of the fields inside one
	for _, f := range fields[1:] { // spec itself says nothing of its own
		if strings.HasSuffix(f.Path, ".vi") || strings.HasSuffix(f.Path, ".en") {
			continue // of a text, which is said once
		}
		depth := strings.Count(f.Path, ".")
		facts := []string{f.Type}
		if slices.ContainsFunc(fields, func(g Field) bool { return g.Path == f.Path+".vi" }) {
			facts[0] = "text, vi and en"
		}
		if f.Required {
			facts = append(facts, "required")
		}
		if f.Default != "" {
			facts = append(facts, "default `"+f.Default+"`")
		}
		text := f.Text
		if len(f.Rules) > 0 {
			text += " Rules: " + strings.Join(f.Rules, "; ") + "."
		}
		if depth == 1 {
			fmt.Fprintf(w, "\n### %s\n\n%s\n(%s)\n", f.Path, text, strings.Join(facts, ", "))
			first = true
			continue
		}
		if first {
			fmt.Fprintln(w)
		}
		first = false
		fmt.Fprintf(w, "%s- `%s` (%s): %s\n", strings.Repeat("  ", depth-2), f.Path, strings.Join(facts, ", "), text)
	}
	return nil
}
