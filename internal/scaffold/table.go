package scaffold

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/unicode"
)

// MaxSize of a list of units in bytes, far above the country: 11,367 units are about 2 MiB.
const MaxSize = 16 << 20

// maxRows and maxColumns bound what a hostile sheet can make of few bytes.
const (
	maxRows    = 50_000
	maxColumns = 200
	// unzipped is what a workbook may grow to.
	unzipped = 64 << 20
)

// line is a row of a table, with its number as people see it.
type line struct {
	no    int
	cells []string
}

// readTables reads a list as spreadsheets keep it: the sheets of a workbook of Excel that
// have anything on them, or CSV.
func readTables(file string, data []byte) ([][]line, *CellProblem) {
	switch {
	case len(data) > MaxSize:
		return nil, &CellProblem{Code: TooLarge}
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return readWorkbook(data)
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")): // before 2007
		return nil, &CellProblem{Code: OldExcel}
	}
	lines, problem := readCSV(file, data)
	return [][]line{lines}, problem
}

func readWorkbook(data []byte) (sheets [][]line, problem *CellProblem) {
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: unzipped, UnzipXMLSizeLimit: unzipped})
	if err != nil {
		return nil, &CellProblem{Code: NotReadable}
	}
	defer f.Close()
	for _, sheet := range f.GetSheetList() {
		if visible, err := f.GetSheetVisible(sheet); err != nil || !visible {
			continue
		}
		lines, problem := readSheet(f, sheet)
		if problem != nil {
			return nil, problem
		}
		if len(lines) > 0 {
			sheets = append(sheets, lines)
		}
	}
	if len(sheets) == 0 {
		return nil, &CellProblem{Code: Empty}
	}
	return sheets, nil
}

func readSheet(f *excelize.File, sheet string) ([]line, *CellProblem) {
	rows, err := f.Rows(sheet)
	if err != nil {
		return nil, &CellProblem{Code: NotReadable}
	}
	defer rows.Close()
	var lines []line
	for no := 1; rows.Next(); no++ {
		cells, err := rows.Columns()
		if err != nil {
			return nil, &CellProblem{Code: NotReadable, Row: no}
		}
		if no > maxRows || len(cells) > maxColumns {
			return nil, &CellProblem{Code: TooLarge, Row: no}
		}
		if l := (line{no, trimmed(cells)}); !l.empty() {
			lines = append(lines, l)
		}
	}
	if rows.Error() != nil {
		return nil, &CellProblem{Code: NotReadable}
	}
	return lines, nil
}

// readCSV reads text separated by commas, by semicolons where the comma is the decimal
// sign, or by tabs, as spreadsheets save it.
func readCSV(file string, data []byte) ([]line, *CellProblem) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		decoded, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(data)
		if err != nil {
			return nil, &CellProblem{Code: NotText}
		}
		data = decoded
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if bytes.IndexByte(data, 0) >= 0 || !utf8.Valid(data) {
		if ext := strings.ToLower(filepath.Ext(file)); ext != ".csv" && ext != ".txt" {
			return nil, &CellProblem{Code: NotReadable}
		}
		return nil, &CellProblem{Code: NotText}
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma, r.FieldsPerRecord = separator(data), -1
	var lines []line
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			p := &CellProblem{Code: NotCSV}
			var syntax *csv.ParseError
			if errors.As(err, &syntax) {
				p.Row = syntax.StartLine
			}
			return nil, p
		}
		no, _ := r.FieldPos(0)
		if len(lines) >= maxRows || len(record) > maxColumns {
			return nil, &CellProblem{Code: TooLarge, Row: no}
		}
		if l := (line{no, trimmed(record)}); !l.empty() { // spreadsheets leave rows of bare commas behind
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 {
		return nil, &CellProblem{Code: Empty}
	}
	return lines, nil
}

// separator is what the first lines have most of.
func separator(data []byte) rune {
	head := data[:min(len(data), 4096)]
	best, most := ',', bytes.Count(head, []byte(","))
	for _, r := range ";\t" {
		if n := bytes.Count(head, []byte(string(r))); n > most {
			best, most = r, n
		}
	}
	return best
}

func trimmed(cells []string) []string {
	for i, c := range cells {
		cells[i] = strings.Join(strings.Fields(c), " ") // Excel breaks lines inside of cells
	}
	return cells
}

func (l line) empty() bool {
	for _, c := range l.cells {
		if c != "" {
			return false
		}
	}
	return true
}

// cell is empty where a row is shorter than its header.
func (l line) cell(column int) string {
	if column < 0 || column >= len(l.cells) {
		return ""
	}
	return l.cells[column]
}
