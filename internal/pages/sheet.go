package pages

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
)

// sheet is a table of numbers, on a page or as a file.
type sheet struct {
	caption string
	columns []column
	rows    [][]cell
}

type column struct {
	title string
	num   bool // stands to the right
}

// cell is what is read on a page and, where a program reads it otherwise, in a file.
type cell struct {
	text string
	raw  string // empty: text
	href string
}

func text(s string) cell { return cell{text: s} }

// n is a number: 11.367 on the page, 11367 in the file.
func (u ui) cell(n int64) cell { return cell{text: u.n(n), raw: strconv.FormatInt(n, 10)} }

// dayCell is a day: 15/10/2021 on the page, 2021-10-15 in the file.
func (u ui) dayCell(day string) cell { return cell{text: u.day(day), raw: day} }

func (c cell) file() string {
	if c.raw != "" {
		return c.raw
	}
	return c.text
}

// inert keeps a spreadsheet from taking text for a formula.
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// byteOrderMark tells Excel that a file is UTF-8.
const byteOrderMark = "\ufeff"

func writeSheet(w http.ResponseWriter, name string, s sheet) error {
	b := bytes.NewBufferString(byteOrderMark)
	out := csv.NewWriter(b)
	out.UseCRLF = true
	titles := make([]string, len(s.columns))
	for i, c := range s.columns {
		titles[i] = inert(c.title)
	}
	if err := out.Write(titles); err != nil {
		return err
	}
	for _, row := range s.rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = inert(c.file())
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+name+`.csv"`) // names are those of objects: letters, digits, - and .
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	_, _ = w.Write(b.Bytes()) // a reader who is gone is no error of ours
	return out.Error()
}
