package cli

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"time"

	"thidua.dev/thidua/internal/evidence"
)

// Runner does what takes an installation: the parts that main puts together and
// that this package must not know. Texts of its errors are shown to people.
type Runner interface {
	// Up runs a whole installation until ctx ends.
	Up(ctx context.Context, opt UpOptions) error
	// Worker runs the procedures and the dispatcher of messages until ctx ends.
	Worker(ctx context.Context, opt WorkerOptions) error
	// Serve runs the pages and the API until ctx ends.
	Serve(ctx context.Context, opt ServeOptions) error
	// Drill kills parts of a running demo and counts what is lost.
	Drill(ctx context.Context, opt DrillOptions) error
	// Bench measures the engine on scratch databases.
	Bench(ctx context.Context, opt BenchOptions) error
	// Rehearse runs a campaign through on a scratch database.
	Rehearse(ctx context.Context, opt RehearseOptions) error
}

// Console is where a long-running verb reads and writes: results for programs
// and people to Out, progress to Err when Terminal is set, logs to Log.
type Console struct {
	In       io.Reader
	Out, Err io.Writer
	Log      *slog.Logger
	Terminal bool
	Language string // vi or en, as the reader's surroundings ask for
}

// Place says where an installation keeps its facts and finds its parts.
type Place struct {
	DataDir  string
	FilesDir string // of reports; empty: files in DataDir
	// Scanner of files that come with reports; nil: they are taken unscanned.
	Scanner         evidence.Scanner
	DatabaseURL     string // empty: the private Postgres of DataDir
	TemporalAddress string // empty: the private temporald of DataDir
}

// Files that come with reports.
func (p Place) Files() *evidence.Store {
	return evidence.New(cmp.Or(p.FilesDir, filepath.Join(p.DataDir, "files"))).Scanned(p.Scanner)
}

// BackedUp is the file whose time is that of the newest backup: whoever makes one
// touches it.
func (p Place) BackedUp() string { return filepath.Join(p.DataDir, "backed-up") }

// SMTP is how messages leave. Without an address the channel is not configured.
type SMTP struct {
	Address      string // host:port
	User         string
	PasswordFile string
	TLS          string // starttls, implicit or none
	Rate         int    // messages a minute; 0: no limit
	From         string
}

// SignOn is an organisation's single sign-on. Without an issuer there is none.
type SignOn struct {
	Issuer     string
	ClientID   string
	SecretFile string
	Name       string
}

// UpOptions of a whole installation.
type UpOptions struct {
	Console
	Place
	SMTP     SMTP
	SignOn   SignOn
	HTTPAddr string
	BaseURL  string // where units reach the pages; empty: messages carry no links
	UIPort   int
	// Demo runs the campaign of DemoDir under a stepped clock with a simulator
	// of units; Pace is the pause between the clock's jumps. Keep stays up after
	// the campaign has closed.
	Demo    bool
	DemoDir string
	Pace    time.Duration
	Keep    bool
	// DemoSink is a mail server on this machine that a drill counts at, in place of
	// the test mailbox.
	DemoSink string
	// Stepped takes an installation whose business time is stepped by somebody else, as
	// a test does.
	Stepped bool
}

// WorkerOptions of the worker role alone.
type WorkerOptions struct {
	Console
	Place
	SMTP        SMTP
	BaseURL     string
	MetricsAddr string
}

// ServeOptions of the pages and the API alone.
type ServeOptions struct {
	Console
	Place
	SignOn   SignOn
	HTTPAddr string
	BaseURL  string
}

// RehearseOptions of a rehearsal.
type RehearseOptions struct {
	Console
	Place
	Paths      []string // manifests, as -f gave them
	Campaign   string   // empty: the only one of Paths
	Simulation string   // a simulation.yaml; empty: every unit reports in time
	HTML       string   // a file to write everything to; empty: none
	Output     string   // table, json or yaml on Console.Out
}
