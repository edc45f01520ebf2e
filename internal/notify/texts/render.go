package texts

import (
	"fmt"
	"html"
	"strings"
	"unicode"
)

// Table of a message: one row a notice.
type Table struct {
	Columns []string
	Rows    [][]string // cells may hold marks of Link
}

// Clean takes control characters out of what came from outside and makes it one
// line, so that a name can neither forge a mark nor a heading.
func Clean(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }), " ")
}

// paragraphs splits a filled-in body at blank lines; lines that conditions left
// empty vanish.
func paragraphs(body string) []string {
	var out []string
	var lines []string
	flush := func() {
		if len(lines) > 0 {
			out = append(out, strings.Join(lines, "\n"))
			lines = nil
		}
	}
	for line := range strings.Lines(strings.ReplaceAll(body, TableMark, "\n\n"+TableMark+"\n\n")) {
		if line = strings.TrimSpace(line); line == "" {
			flush()
			continue
		}
		lines = append(lines, line)
	}
	flush()
	return out
}

// Line is a filled-in subject.
func Line(subject string) string { return Clean(plainLinks(subject)) }

// Part is a message in one language, filled in.
type Part struct {
	Language Language
	// Subject is a Line; Body and the cells of Table may hold marks.
	Subject, Body, Footer string
	Table                 Table
}

// Text is a message as plain text, its languages one below the other.
func Text(parts []Part) string {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteString("\n* * *\n\n" + p.Subject + "\n\n")
		}
		for _, paragraph := range paragraphs(p.Body) {
			if paragraph == TableMark {
				paragraph = p.Table.text()
			}
			b.WriteString(plainLinks(paragraph) + "\n\n")
		}
		b.WriteString(p.Footer + "\n")
	}
	return b.String()
}

// HTML is the same message as a page.
func HTML(parts []Part) (string, error) {
	type part struct{ Lang, Subject, Body, Footer string }
	var escaped []part
	for _, p := range parts {
		var b strings.Builder
		for i, paragraph := range paragraphs(p.Body) {
			if i > 0 {
				b.WriteByte('\n')
			}
			if paragraph == TableMark {
				p.Table.html(&b)
				continue
			}
			b.WriteString("<p>" + strings.ReplaceAll(htmlLinks(paragraph), "\n", "<br>\n") + "</p>")
		}
		escaped = append(escaped, part{string(p.Language), html.EscapeString(p.Subject), b.String(), html.EscapeString(p.Footer)})
	}
	var page strings.Builder
	err := layout.Execute(&page, escaped)
	return page.String(), err
}

// text writes a row on a line, each cell with its column's name, for readers who
// see or hear one line at a time.
func (t Table) text() string {
	lines := make([]string, len(t.Rows))
	for i, row := range t.Rows {
		var b strings.Builder
		fmt.Fprintf(&b, "%s. %s.", row[0], row[1])
		for j, cell := range row[2:] {
			if cell != "" {
				fmt.Fprintf(&b, " %s: %s", t.Columns[j+2], plainLinks(cell))
				// A full stop would become part of the address.
				if !strings.ContainsRune(cell, linkStart) {
					b.WriteByte('.')
				}
			}
		}
		lines[i] = b.String()
	}
	return strings.Join(lines, "\n")
}

func (t Table) html(b *strings.Builder) {
	b.WriteString("<table>\n<thead><tr>")
	for _, c := range t.Columns {
		b.WriteString(`<th scope="col">` + html.EscapeString(c) + "</th>")
	}
	b.WriteString("</tr></thead>\n<tbody>\n")
	for _, row := range t.Rows {
		b.WriteString("<tr>")
		for _, cell := range row {
			b.WriteString("<td>" + htmlLinks(cell) + "</td>")
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</tbody>\n</table>")
}

func plainLinks(s string) string {
	return replaceLinks(s, func(text string) string { return text }, func(url, _ string) string { return url })
}

func htmlLinks(s string) string {
	return replaceLinks(s, html.EscapeString, func(url, words string) string {
		if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "mailto:") {
			return html.EscapeString(words) // an operator's template may name any
		}
		return `<a href="` + html.EscapeString(url) + `">` + html.EscapeString(words) + `</a>`
	})
}

func replaceLinks(s string, text func(string) string, link func(url, words string) string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, string(linkStart))
		b.WriteString(text(before))
		if !found {
			return b.String()
		}
		mark, after, _ := strings.Cut(rest, string(linkEnd))
		url, words, _ := strings.Cut(mark, string(linkMiddle))
		b.WriteString(link(url, words))
		s = after
	}
}
