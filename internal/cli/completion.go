package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "Print a script that completes commands and names of campaigns in the shell",
		Example: `  source <(thidua completion bash)
  thidua completion zsh > "${fpath[1]}/_thidua"
  thidua completion fish > ~/.config/fish/completions/thidua.fish`,
		ValidArgs: []string{"bash", "zsh", "fish"},
		Args: func(cmd *cobra.Command, args []string) error {
			if err := oneName("shell")(cmd, args); err != nil {
				return err
			}
			if !slices.Contains(cmd.ValidArgs, args[0]) {
				return fmt.Errorf("no completion for %q; there is one for bash, zsh and fish", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch args[0] {
			case "bash":
				return cmd.Root().GenBashCompletionV2(a.out, true)
			case "zsh":
				return cmd.Root().GenZshCompletion(a.out)
			default:
				return cmd.Root().GenFishCompletion(a.out, true)
			}
		},
	}
}

// completionPatience is how long somebody who pressed Tab waits for a database.
const completionPatience = time.Second

// completing reads names for the shell. It never starts a database, and keeps
// quiet when none answers: no names is an answer too.
func (a *app) completing(cmd *cobra.Command, names func(ctx context.Context, r reader) ([]string, error)) ([]string, cobra.ShellCompDirective) {
	none := cobra.ShellCompDirectiveNoFileComp
	ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), completionPatience)
	defer cancel()
	if !a.answers() {
		return nil, none
	}
	var found []string
	_ = a.looking(ctx, func(r reader) (err error) {
		found, err = names(ctx, r)
		return err
	})
	return found, none
}

func (a *app) completeCampaigns(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.completing(cmd, func(ctx context.Context, r reader) ([]string, error) {
		all, err := r.Campaigns(ctx)
		names := make([]string, len(all))
		for i, c := range all {
			names[i] = c.Name + "\t" + c.Title.VI
		}
		return names, err
	})
}

// completePlace completes a name without a flag: beside -c a unit, else a campaign.
func (a *app) completePlace(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	if campaign := cmd.Flags().Lookup("campaign"); campaign != nil && campaign.Value.String() != "" && len(args) == 0 {
		return a.completeUnits(cmd, args, toComplete)
	}
	return a.completeCampaigns(cmd, args, toComplete)
}

// mostUnits is what a person can choose from.
const mostUnits = 200

// completeUnits completes codes of units of the campaign that the command names.
func (a *app) completeUnits(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	campaign := campaignNamed(cmd, args)
	return a.completing(cmd, func(ctx context.Context, r reader) ([]string, error) {
		units, _, err := r.Units(ctx, campaign, toComplete, mostUnits)
		var codes []string
		for _, u := range units {
			codes = append(codes, u.Code+"\t"+u.Name)
		}
		return codes, err
	})
}

func campaignNamed(cmd *cobra.Command, args []string) string {
	if f := cmd.Flags().Lookup("campaign"); f != nil && f.Value.String() != "" {
		return f.Value.String()
	}
	return strings.Join(args[:min(len(args), 1)], "")
}

// completeRounds completes --round by the campaign that the command names.
func (a *app) completeRounds(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	campaign := campaignNamed(cmd, args)
	return a.completing(cmd, func(ctx context.Context, r reader) ([]string, error) {
		rounds, err := r.Rounds(ctx, campaign)
		var names []string
		for _, round := range rounds {
			names = append(names, round.Name+"\t"+round.State)
		}
		return names, err
	})
}
