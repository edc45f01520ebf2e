package look

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"thidua.dev/thidua/internal/letters"
)

// Place is where a province lies on a map of tiles of one size.
type Place struct {
	// Code is the province's number in the list of administrative units (Decision
	// 124/2004/QĐ-TTg).
	Code     string `json:"code"`
	Province string `json:"province"`
	Short    string `json:"short"`
	Column   int    `json:"column"` // from 1, westernmost
	Row      int    `json:"row"`    // from 1, northernmost
}

// provinceFile has the 63 provinces and centrally run cities from 2008 to 2025. Tiles
// touch where provinces do, as far as tiles can.
//
//go:embed provinces.csv
var provinceFile []byte

// provinces by their folded names.
var provinces = mustProvinces()

func mustProvinces() map[string]Place {
	rows, err := csv.NewReader(bytes.NewReader(provinceFile)).ReadAll()
	if err != nil {
		panic(err)
	}
	all := map[string]Place{}
	for _, row := range rows[1:] {
		p := Place{Code: row[0], Province: row[1], Short: row[2]}
		if p.Column, err = strconv.Atoi(row[3]); err == nil {
			p.Row, err = strconv.Atoi(row[4])
		}
		if err != nil {
			panic(fmt.Sprintf("provinces.csv: %v: %v", row, err))
		}
		all[fold(p.Province)] = p
	}
	return all
}

// fold writes a name without marks, capitals and signs: Hoà Bình and Hòa Bình are one.
func fold(name string) string {
	var b strings.Builder
	for _, r := range letters.Plain(name) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(r)
		} else {
			b.WriteRune(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// provinceOf is the province with whose name a unit's name ends, as that of a
// provincial department and of a People's Committee does.
func provinceOf(name string) (Place, bool) {
	words := strings.Fields(fold(name))
	for n := min(len(words), 5); n >= 2; n-- { // the longest name first
		if p, ok := provinces[strings.Join(words[len(words)-n:], " ")]; ok {
			return p, true
		}
	}
	return Place{}, false
}

// place puts tiles on the map. A kind of units lies there when most of its units carry
// the name of a province and no two the same: one newspaper called after a town is no
// province, nor are the communes of one. Of two such kinds the larger has the map.
func place(tiles []Tile) {
	type kind struct {
		units int
		named map[string]int // tiles by province
		twice bool
	}
	kinds := map[string]*kind{}
	for i, t := range tiles {
		k := kinds[t.Kind]
		if k == nil {
			k = &kind{named: map[string]int{}}
			kinds[t.Kind] = k
		}
		k.units++
		if p, ok := provinceOf(t.Name); ok {
			_, again := k.named[p.Code]
			k.twice = k.twice || again
			k.named[p.Code] = i
		}
	}
	var best kind
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		if k := kinds[name]; !k.twice && 2*len(k.named) >= k.units && len(k.named) > max(1, len(best.named)) {
			best = *k
		}
	}
	for _, i := range best.named {
		p, _ := provinceOf(tiles[i].Name)
		tiles[i].Place = &p
	}
}
