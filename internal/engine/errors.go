package engine

import (
	"errors"
	"fmt"
)

// Refused is an act that the rules don't allow. Its text tells a person what
// was expected and what to do; repeating the act changes nothing.
type Refused struct {
	Code string // stable, for programs
	Text string
}

func (e *Refused) Error() string { return e.Text }

func refuse(code, format string, args ...any) error {
	return &Refused{Code: code, Text: fmt.Sprintf(format, args...)}
}

// NotFound is a name that means nothing here.
type NotFound struct {
	Kind, Name string
	Known      []string
}

func (e *NotFound) Error() string {
	switch len(e.Known) {
	case 0:
		return fmt.Sprintf("%s %q does not exist", e.Kind, e.Name)
	default:
		return fmt.Sprintf("%s %q does not exist; there are: %s", e.Kind, e.Name, shortList(e.Known))
	}
}

// Conflict is an act on something that has changed meanwhile: look again, then
// repeat it.
type Conflict struct{ Text string }

func (e *Conflict) Error() string { return e.Text }

// Unauthenticated is somebody who has not shown who they are: another token or link
// is needed, not another act.
type Unauthenticated struct {
	Code string
	Text string
}

func (e *Unauthenticated) Error() string { return e.Text }

// Code is the stable word for an error, without any detail: what may travel
// through a workflow's history.
func Code(err error) string {
	var refused *Refused
	var missing *NotFound
	var conflict *Conflict
	var stranger *Unauthenticated
	switch {
	case errors.As(err, &refused):
		return refused.Code
	case errors.As(err, &missing):
		return "NotFound"
	case errors.As(err, &conflict):
		return "Conflict"
	case errors.As(err, &stranger):
		return stranger.Code
	}
	return "Internal"
}
