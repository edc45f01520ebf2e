package cli

import (
	"testing"

	"github.com/spf13/cobra"
)

// One letter means one thing: -o is the form of the answer, wherever it stands.
func TestOutputShorthand(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if f := cmd.Flags().ShorthandLookup("o"); f != nil && f.Name != "output" {
			t.Errorf("%s: -o is --%s", cmd.CommandPath(), f.Name)
		}
		for _, c := range cmd.Commands() {
			walk(c)
		}
	}
	walk((&app{}).root())
}
