package scaffold

import (
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"

	"thidua.dev/thidua/internal/manifest"
)

// What may be wrong with a list of units. Texts for people are in catalogues by these.
const (
	TooLarge     = "TooLarge"
	OldExcel     = "OldExcel"
	NotReadable  = "NotReadable"
	NotText      = "NotText"
	NotCSV       = "NotCSV"
	Empty        = "Empty"
	NoHeader     = "NoHeader"
	OnlyHeader   = "OnlyHeader"
	ColumnTwice  = "ColumnTwice"
	TooManyCells = "TooManyCells"
	NameMissing  = "NameMissing"
	CodeMissing  = "CodeMissing"
	TooLong      = "TooLong"
	BadCode      = "BadCode"
	BadKind      = "BadKind"
	UnitTwice    = "UnitTwice"
	UnknownUnit  = "UnknownUnit"
	BadEmail     = "BadEmail"
)

// Codes are all of them.
var Codes = []string{
	TooLarge, OldExcel, NotReadable, NotText, NotCSV, Empty, NoHeader, OnlyHeader, ColumnTwice, TooManyCells,
	NameMissing, CodeMissing, TooLong, BadCode, BadKind, UnitTwice, UnknownUnit, BadEmail,
}

// CellProblem is one thing to mend in a list of units.
type CellProblem struct {
	Code    string `json:"code"`
	Row     int    `json:"row,omitempty"`     // from 1, as people see it; 0: the whole file
	Column  int    `json:"column,omitempty"`  // from 1; 0: the whole row
	Field   string `json:"field,omitempty"`   // of a unit
	Heading string `json:"heading,omitempty"` // of the column, as written
	Value   string `json:"value,omitempty"`   // the cell's text
	Other   string `json:"other,omitempty"`   // the other row, or the limit
}

// Cell is the cell as spreadsheets call it, such as C7; only the row's number without a
// column, and empty for the whole file.
func (p CellProblem) Cell() string {
	if p.Row == 0 {
		return ""
	}
	name, err := excelize.ColumnNumberToName(p.Column)
	if err != nil {
		name = ""
	}
	return fmt.Sprintf("%s%d", name, p.Row)
}

// CellProblems are all of a list's.
type CellProblems []CellProblem

// wording is for the command line, which speaks of rows as lines.
var wording = map[string]string{
	TooLarge:     "is larger than a list of units can be: at most 16 MiB, 50,000 rows and 200 columns",
	OldExcel:     "is a workbook of Excel before 2007 (.xls); save it as .xlsx or as CSV UTF-8",
	NotReadable:  "can't be read; expected a workbook of Excel (.xlsx), or CSV in UTF-8",
	NotText:      "not text in UTF-8; in Excel, save it as .xlsx or as CSV UTF-8",
	NotCSV:       `not valid CSV: a quotation mark is not closed, or stands inside a cell; write "" for one`,
	Empty:        "the file is empty; expected a header with code and name, then a row for each unit",
	NoHeader:     "the column name is missing; expected a header with code and name, or Mã and Tên đơn vị",
	OnlyHeader:   "only a header; expected a row for each unit",
	ColumnTwice:  "two columns are headed alike; keep one",
	TooManyCells: "has more cells than the header has columns; put a cell that holds a comma in quotes",
	NameMissing:  "the unit has no name; give it one, or take the row away",
	CodeMissing:  "the unit has no code; give each unit a code of its own, such as SYT",
	TooLong:      "is too long: at most {other} characters",
	BadCode:      "cannot be a code: letters without marks, digits, and . _ - between them",
	BadKind:      "cannot be a kind of unit: begin with a letter",
	UnitTwice:    "the unit is there twice; the first is on line {other}: give each unit one row, with a code of its own",
	UnknownUnit:  "no unit of the list has this code or name",
	BadEmail:     "must be one bare e-mail address, such as van-thu@don-vi.gov.vn",
}

// Problems are the same for the command line.
func (ps CellProblems) Problems(file string) manifest.Problems {
	var all manifest.Problems
	for _, p := range ps {
		all = append(all, manifest.Problem{
			File: file, Line: p.Row, Column: p.Column, Field: p.Field, Value: p.Value,
			Message: strings.ReplaceAll(wording[p.Code], "{other}", p.Other),
		})
	}
	return all
}
