// Command temporald is a Temporal server with its web UI on Postgres, in one
// process: what "thidua up" runs on a machine that has no Temporal.
//
// It is a module of its own because a server brings four times the packages
// of everything else in the project.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	c, err := ParseConfig(args, os.Getenv, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return fail(err, exitUsage)
	case c.Version:
		printVersion(os.Stdout)
		return 0
	}
	// A second signal ends the process the hard way.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	if err := serve(ctx, c); err != nil {
		return fail(err, exitFailed)
	}
	return 0
}

// serve runs until ctx ends. Being told to stop while still starting is not a
// failure.
func serve(ctx context.Context, c Config) error {
	s, err := Start(ctx, c, newLogger(os.Stderr, c.LogLevel))
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	return errors.Join(s.Wait(ctx), s.Stop())
}

func fail(err error, code int) int {
	fmt.Fprintln(os.Stderr, "temporald:", oneLine(err.Error()))
	return code
}
