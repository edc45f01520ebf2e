package main

import (
	"os"
	"testing"
	"time"
)

func TestWatchParent(t *testing.T) {
	select {
	case <-watchParent(t.Context(), os.Getppid()+1):
	case <-time.After(5 * time.Second):
		t.Error("another parent was not noticed")
	}
	select {
	case <-watchParent(t.Context(), os.Getppid()):
		t.Error("the parent is there")
	case <-watchParent(t.Context(), 0):
		t.Error("nothing was to be watched")
	case <-time.After(2 * parentPoll):
	}
}
