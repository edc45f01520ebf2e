package main

import (
	"context"
	"os"
	"time"
)

// parentPoll is how often the parent is looked at.
const parentPoll = 500 * time.Millisecond

// watchParent closes the returned channel once the parent process is no
// longer pid: a supervisor that was killed cannot tell its children to stop.
// With pid 0 it never does.
func watchParent(ctx context.Context, pid int) <-chan struct{} {
	gone := make(chan struct{})
	if pid == 0 {
		return gone
	}
	go func() {
		tick := time.NewTicker(parentPoll)
		defer tick.Stop()
		for os.Getppid() == pid {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
		close(gone)
	}()
	return gone
}
