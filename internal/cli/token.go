package cli

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/engine"
)

// longTime is how long a token lives when nothing is said.
const longTime = 180 * 24 * time.Hour

func (a *app) tokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token create|list|revoke",
		Short: "Personal tokens for the API (mã truy cập cá nhân)",
		Args:  cobra.ArbitraryArgs,
		RunE: func(*cobra.Command, []string) error {
			return misuse("token what? there is: create, list, revoke")
		},
	}
	cmd.AddCommand(a.tokenCreateCommand(), a.tokenListCommand(), a.tokenRevokeCommand())
	return cmd
}

func (a *app) tokenCreateCommand() *cobra.Command {
	var g engine.Grant
	var role, line, expires string
	var req request
	cmd := &cobra.Command{
		Use:   "create --name WHO --role ROLE [--unit UNIT]",
		Short: "Make a token; its secret is printed once (tạo mã)",
		Long: `Create makes a token and prints its secret, once: only its hash is kept. A token
is a person's; the audit names them. A leader approves reports with one.

  Office      steers the campaigns of --unit
  FocalPoint  sends the reports of --unit; with --line those of the units below it
  Leader      sends, approves and hands back the reports of --unit
  Auditor     reads everything, changes nothing
  Operator    does everything, on behalf

Mã chỉ hiện một lần; mỗi người một mã, nhật ký ghi rõ ai đã làm gì.`,
		Example: `  thidua token create --name "Lê Văn A" --role Leader --unit STTTT-04 --campaign covid-2021
  thidua token create --name "tổng hợp của Bộ" --role FocalPoint --unit BTTTT --line collects_to --expires 2027-06-30`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case g.Name == "":
				return misuse("token create: whose is it? give --name")
			case role == "":
				return misuse("token create: give --role")
			}
			g.Role, g.Line, g.ExpiresAt = auth.Role(role), auth.Line(line), time.Now().Add(longTime)
			if expires != "" {
				day, err := calendar.ParseDate(expires)
				if err != nil {
					return misuse("--expires %q is not a date such as 2027-06-30", expires)
				}
				g.ExpiresAt = day.AddDays(1).At(0, 0, zoneOf(defaultZone)) // the day itself is included
			}
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				token, secret, err := on.IssueToken(cmd.Context(), act, g)
				if err != nil {
					return err
				}
				fmt.Fprintln(a.out, secret)
				fmt.Fprintf(a.err, "token %d of %s, valid until %s: chỉ hiện một lần, hãy cất giữ (shown once)\n", token.ID, token.Name, stamp(token.ExpiresAt, zoneOf(defaultZone)))
				return nil
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&g.Name, "name", "", "the person or program whose it is")
	choiceVar(cmd, flags, &role, "role", "", "", "what they may do", words(auth.Roles)...)
	flags.StringVar(&g.Unit, "unit", "", "the unit that they speak for")
	choiceVar(cmd, flags, &line, "line", "", "", "also for the units below it on this line of the roster", words(auth.Lines)...)
	a.campaignFlag(cmd, &g.Campaign)
	flags.StringVar(&expires, "expires", "", "the last day (default in 180 days)")
	req.flags(cmd)
	return cmd
}

func (a *app) tokenListCommand() *cobra.Command {
	var unit, format string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "Tokens, without their secrets",
		Example: "  thidua token list --unit STTTT-04",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			on, release, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer release()
			tokens, err := on.Tokens(cmd.Context(), operator(), unit)
			if err != nil {
				return err
			}
			zone := zoneOf(defaultZone)
			return writeList(a, format, "tokens", tokens, func(t engine.Token) string { return "token/" + number(t.ID) }, []column[engine.Token]{
				{title: "ID", cell: func(t engine.Token) string { return number(t.ID) }},
				{title: "NAME", cell: func(t engine.Token) string { return t.Name }},
				{title: "ROLE", cell: func(t engine.Token) string { return string(t.Role) }},
				{title: "UNIT", cell: func(t engine.Token) string { return orDash(t.Unit) }},
				{title: "CAMPAIGN", cell: func(t engine.Token) string { return orDash(t.Campaign) }},
				{title: "STATE", cell: tokenState},
				{title: "EXPIRES", cell: func(t engine.Token) string { return stamp(t.ExpiresAt, zone) }},
				{title: "USED", cell: func(t engine.Token) string { return stampOrDash(t.UsedAt, zone) }},
				{title: "LINE", wide: true, cell: func(t engine.Token) string { return orDash(string(t.Line)) }},
				{title: "CREATED", wide: true, cell: func(t engine.Token) string { return stamp(t.CreatedAt, zone) }},
			})
		},
	}
	cmd.Flags().StringVar(&unit, "unit", "", "of this unit only")
	outputFlag(cmd, &format, formatTable, formatWide, formatJSON, formatYAML, formatName)
	return cmd
}

func tokenState(t engine.Token) string {
	now := time.Now()
	switch {
	case t.RevokedAt != nil:
		return "Revoked"
	case !now.Before(t.ExpiresAt):
		return "Expired"
	case now.Before(t.NotBefore):
		return "NotYet"
	}
	return "Valid"
}

func (a *app) tokenRevokeCommand() *cobra.Command {
	var req request
	cmd := &cobra.Command{
		Use:     "revoke ID",
		Short:   "End a token at once (thu hồi mã)",
		Example: `  thidua token revoke 7 --reason "chuyển công tác"`,
		Args:    oneName("token"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return misuse("%q is not the number of a token; see: thidua token list", args[0])
			}
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				token, err := on.RevokeToken(cmd.Context(), act, id)
				if err != nil {
					return err
				}
				fmt.Fprintf(a.out, "token %d of %s revoked\n", token.ID, token.Name)
				return nil
			})
		},
	}
	req.flags(cmd)
	return cmd
}
