// Command thidua runs and steers emulation campaigns. It holds wiring only: how
// the roles of a process are put together. What they do is in their packages.
package main

import (
	"os"
	"runtime/debug"

	"thidua.dev/thidua/internal/cli"
)

// gcPercent lets the heap, some twenty MiB, grow to a few times what is in use: collecting
// it at every doubling takes a twelfth of the time in which mail is drained.
const gcPercent = 300

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, runner{}))
}

// childEnv is the surroundings of a thidua that this one starts with arguments.
var childEnv = func([]string) []string { return os.Environ() }

// runner does what takes an installation; one file a verb.
type runner struct{}

var _ cli.Runner = runner{}
