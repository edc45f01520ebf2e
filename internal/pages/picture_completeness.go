package pages

import (
	"fmt"
	"math"
	"strings"
	"time"

	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/notify/texts"
)

// counted is a number of units in one state, with its colour's class.
type counted struct {
	state string
	n     int64
}

// fared are the counts of a round in the order in which they are stacked.
func fared(r look.Round) []counted {
	return []counted{{"OnTime", r.OnTime}, {"Late", r.Late}, {"Overdue", r.Overdue}, {"Lapsed", r.Lapsed}, {"NotYet", r.NotYet}}
}

// stateWords say counts in words, those that are not zero: 86 đúng hạn, 1 nộp muộn.
func stateWords(u ui, counts []counted) string {
	var parts []string
	for _, c := range counts {
		if c.n > 0 {
			parts = append(parts, u.t("picture.state."+c.state, "{n}", u.n(c.n)))
		}
	}
	return strings.Join(parts, ", ")
}

// completenessWords are the sentence above the picture.
func completenessWords(u ui, r look.Round) string {
	return u.t("completeness.says", "{round}", u.text(r.Title), "{received}", u.n(r.Received), "{expected}", u.n(r.Expected), "{states}", stateWords(u, fared(r)))
}

// frame is where a drawing has its scale.
type frame struct{ left, right, top, bottom float64 }

func (f frame) width() float64  { return f.right - f.left }
func (f frame) height() float64 { return f.bottom - f.top }

// apart tells whether there is room at x beside those that are there, and takes it.
func apart(taken *[]float64, x, gap float64) bool {
	for _, t := range *taken {
		if math.Abs(t-x) < gap {
			return false
		}
	}
	*taken = append(*taken, x)
	return true
}

func date(day string) time.Time {
	t, _ := time.Parse(time.DateOnly, day)
	return t
}

// dayMonth is a day of a scale: 15/10.
func (u ui) dayMonth(day string) string { return texts.In(u.lang).DayMonth(date(day)) }

// weekday is the name of a day.
func (u ui) weekday(day string) string { return texts.In(u.lang).Weekday(date(day)) }

func completenessDrawings(u ui, c look.Completeness) []drawing {
	return both(func(narrow bool) drawing { return drawCompleteness(u, c, narrow) })
}

// drawCompleteness stacks what had come by the end of each day. Days that have not come
// stay empty, so that one sees how long the round is.
func drawCompleteness(u ui, c look.Completeness, narrow bool) drawing {
	d := drawing{id: "completeness", title: u.t("picture.completeness"), desc: completenessWords(u, *c.Round), width: 860, height: 270}
	f := frame{44, 852, 24, 226}
	if narrow {
		d.width, d.height, f = 340, 230, frame{38, 336, 22, 190}
	}
	first := date(c.Days[0].Day.Day)
	last := date(c.Round.ClosesAt.Format(time.DateOnly))
	if end := date(c.Days[len(c.Days)-1].Day.Day); last.Before(end) {
		last = end
	}
	days := int(last.Sub(first).Hours()/24) + 1
	step := f.width() / float64(days)
	gap := 0.0
	if step >= 6 {
		gap = 1
	}
	for _, percent := range []int{0, 50, 100} {
		y := f.bottom - f.height()*float64(percent)/100
		d.line(f.left, y, f.right, y, "scale")
		d.text(f.left-6, y+4, "end", "quiet", fmt.Sprintf("%d%%", percent))
	}
	var due look.CurveDay
	dueX := 0.0
	for i, day := range c.Days {
		x, y := f.left+float64(i)*step, f.bottom
		tip := u.t("completeness.day", "{day}", u.day(day.Day.Day), "{states}", stateWords(u, dayCounts(day)))
		for _, n := range dayCounts(day) {
			if n.state == "NotYet" || day.Expected == 0 {
				continue
			}
			h := f.height() * float64(n.n) / float64(day.Expected)
			y -= h
			d.box(x, y, step-gap, h, n.state, tip)
		}
		if day.Due > due.Due {
			due, dueX = day, x+(step-gap)/2
		}
	}
	var taken []float64
	label := func(x float64, anchor, text string) {
		at := x
		switch anchor {
		case "start":
			at += 16
		case "end":
			at -= 16
		}
		if apart(&taken, at, 40) {
			d.text(x, f.bottom+17, anchor, "quiet", text)
		}
	}
	if due.Due > 0 {
		d.line(dueX, f.top-7, dueX, f.top, "deadline")
		d.text(dueX, f.top-11, "middle", "strong", u.t("completeness.due", "{day}", u.dayMonth(due.Day.Day)))
		taken = append(taken, dueX)
	}
	label(f.left, "start", u.dayMonth(c.Days[0].Day.Day))
	label(f.right, "end", u.dayMonth(last.Format(time.DateOnly)))
	if n := len(c.Days); c.Round.State == "Open" && n < days {
		x := f.left + float64(n)*step
		d.line(x, f.top, x, f.bottom+4, "today")
		label(x, "middle", u.t("picture.today"))
	}
	d.text(f.left, float64(d.height)-8, "start", "quiet", u.t("completeness.opens"))
	d.text(f.right, float64(d.height)-8, "end", "quiet", u.t("completeness.closes"))
	return d
}

func dayCounts(d look.CurveDay) []counted {
	return []counted{{"OnTime", d.OnTime}, {"Late", d.Late}, {"Overdue", d.Overdue}, {"NotYet", d.NotYet}}
}

func completenessSheet(u ui, p look.Pictures) sheet {
	c := p.Completeness
	s := sheet{columns: u.columns("day", "dayKind", "#expected", "#OnTime", "#Late", "#Overdue", "#NotYet", "#due")}
	if c.Round != nil {
		s.caption = u.t("completeness.table", "{round}", u.text(c.Round.Title))
	}
	for _, d := range c.Days {
		s.rows = append(s.rows, []cell{
			u.dayCell(d.Day.Day), text(u.dayKind(d.Day)), u.cell(d.Expected), u.cell(d.OnTime), u.cell(d.Late), u.cell(d.Overdue), u.cell(d.NotYet), u.cell(d.Due),
		})
	}
	return s
}

// dayKind says of a day that it is off, or worked in place of another one.
func (u ui) dayKind(d look.Day) string {
	switch {
	case d.Name != "":
		return d.Name
	case !d.Working:
		return u.t("picture.off")
	}
	return ""
}

// columns of a sheet by their keys; # is before those of numbers.
func (u ui) columns(keys ...string) []column {
	out := make([]column, len(keys))
	for i, key := range keys {
		name, num := strings.CutPrefix(key, "#")
		out[i] = column{u.t("picture.column." + name), num}
	}
	return out
}

func roundsSheet(u ui, p look.Pictures) sheet {
	s := sheet{columns: u.columns("round", "dueAt", "closesAt", "#expected", "#OnTime", "#Late", "#Overdue", "#Lapsed", "#NotYet")}
	for _, r := range p.Completeness.Rounds {
		s.rows = append(s.rows, []cell{
			text(u.text(r.Title)), u.instantCell(r.DueAt), u.instantCell(r.ClosesAt), u.cell(r.Expected), u.cell(r.OnTime), u.cell(r.Late), u.cell(r.Overdue), u.cell(r.Lapsed), u.cell(r.NotYet),
		})
	}
	return s
}

// instantCell is an instant as spreadsheets read it.
func (u ui) instantCell(t time.Time) cell {
	return cell{text: u.moment(t), raw: t.Format("2006-01-02 15:04")}
}

// share of a bar, in its hundred.
func share(n, of int64) float64 {
	if of == 0 {
		return 0
	}
	return tidy(100 * float64(n) / float64(of))
}

// stacked are the boxes of a bar of a hundred.
func stacked(r look.Round) []box {
	var boxes []box
	x := 0.0
	for _, c := range fared(r) {
		if w := share(c.n, r.Expected); w > 0 {
			boxes = append(boxes, box{x: x, w: w, h: 8, class: c.state})
			x = tidy(x + w)
		}
	}
	return boxes
}
