package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
	"sigs.k8s.io/yaml"
)

// column of a table for people.
type column[T any] struct {
	title string
	cell  func(T) string
	wide  bool // with -o wide only
}

// writeList writes a list in the format asked for. Tables are for people; JSON
// and YAML are one document, an array even when it is empty.
func writeList[T any](a *app, format, what string, items []T, name func(T) string, columns []column[T]) error {
	switch format {
	case formatJSON, formatYAML:
		if items == nil {
			items = []T{}
		}
		return WriteDocument(a.out, format, items)
	case formatName:
		for _, item := range items {
			fmt.Fprintln(a.out, name(item))
		}
		return nil
	}
	if len(items) == 0 {
		fmt.Fprintf(a.err, "no %s\n", what)
		return nil
	}
	var t table
	var titles []string
	for _, c := range columns {
		if !c.wide || format == formatWide {
			titles = append(titles, c.title)
		}
	}
	t.add(titles...)
	for _, item := range items {
		var cells []string
		for _, c := range columns {
			if !c.wide || format == formatWide {
				cells = append(cells, c.cell(item))
			}
		}
		t.add(cells...)
	}
	return t.write(a.out, "")
}

// WriteDocument writes one JSON or YAML document.
func WriteDocument(w io.Writer, format string, v any) error {
	if format == formatYAML {
		b, err := yaml.Marshal(v)
		if err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// table aligns cells by their width on the screen: Vietnamese may be written
// with combining marks, which take no room.
type table struct{ rows [][]string }

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) write(w io.Writer, indent string) error {
	var b strings.Builder
	for _, line := range t.lines(indent) {
		b.WriteString(line + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *table) lines(indent string) []string {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], screen.StringWidth(cell))
		}
	}
	lines := make([]string, len(t.rows))
	for n, row := range t.rows {
		var line strings.Builder
		line.WriteString(indent)
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", widths[i]-screen.StringWidth(cell)+3))
		}
		lines[n] = strings.TrimRight(line.String(), " ")
	}
	return lines
}

// screen does not ask the environment: tables look the same everywhere.
var screen = &runewidth.Condition{StrictEmojiNeutral: true}

// plainWidth is how wide text is for what is no terminal.
const plainWidth = 80

// width of the terminal that is written to.
func (a *app) width() int {
	if f, ok := a.out.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 20 {
			return width
		}
	}
	return plainWidth
}

// wrap breaks text between words, so that no line is wider than the screen unless a
// word is. The first line begins with first, those after it with rest.
func wrap(text, first, rest string, width int) string {
	var b strings.Builder
	line, empty := first, true
	for word := range strings.SplitSeq(text, " ") {
		if !empty && screen.StringWidth(line)+1+screen.StringWidth(word) > width {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line, empty = rest, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
	return b.String()
}

// counted is a number of things: 1 unit, 2 units.
func counted[N int | int64](n N, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// orDash stands in for what is not there.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
