package main

import (
	"encoding/json"
	"os"
	"testing"

	"thidua.dev/thidua/internal/cli"
)

// argsEnv makes the test binary a thidua with these arguments, as JSON.
const argsEnv = "THIDUA_TEST_ARGS"

func TestMain(m *testing.M) {
	if line := os.Getenv(argsEnv); line != "" {
		var args []string
		if err := json.Unmarshal([]byte(line), &args); err != nil {
			panic(err)
		}
		os.Unsetenv(argsEnv)
		os.Exit(cli.Main(args, os.Stdin, os.Stdout, os.Stderr, runner{}))
	}
	childEnv = func(args []string) []string {
		line, err := json.Marshal(args)
		if err != nil {
			panic(err)
		}
		return append(os.Environ(), argsEnv+"="+string(line))
	}
	os.Exit(m.Run())
}
