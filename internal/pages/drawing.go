package pages

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// drawing is a picture before it is written as SVG: marks from back to front. Its colours
// are classes of the style sheet, so that it is dark in the dark and prints.
type drawing struct {
	id, title, desc string
	width, height   int
	screen          string // whose it is, where there are two: wide or narrow
	boxes           []box
	strokes         []stroke
	dots            []dot
	words           []words
	tiles           []tile
}

// Places are in the drawing's own units, of which a wide one has about one a pixel.
// They are geometry and no figures: what is counted stays whole.
type box struct {
	x, y, w, h float64
	class      string
	tip        string // what a mouse is told
}

type stroke struct {
	path, class string
}

type dot struct {
	x, y, r float64
	class   string
}

// words are centred on x, or begin or end there.
type words struct {
	x, y          float64
	anchor, class string
	text          string
}

// tile is a box with words that leads somewhere.
type tile struct {
	x, y, w, h         float64
	class, href, label string
	lines              []string // the first is its state
}

// place of a mark.
func at(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// tidy keeps a tenth of a unit: more is not seen and is sent.
func tidy(n float64) float64 {
	v, _ := strconv.ParseFloat(strconv.FormatFloat(n, 'f', 1, 64), 64)
	return v
}

func (d *drawing) viewBox() string { return fmt.Sprintf("0 0 %d %d", d.width, d.height) }

func (d *drawing) class() string {
	if d.screen == "" {
		return "drawing"
	}
	return "drawing for-" + d.screen
}

// labelled are the ids of its title and description.
func (d *drawing) labelled() string { return d.id + "-title " + d.id + "-desc" }

// role of a drawing: one that leads somewhere is a group, since what is inside of an
// image is not reached by keyboard or read aloud.
func (d *drawing) role() string {
	if len(d.tiles) > 0 {
		return "group"
	}
	return "img"
}

func (d *drawing) box(x, y, w, h float64, class, tip string) {
	if w > 0 && h > 0 {
		d.boxes = append(d.boxes, box{tidy(x), tidy(y), tidy(w), tidy(h), class, tip})
	}
}

func (d *drawing) line(x1, y1, x2, y2 float64, class string) {
	d.strokes = append(d.strokes, stroke{fmt.Sprintf("M%s %sL%s %s", at(tidy(x1)), at(tidy(y1)), at(tidy(x2)), at(tidy(y2))), class})
}

func (d *drawing) text(x, y float64, anchor, class, text string) {
	d.words = append(d.words, words{tidy(x), tidy(y), anchor, class, text})
}

// both are a drawing for a desk and one for a telephone: text that shrinks with its
// picture cannot be read.
func both(draw func(narrow bool) drawing) []drawing {
	wide, narrow := draw(false), draw(true)
	wide.id, narrow.id, wide.screen, narrow.screen = wide.id+"-wide", narrow.id+"-narrow", "wide", "narrow"
	return []drawing{wide, narrow}
}

// cut leaves so many letters of a text.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	return strings.TrimRight(string(r[:n-1]), " ,-(") + "…"
}

// tail leaves the end of a code, where codes differ.
func tail(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return "…" + string(r[len(r)-n+1:])
}

// brief takes off the words with which all names of a list begin, such as those of the
// department in whose province each is, as long as what is left is still a name.
func brief(names []string) []string {
	if len(names) < 2 {
		return names
	}
	first := strings.Fields(names[0])
	common := max(0, len(first)-1)
	for _, name := range names {
		fields := strings.Fields(name)
		n := 0
		for n < min(common, len(fields)-1) && fields[n] == first[n] {
			n++
		}
		common = n
	}
	without := func(name string, n int) string { return strings.Join(strings.Fields(name)[n:], " ") }
	for common > 0 && slices.ContainsFunc(names, func(name string) bool { return utf8.RuneCountInString(without(name, common)) < 4 }) {
		common--
	}
	if common < 2 {
		return names // one word is a kind, as in Vụ and Cục, and says something
	}
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = without(name, common)
	}
	return out
}
