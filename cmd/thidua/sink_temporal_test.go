//go:build temporal

package main

import (
	"context"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/notify"
)

// sink is a channel that takes everything and keeps nothing.
type sink struct{}

func (sink) Name() v1.Channel { return v1.ChannelEmail }

func (sink) Send(context.Context, notify.Mail) notify.Result {
	return notify.Result{Outcome: notify.Sent, Response: "250 taken"}
}
