// Command thidua runs and steers emulation campaigns.
package main

import (
	"os"

	"thidua.dev/thidua/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, nil))
}
