package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"thidua.dev/thidua/internal/cli"
	"thidua.dev/thidua/internal/plan"
)

// progress shows how far a stepped clock has come: by the plan's events, since a
// quiet year is one jump. On a terminal it is a bar, elsewhere a line a tenth.
type progress struct {
	out      io.Writer
	terminal bool
	events   []plan.Event
	zone     *time.Location
	tenth    int
	drawn    bool
}

func newProgress(c cli.Console, p *plan.Plan) *progress {
	return &progress{out: c.Err, terminal: c.Terminal, events: p.Events, zone: p.Launch.Location(), tenth: -1}
}

const barWidth = 30

func (p *progress) show(at time.Time) {
	done := 0
	for _, e := range p.events {
		if !e.At.After(at) {
			done++
		}
	}
	total := max(len(p.events), 1)
	day := at.In(p.zone).Format("02/01/2006 15:04")
	if p.terminal {
		filled := barWidth * done / total
		fmt.Fprintf(p.out, "\r  %s  %s%s %3d%% ", day, strings.Repeat("█", filled), strings.Repeat("░", barWidth-filled), 100*done/total)
		p.drawn = true
		return
	}
	if tenth := 10 * done / total; tenth != p.tenth {
		p.tenth = tenth
		fmt.Fprintf(p.out, "  %s  %3d%%\n", day, 100*done/total)
	}
}

func (p *progress) end() {
	if p.drawn {
		fmt.Fprintln(p.out)
	}
}
