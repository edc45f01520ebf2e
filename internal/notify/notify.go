// Package notify writes messages and carries them to people.
//
// A Composer turns what is known about a notice into a Mail; a Channel sends
// one and says what became of it. Neither keeps anything: the ledger of
// attempts belongs to the dispatcher.
package notify

import (
	"context"
	"fmt"

	v1 "thidua.dev/thidua/api/v1"
)

// Outcome is what became of one attempt to send, by what has to happen next.
type Outcome string

const (
	// Sent means that the server took responsibility for the message.
	Sent Outcome = "Sent"
	// Retry means that the message was certainly not accepted and that the same
	// attempt may succeed later: a 4xx answer, or no answer at all before the
	// message was complete.
	Retry Outcome = "Retry"
	// Rejected means that the message was refused for good (5xx) and is parked
	// until a person has looked at it.
	Rejected Outcome = "Rejected"
	// Ambiguous means that the whole message was handed over and no answer came:
	// nobody but the server knows whether it was accepted.
	Ambiguous Outcome = "Ambiguous"
	// NotConfigured means that the channel has no settings. Nothing was tried.
	NotConfigured Outcome = "NotConfigured"
)

// Result is what became of one attempt.
type Result struct {
	Outcome Outcome
	// Response is the server's own last answer on one line, such as
	// "250 2.0.0 OK: queued as 4f1c"; empty if it said nothing.
	Response string
	// Err says why the message was not sent; nil if it was, or if the channel is
	// not configured. A *ChannelError means that no other message would have
	// passed either.
	Err error
}

// Channel is a way to people. Send may be called by many goroutines at once; it
// makes one attempt and never repeats a message that may have been accepted.
type Channel interface {
	Name() v1.Channel
	Send(ctx context.Context, m Mail) Result
}

// ChannelError says that the channel failed rather than the message: the server
// could not be reached, or refused to talk, to encrypt or to let us in. Trying
// the next message at once is useless; an operator may be needed.
type ChannelError struct {
	// Step is how far the set-up of the connection came: connect, greeting,
	// STARTTLS, AUTH.
	Step string
	Err  error
}

func (e *ChannelError) Error() string { return fmt.Sprintf("mail server: %s: %v", e.Step, e.Err) }

func (e *ChannelError) Unwrap() error { return e.Err }

// Unconfigured is a channel without settings; each Send is NotConfigured.
type Unconfigured v1.Channel

// Name is the channel that lacks its settings.
func (u Unconfigured) Name() v1.Channel { return v1.Channel(u) }

// Send sends nothing and says so.
func (Unconfigured) Send(context.Context, Mail) Result { return Result{Outcome: NotConfigured} }
