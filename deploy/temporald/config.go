package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// envPrefix starts the environment name of every flag: --frontend-port is
// TEMPORALD_FRONTEND_PORT. A flag given on the command line wins.
const envPrefix = "TEMPORALD_"

// maxPort is the highest port a service may use: Temporal's Postgres schema
// keeps membership ports as smallint.
const maxPort = 32767

// Config is everything temporald can be told.
type Config struct {
	DatabaseURL string
	MaxConns    int

	Bind         string
	FrontendPort int
	HistoryPort  int
	MatchingPort int
	WorkerPort   int
	HTTPPort     int
	UIPort       int
	MetricsPort  int

	Namespace  string
	Retention  time.Duration
	Shards     int
	FastTimers bool
	UIReadOnly bool

	TLS TLSFiles

	ReadyFile    string
	ParentPID    int
	StartTimeout time.Duration
	StopTimeout  time.Duration
	LogLevel     slog.Level
	Version      bool
}

// ParseConfig reads flags, fills the rest from the environment, derives the
// ports left at 0 and validates the whole. Usage goes to out.
func ParseConfig(args []string, getenv func(string) string, out io.Writer) (Config, error) {
	var c Config
	fs := flag.NewFlagSet("temporald", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // a wrong flag is one line, not the whole usage
	fs.StringVar(&c.DatabaseURL, "database-url", "", "`URL` of a Postgres server and role; the databases temporal and temporal_visibility are made on it")
	fs.IntVar(&c.MaxConns, "max-conns", 10, "Postgres connections each of the four services may open (visibility: 3 more each)")
	fs.StringVar(&c.Bind, "bind", "127.0.0.1", "`IP` address to listen on; the UI and the metrics have no login of their own")
	fs.IntVar(&c.FrontendPort, "frontend-port", 7233, "gRPC `port` of the frontend, the one clients use")
	fs.IntVar(&c.HistoryPort, "history-port", 0, "`port` of the history service (0: frontend-port + 1)")
	fs.IntVar(&c.MatchingPort, "matching-port", 0, "`port` of the matching service (0: frontend-port + 2)")
	fs.IntVar(&c.WorkerPort, "worker-port", 0, "`port` of the worker service (0: frontend-port + 6)")
	fs.IntVar(&c.HTTPPort, "http-port", 0, "`port` of the frontend's HTTP API (0: off)")
	fs.IntVar(&c.UIPort, "ui-port", 0, "`port` of the web UI (0: off)")
	fs.IntVar(&c.MetricsPort, "metrics-port", 0, "`port` of the Prometheus metrics at /metrics (0: off)")
	fs.StringVar(&c.Namespace, "namespace", "thidua", "namespace to register")
	fs.DurationVar(&c.Retention, "retention", 720*time.Hour, "how long closed workflows of the namespace are kept; put in force at every start")
	fs.IntVar(&c.Shards, "shards", 4, "history shards; fixed for life by the first start")
	fs.BoolVar(&c.FastTimers, "fast-timers", false, "let timers fire within 10ms instead of 1s; for tests and rehearsals")
	fs.BoolVar(&c.UIReadOnly, "ui-read-only", true, "refuse every change through the UI")
	fs.StringVar(&c.TLS.CA, "tls-ca", "", "PEM `file` of the authority that signs servers and clients")
	fs.StringVar(&c.TLS.Cert, "tls-cert", "", "PEM `file` of the certificate, good for server and client use")
	fs.StringVar(&c.TLS.Key, "tls-key", "", "PEM `file` of the certificate's key")
	fs.StringVar(&c.TLS.ServerName, "tls-server-name", "", "`name` to expect in the certificate (default: the address dialled)")
	fs.StringVar(&c.ReadyFile, "ready-file", "", "`file` written as JSON once everything answers, removed at stop")
	fs.IntVar(&c.ParentPID, "parent-pid", 0, "stop when the parent process is no longer this `pid` (0: never)")
	fs.DurationVar(&c.StartTimeout, "start-timeout", time.Minute, "give up when not ready within this time")
	fs.DurationVar(&c.StopTimeout, "stop-timeout", 20*time.Second, "give up a graceful stop after this time")
	fs.TextVar(&c.LogLevel, "log-level", slog.LevelError, "debug, info, warn or error")
	fs.BoolVar(&c.Version, "version", false, "print versions and exit")

	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fs.SetOutput(out)
			fmt.Fprintf(out, "temporald runs the Temporal server and its UI on Postgres.\n\n"+
				"Every flag can be given as %sNAME in the environment, which is the place\n"+
				"for a --database-url with a password.\n\nFlags:\n", envPrefix)
			fs.PrintDefaults()
		}
		return c, err
	}
	if fs.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var errs []error
	fs.VisitAll(func(f *flag.Flag) {
		name := envPrefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if v := getenv(name); v != "" && !given[f.Name] {
			if err := fs.Set(f.Name, v); err != nil {
				errs = append(errs, fmt.Errorf("%s=%q: %w", name, v, err))
			}
		}
	})
	if len(errs) > 0 {
		return c, errors.Join(errs...)
	}
	if c.Version {
		return c, nil
	}
	c.derivePorts()
	return c, c.Validate()
}

func (c *Config) derivePorts() {
	for _, p := range []struct {
		port   *int
		offset int
	}{{&c.HistoryPort, 1}, {&c.MatchingPort, 2}, {&c.WorkerPort, 6}} {
		if *p.port == 0 {
			*p.port = c.FrontendPort + p.offset
		}
	}
}

// Validate says what is wrong with the settings before anything is touched.
func (c *Config) Validate() error {
	if c.DatabaseURL == "" {
		return errors.New("--database-url is missing")
	}
	if _, err := pgx.ParseConfig(c.DatabaseURL); err != nil {
		return fmt.Errorf("--database-url: %w", err) // pgx leaves the password out
	}
	if net.ParseIP(c.Bind) == nil {
		return fmt.Errorf("--bind %q is not an IP address", c.Bind)
	}
	seen := map[int]string{}
	for _, p := range c.ports() {
		if p.port < 1 || p.port > maxPort {
			return fmt.Errorf("--%s %d is not between 1 and %d", p.flag, p.port, maxPort)
		}
		if other, taken := seen[p.port]; taken {
			return fmt.Errorf("--%s and --%s are both %d", other, p.flag, p.port)
		}
		seen[p.port] = p.flag
	}
	switch {
	case c.MaxConns < 2:
		return fmt.Errorf("--max-conns %d is less than 2", c.MaxConns)
	case c.Namespace == "":
		return errors.New("--namespace is empty")
	case c.Retention < time.Hour:
		return fmt.Errorf("--retention %s is less than 1h", c.Retention)
	case c.Shards < 1 || c.Shards > 16384:
		return fmt.Errorf("--shards %d is not between 1 and 16384", c.Shards)
	case c.ParentPID < 0:
		return fmt.Errorf("--parent-pid %d is negative", c.ParentPID)
	case c.StartTimeout <= 0 || c.StopTimeout <= 0:
		return errors.New("--start-timeout and --stop-timeout must be more than 0")
	}
	return c.TLS.complete()
}

// port names one listening port by the flag that sets it.
type port struct {
	flag string
	port int
}

// ports lists every port that will listen.
func (c *Config) ports() []port {
	all := []port{
		{"frontend-port", c.FrontendPort},
		{"history-port", c.HistoryPort},
		{"matching-port", c.MatchingPort},
		{"worker-port", c.WorkerPort},
	}
	for _, p := range []port{{"http-port", c.HTTPPort}, {"ui-port", c.UIPort}, {"metrics-port", c.MetricsPort}} {
		if p.port != 0 {
			all = append(all, p)
		}
	}
	return all
}

// dialHost is the address by which the program reaches itself.
func (c *Config) dialHost() string {
	ip := net.ParseIP(c.Bind)
	switch {
	case !ip.IsUnspecified():
		return c.Bind
	case ip.To4() != nil:
		return "127.0.0.1"
	default:
		return "::1"
	}
}

// dialAddress is the host:port by which the program reaches one of its ports.
func (c *Config) dialAddress(port int) string {
	return net.JoinHostPort(c.dialHost(), strconv.Itoa(port))
}

// listenAddress is the host:port one of the ports listens on.
func (c *Config) listenAddress(port int) string {
	return net.JoinHostPort(c.Bind, strconv.Itoa(port))
}

// checkPortsFree finds a taken port while there is still nothing to undo;
// Temporal itself ends the process where it finds one.
func (c *Config) checkPortsFree() error {
	for _, p := range c.ports() {
		l, err := net.Listen("tcp", c.listenAddress(p.port))
		if err != nil {
			return portError(p, c.listenAddress(p.port), err)
		}
		if err := l.Close(); err != nil {
			return err
		}
	}
	return nil
}

func portError(p port, address string, err error) error {
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		err = sys.Err
	}
	return fmt.Errorf("--%s: cannot listen on %s: %w", p.flag, address, err)
}
