package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/httpapi/client"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/store"
)

const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// usageError is a command line that makes no sense.
type usageError struct {
	text    string
	command string // whose help tells how it is done
}

func (e *usageError) Error() string { return e.text }

func misuse(format string, args ...any) error {
	return &usageError{text: fmt.Sprintf(format, args...)}
}

// failure is an error whose text is meant for people.
type failure struct {
	text  string
	cause error
}

func (e *failure) Error() string { return e.text }
func (e *failure) Unwrap() error { return e.cause }

func fail(format string, args ...any) error {
	return &failure{text: fmt.Sprintf(format, args...)}
}

// forPeople marks errors of a part whose texts are written for people.
func forPeople(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return &failure{text: err.Error(), cause: err}
}

// exitCode ends the command with a code and no word.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// withCode gives an error an exit code of its own.
type withCode struct {
	error
	code int
}

func (e *withCode) Unwrap() error { return e.error }

// exit prints an error and picks the exit code: the one place that knows how
// each kind of error reads.
func (a *app) exit(err error) int {
	if err == nil {
		return exitDone
	}
	code := exitFailed
	var quiet exitCode
	var coded *withCode
	if errors.As(err, &quiet) {
		return int(quiet)
	}
	if errors.As(err, &coded) {
		code = coded.code
	}
	var usage *usageError
	if errors.As(err, &usage) {
		code = exitUsage
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		a.log().Debug("failed", "type", fmt.Sprintf("%T", e), "err", e)
	}
	for _, line := range explain(err) {
		fmt.Fprintln(a.err, line)
	}
	return code
}

// explain is what a person reads about an error: one line, or one for each
// problem of a file.
func explain(err error) []string {
	var (
		usage    *usageError
		problems manifest.Problems
		problem  manifest.Problem
		refused  *engine.Refused
		missing  *engine.NotFound
		conflict *engine.Conflict
		stranger *engine.Unauthenticated
		away     *client.Unreachable
		unknown  *look.NotFound
		unkept   *look.Unknown
		invalid  *plan.Invalid
		told     *failure
		connect  *pgconn.ConnectError
		path     *fs.PathError
	)
	switch {
	case errors.As(err, &usage):
		lines := []string{"error: " + oneLine(usage.text)}
		if usage.command != "" {
			lines = append(lines, fmt.Sprintf("see '%s --help'", usage.command))
		}
		return lines
	case errors.As(err, &problems):
		lines := make([]string, len(problems))
		for i, p := range problems {
			lines[i] = located(p)
		}
		return lines
	case errors.As(err, &problem):
		return []string{located(problem)}
	case errors.As(err, &refused), errors.As(err, &missing), errors.As(err, &conflict), errors.As(err, &stranger), errors.As(err, &away), errors.As(err, &unknown), errors.As(err, &unkept), errors.As(err, &invalid):
		return []string{"error: " + oneLine(err.Error())}
	case errors.Is(err, store.ErrNotMigrated):
		return []string{"error: " + store.ErrNotMigrated.Error()}
	case errors.As(err, &connect):
		return []string{"error: the database does not answer: " + oneLine(connect.Unwrap().Error())}
	case errors.As(err, &told):
		return []string{"error: " + oneLine(told.text)}
	case errors.As(err, &path):
		return []string{fmt.Sprintf("error: %s: %v", path.Path, path.Err)}
	case errors.Is(err, context.Canceled):
		return nil // the person who pressed Ctrl-C knows
	}
	return []string{"internal: " + oneLine(err.Error()), "this is a fault of thidua or of its surroundings; --log-level debug tells more"}
}

// located is a problem as compilers write it, file:line: first, so that editors find
// the place; what has no line is an error like others.
func located(p manifest.Problem) string {
	if p.Line == 0 && !p.Warning {
		return "error: " + oneLine(p.String())
	}
	return oneLine(p.String())
}

// oneLine keeps an error on its line.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "\n", " ")), " ")
}
