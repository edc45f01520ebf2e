package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	uiversion "github.com/temporalio/ui-server/v2/server/version"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/server/common/headers"
	postgresschema "go.temporal.io/server/schema/postgresql/v12"
)

// serverVersion is the version of the Temporal server inside.
const serverVersion = headers.ServerVersion

// printVersion writes one "name version" pair a line.
func printVersion(out io.Writer) {
	own := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		own = info.Main.Version
	}
	for _, v := range [][2]string{
		{"temporald", own},
		{"temporal-server", serverVersion},
		{"temporal-ui", uiversion.UIVersion},
		{"temporal-sdk", temporal.SDKVersion},
		{"schema-temporal", postgresschema.Version},
		{"schema-visibility", postgresschema.VisibilityVersion},
		{"go", runtime.Version()},
	} {
		fmt.Fprintln(out, v[0], v[1])
	}
}
