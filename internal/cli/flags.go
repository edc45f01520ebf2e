package cli

import (
	"fmt"
	"os/user"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
)

// choice is a flag that takes one of a few words.
type choice struct {
	value   *string
	allowed []string
}

func (c *choice) String() string { return *c.value }
func (c *choice) Type() string   { return strings.Join(c.allowed, "|") }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.allowed, s) {
		return fmt.Errorf("must be one of %s", strings.Join(c.allowed, ", "))
	}
	*c.value = s
	return nil
}

// choiceVar adds a choice, completed by the shell.
func choiceVar(cmd *cobra.Command, flags *pflag.FlagSet, value *string, name, shorthand, fallback, usage string, allowed ...string) {
	*value = fallback
	flags.VarP(&choice{value, allowed}, name, shorthand, usage)
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(allowed, cobra.ShellCompDirectiveNoFileComp))
}

// words are what a choice is of.
func words[W ~string](of []W) []string {
	all := make([]string, len(of))
	for i, w := range of {
		all[i] = string(w)
	}
	return all
}

// Formats of -o.
const (
	formatTable = "table"
	formatWide  = "wide"
	formatJSON  = "json"
	formatYAML  = "yaml"
	formatName  = "name"
)

func outputFlag(cmd *cobra.Command, value *string, allowed ...string) {
	choiceVar(cmd, cmd.Flags(), value, "output", "o", allowed[0], "how to print", allowed...)
}

// filesFlag adds -f, which may be given several times.
func filesFlag(cmd *cobra.Command, files *[]string) {
	cmd.Flags().StringArrayVarP(files, "filename", "f", nil, "file, directory, or - for stdin; may be repeated")
}

// campaignFlag adds -c, completed by the names of campaigns.
func (a *app) campaignFlag(cmd *cobra.Command, campaign *string) {
	cmd.Flags().StringVarP(campaign, "campaign", "c", "", "the campaign")
	_ = cmd.RegisterFlagCompletionFunc("campaign", a.completeCampaigns)
}

// request is what every act carries: why, and an id that makes a repeat harmless.
type request struct{ reason, id string }

func (r *request) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.reason, "reason", "", "why; kept in the audit")
	cmd.Flags().StringVar(&r.id, "request-id", "", "a UUID; repeating an act with the same one changes nothing (default a new one)")
}

// act is the engine's form of a request. The operator acts on behalf of whoever
// asked, and is recorded so.
func (r *request) act() (engine.Act, error) {
	act := engine.By(operator(), strings.TrimSpace(r.reason))
	if r.id == "" {
		return act, nil
	}
	id, err := uuid.Parse(r.id)
	if err != nil {
		return act, misuse("--request-id %q is not a UUID, such as 5f0c6c1e-3c2a-4d57-9d53-7f2f8f6d1a10", r.id)
	}
	act.RequestID = id
	return act, nil
}

// operator is whoever is logged in on this machine.
func operator() auth.Actor {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return auth.Actor{Name: name, Role: auth.Operator}
}

// oneName takes exactly one argument and says what it is.
func oneName(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return fmt.Errorf("which %s? usage: %s", what, cmd.UseLine())
		case len(args) > 1:
			return fmt.Errorf("one %s at a time, not %d; usage: %s", what, len(args), cmd.UseLine())
		}
		return nil
	}
}

// noArgs refuses arguments, which are often a forgotten flag.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected %q; usage: %s", args[0], cmd.UseLine())
	}
	return nil
}
