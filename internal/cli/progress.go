package cli

import (
	"fmt"
	"io"
	"strings"
)

// progress is a bar on one line for as long as something takes. It goes when that is
// over: what was done is said by the verb itself. Where nobody looks there is none.
type progress struct {
	out   io.Writer
	looks bool // somebody does
	drawn bool
}

// progress goes to stderr: stdout is for what programs read.
func (a *app) progress() *progress {
	return &progress{out: a.err, looks: isTerminal(a.err) && isTerminal(a.out)}
}

const barWidth = 24

func (p *progress) show(words string, done, total int64) {
	if !p.looks || total <= 0 {
		return
	}
	filled := int(barWidth * min(done, total) / total)
	fmt.Fprintf(p.out, "\r  %s%s %d/%d  %s%s", strings.Repeat("█", filled), strings.Repeat("░", barWidth-filled), done, total, words, clearLine)
	p.drawn = true
}

func (p *progress) end() {
	if p.drawn {
		fmt.Fprint(p.out, "\r"+clearLine)
		p.drawn = false
	}
}
