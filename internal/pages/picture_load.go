package pages

import (
	"cmp"
	"slices"
	"strings"

	"thidua.dev/thidua/internal/look"
)

// loads are what a day brings, each with a panel of its own: their sizes don't compare.
var loads = []struct {
	name string
	of   func(look.LoadDay) int64
}{
	{"messages", func(d look.LoadDay) int64 { return d.Messages }},
	{"letters", func(d look.LoadDay) int64 { return d.Letters }},
	{"deadlines", func(d look.LoadDay) int64 { return d.Deadlines }},
}

func loadTotal(l look.Load, of func(look.LoadDay) int64) (total int64, most look.LoadDay) {
	for _, d := range l.Days {
		total += of(d)
		if of(d) > of(most) {
			most = d
		}
	}
	return total, most
}

// idle tells that nothing is to come.
func idle(l look.Load) bool {
	return !slices.ContainsFunc(l.Days, func(d look.LoadDay) bool { return len(d.Items) > 0 })
}

func loadWords(u ui, l look.Load) string {
	var parts []string
	for _, one := range loads {
		if total, most := loadTotal(l, one.of); total > 0 {
			parts = append(parts, u.t("load.says."+one.name, "{n}", u.n(total), "{most}", u.n(one.of(most)), "{day}", u.longDay(most.Day.Day)))
		}
	}
	if len(parts) == 0 {
		return u.t("load.says.none")
	}
	return u.t("load.says", "{what}", strings.Join(parts, "; "))
}

// longDay is a day with its name: thứ Hai, 15/11/2021.
func (u ui) longDay(day string) string {
	return u.t("load.day", "{weekday}", u.weekday(day), "{day}", u.day(day))
}

func loadDrawings(u ui, l look.Load) []drawing {
	return both(func(narrow bool) drawing { return drawLoad(u, l, narrow) })
}

// drawLoad has a column a day, a panel for each of what days bring. Days off are shaded;
// what they are called stands below and in the table.
func drawLoad(u ui, l look.Load, narrow bool) drawing {
	d := drawing{id: "load", title: u.t("picture.load"), desc: loadWords(u, l), width: 860}
	left, right, apiece, head := 4.0, 856.0, 84.0, 26.0
	gap := 44.0
	if narrow {
		d.width, left, right, apiece, gap = 340, 4, 336, 64, 34
	}
	step := (right - left) / float64(len(l.Days))
	y := 4.0
	var panels []float64
	for _, one := range loads {
		total, most := loadTotal(l, one.of)
		if total == 0 {
			continue
		}
		d.text(left, y+12, "start", "strong", u.t("load.panel."+one.name))
		bottom := y + head + apiece
		panels = append(panels, bottom)
		for i, day := range l.Days {
			x := left + float64(i)*step
			if !day.Working {
				d.box(x, y+head, step, apiece, "off", u.longDay(day.Day.Day)+" – "+u.dayKind(day.Day))
			}
			if n := one.of(day); n > 0 {
				h := max(2, (apiece-16)*float64(n)/float64(one.of(most)))
				d.box(x+1, bottom-h, step-2, h, one.name, u.longDay(day.Day.Day)+": "+u.t("load.count."+one.name, "{n}", u.n(n)))
			}
		}
		d.line(left, bottom, right, bottom, "scale")
		labelPeaks(&d, u, l, one.of, left, step, bottom, apiece-16, gap)
		y = bottom + 10
	}
	if len(panels) == 0 {
		y = 14
	}
	y += 8
	for i, day := range l.Days {
		// Weeks begin on Monday.
		if date(day.Day.Day).Weekday() == 1 && (!narrow || step*float64(len(l.Days)-i) > 20) {
			x := left + float64(i)*step
			d.line(x, y-10, x, y-4, "tick")
			d.text(x+step/2, y+8, "middle", "quiet", u.dayMonth(day.Day.Day))
		}
	}
	d.height = int(y) + 16
	return d
}

// labelPeaks writes the largest numbers above their columns, as many as there is room for.
func labelPeaks(d *drawing, u ui, l look.Load, of func(look.LoadDay) int64, left, step, bottom, height, gap float64) {
	order := make([]int, len(l.Days))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(of(l.Days[b]), of(l.Days[a])) })
	most := of(l.Days[order[0]])
	var taken []float64
	for _, i := range order {
		n, x := of(l.Days[i]), left+(float64(i)+0.5)*step
		if n == 0 || !apart(&taken, x, gap) {
			continue
		}
		anchor := "middle"
		if x > float64(d.width)-16 {
			anchor, x = "end", float64(d.width)-4
		}
		d.text(x, bottom-max(2, height*float64(n)/float64(most))-4, anchor, "", u.n(n))
	}
}

// loadItemWords say what happens and to how many.
func loadItemWords(u ui, i look.LoadItem) string {
	words := nextWords(u, i.Next)
	switch {
	case i.Messages > 0:
		words += " – " + u.t("load.count.messages", "{n}", u.n(i.Messages))
	case i.Letters > 0:
		words += " – " + u.t("load.count.letters", "{n}", u.n(i.Letters))
	case i.Deadlines > 0:
		words += " – " + u.t("load.count.deadlines", "{n}", u.n(i.Deadlines))
	}
	return words
}

// daysOff with names within the days of a load.
func daysOff(u ui, l look.Load) string {
	var names []string
	for _, d := range l.Days {
		if d.Name != "" {
			names = append(names, u.dayMonth(d.Day.Day)+" "+d.Name)
		}
	}
	return strings.Join(names, "; ")
}

func loadSheet(u ui, p look.Pictures) sheet {
	s := sheet{columns: u.columns("day", "weekday", "dayKind", "#messages", "#letters", "#deadlines", "what")}
	for _, d := range p.Load.Days {
		what := make([]string, len(d.Items))
		for i, item := range d.Items {
			what[i] = loadItemWords(u, item)
		}
		s.rows = append(s.rows, []cell{
			u.dayCell(d.Day.Day), text(u.weekday(d.Day.Day)), text(u.dayKind(d.Day)), u.cell(d.Messages), u.cell(d.Letters), u.cell(d.Deadlines), text(strings.Join(what, "; ")),
		})
	}
	return s
}
