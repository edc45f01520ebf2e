package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/httpapi"
	"thidua.dev/thidua/internal/httpapi/client"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/store"
)

// watchEvery is how often the terminal's board looks whether something changed.
const watchEvery = 500 * time.Millisecond

func (a *app) watchCommand() *cobra.Command {
	var until string
	cmd := &cobra.Command{
		Use:   "watch CAMPAIGN",
		Short: "A live board in the terminal (bảng theo dõi trực tiếp)",
		Long: `Watch draws the board of a campaign and draws it again when something changes,
until Ctrl-C or, with --until closed, until the campaign has ended. Where stdout
is no terminal it writes one line for each change. While the server or the database is
away it says so once, and goes on when they are back.

Bảng theo dõi trực tiếp một phong trào; nhấn Ctrl-C để thoát.`,
		Example:           "  thidua watch covid-2021\n  thidua watch covid-2021 --until closed",
		Args:              oneName("campaign"),
		ValidArgsFunction: a.completeCampaigns,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.looking(cmd.Context(), func(r reader) error {
				w := &watcher{out: a.out, err: a.err, reader: r, campaign: args[0], untilClosed: until == "closed", terminal: isTerminal(a.out)}
				if err := w.run(cmd.Context()); cmd.Context().Err() == nil {
					return err
				}
				return nil // Ctrl-C is how one leaves
			})
		},
	}
	choiceVar(cmd, cmd.Flags(), &until, "until", "", "", "end by itself", "closed")
	return cmd
}

// watcher draws a board whenever it differs from the one drawn.
type watcher struct {
	out, err    io.Writer
	reader      reader
	campaign    string
	untilClosed bool
	terminal    bool

	drawn bool   // once at least
	gone  bool   // nothing answers, and that has been said
	seen  string // Changes when drawn last
	line  string // the line written last, without a terminal
}

func (w *watcher) run(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		ended, err := w.look(ctx)
		if err = w.endure(err); err != nil || ended && w.untilClosed {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// endure waits for who is away for a moment. Who has never answered has perhaps another
// address.
func (w *watcher) endure(err error) error {
	switch {
	case w.drawn && away(err):
		if !w.gone {
			w.gone = true
			fmt.Fprintf(w.err, "%s nothing answers any more; the board goes on when something does (%s)\n", time.Now().Format(time.TimeOnly), oneLine(err.Error()))
		}
		return nil
	case w.gone && err == nil:
		w.gone = false
		fmt.Fprintf(w.err, "%s it answers again\n", time.Now().Format(time.TimeOnly))
	}
	return err
}

// away tells that the installation, or its database, may answer in a moment.
func away(err error) bool {
	var server *client.Unreachable
	var refused *engine.Refused
	return err != nil && (store.Away(err) || errors.As(err, &server) || errors.As(err, &refused) && refused.Code == httpapi.Unavailable)
}

// lookPatience bounds one look: what hangs is as good as away.
const lookPatience = 15 * time.Second

// look draws when something changed, and tells whether the campaign has ended.
func (w *watcher) look(ctx context.Context) (ended bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	// Read before the board: what changes in between is drawn next time.
	changes, err := w.reader.Changes(ctx)
	if err != nil || changes == w.seen {
		return false, err
	}
	b, err := w.reader.Board(ctx, w.campaign)
	if err != nil {
		return false, err
	}
	w.seen, w.drawn = changes, true
	if w.terminal {
		err = w.draw(b)
	} else {
		err = w.writeLine(b)
	}
	return b.Campaign.State == "Closed" || b.Campaign.State == "Cancelled", err
}

const (
	home       = "\x1b[H"
	clearLine  = "\x1b[K"
	clearBelow = "\x1b[J"
)

// draw writes over what stands on the screen, line by line, so that nothing
// flickers; what does not fit is cut.
func (w *watcher) draw(b look.Board) error {
	var page strings.Builder
	if err := writeBoard(&page, b, false); err != nil {
		return err
	}
	lines := strings.Split(strings.TrimRight(page.String(), "\n"), "\n")
	width, height := w.size()
	lines = lines[:min(len(lines), height-1)]
	for i, line := range lines {
		lines[i] = screen.Truncate(line, width, "…") + clearLine
	}
	_, err := io.WriteString(w.out, home+strings.Join(lines, "\n")+"\n"+clearBelow)
	return err
}

func (w *watcher) size() (width, height int) {
	if f, ok := w.out.(interface{ Fd() uintptr }); ok {
		if width, height, err := term.GetSize(int(f.Fd())); err == nil && width > 20 && height > 5 {
			return width, height
		}
	}
	return 120, 40
}

// writeLine writes a line for programs and logs that read along.
func (w *watcher) writeLine(b look.Board) error {
	c := b.Campaign
	open := []string{}
	for _, r := range b.Rounds {
		if r.State == "Open" {
			open = append(open, fmt.Sprintf("%s %d/%d", r.Name, r.Received, r.Expected))
		}
	}
	line := fmt.Sprintf("%s %s %s late=%d sent=%d pending=%d %s", stamp(c.Now, c.Location()), c.State, orDash(c.Phase),
		b.LateTotal, b.Outbox.Sent, b.Outbox.Pending, strings.Join(open, ", "))
	if line = strings.TrimSpace(line); line == w.line {
		return nil
	}
	w.line = line
	_, err := fmt.Fprintln(w.out, line)
	return err
}
