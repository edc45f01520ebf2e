package cli

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"thidua.dev/thidua/internal/evidence"
	"thidua.dev/thidua/internal/logs"
)

// Main runs one command line and returns the exit code. Ctrl-C ends the command
// in order; a second one ends the process.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer, runner Runner) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return run(ctx, args, stdin, stdout, stderr, runner)
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, runner Runner) int {
	a := &app{in: stdin, out: stdout, err: stderr, runner: runner}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !a.started {
		err = &usageError{text: err.Error(), command: cmd.CommandPath()}
	}
	return a.exit(err)
}

// app is one run of the command line.
type app struct {
	in       io.Reader
	out, err io.Writer
	runner   Runner

	dataDir     string
	databaseURL string
	server      string // whose API is worked through; empty: the facts are at hand
	tokenFile   string
	flags       *pflag.FlagSet // of every verb
	filesDir    string
	clamdAddr   string
	scanner     evidence.Scanner // nil: files are taken unscanned
	logLevel    string
	logFormat   string // empty: for people on a terminal, for programs elsewhere

	// started tells that flags and arguments were accepted: an error from then
	// on is no wrong usage.
	started bool
}

// console is what long-running verbs write to.
func (a *app) console() Console {
	log := a.log()
	slog.SetDefault(log) // for libraries
	return Console{In: a.in, Out: a.out, Err: a.err, Log: log, Terminal: isTerminal(a.err), Language: language()}
}

// language of stories and reports: Vietnamese, unless the reader's surroundings
// speak English.
func language() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if strings.HasPrefix(v, "en") {
				return "en"
			}
			break
		}
	}
	return "vi"
}

// log writes for operators, to stderr.
func (a *app) log() *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(a.logLevel)) // the flag takes known levels only
	format := a.logFormat
	if format == "" {
		if format = logs.JSON; isTerminal(a.err) {
			format = logs.Text
		}
	}
	return logs.New(a.err, format, level)
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// acts marks that a command has begun, in front of what every command does.
func (a *app) acts(cmd *cobra.Command) {
	for _, child := range cmd.Commands() {
		a.acts(child)
	}
	if do := cmd.RunE; do != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			a.started = true
			if err := a.findScanner(); err != nil {
				return err
			}
			return do(cmd, args)
		}
	}
}
