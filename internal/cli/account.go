package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/engine"
)

func (a *app) accountCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "account create|list|invite|give|revoke|disable|enable|reset-factor|sign-out",
		Short: "People who log in, and what they may do (tài khoản)",
		Long: `Accounts are of people: they log in to the pages with a password and, for an
office or an operator, with the code of a telephone. What somebody may do are roles,
each with a unit and an end. A password is set by whoever is invited; nobody else
knows it.

Tài khoản của người dùng; người được mời tự đặt mật khẩu.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(*cobra.Command, []string) error {
			return misuse("account what? there is: create, list, invite, give, revoke, disable, enable, reset-factor, sign-out")
		},
	}
	cmd.AddCommand(
		a.accountCreateCommand(), a.accountListCommand(), a.accountInviteCommand(), a.accountGiveCommand(), a.accountRevokeCommand(),
		a.onAccount("disable LOGIN", "Let nobody in by an account any more (khóa)", `  thidua account disable le.van.a@so.example --reason "thôi việc"`,
			func(cmd *cobra.Command, on installation, act engine.Act, login string) (string, error) {
				_, err := on.DisableAccount(cmd.Context(), act, login, true)
				return "disabled", err
			}),
		a.onAccount("enable LOGIN", "Let somebody in again (mở khóa)", "  thidua account enable le.van.a@so.example",
			func(cmd *cobra.Command, on installation, act engine.Act, login string) (string, error) {
				_, err := on.DisableAccount(cmd.Context(), act, login, false)
				return "enabled", err
			}),
		a.onAccount("reset-factor LOGIN", "Take a lost second factor away; the next login sets up another (cấp lại mã)", `  thidua account reset-factor le.van.a@so.example --reason "mất điện thoại"`,
			func(cmd *cobra.Command, on installation, act engine.Act, login string) (string, error) {
				_, err := on.ResetSecondFactor(cmd.Context(), act, login)
				return "has no second factor any more", err
			}),
		a.onAccount("sign-out LOGIN", "End every session of an account (đăng xuất khỏi mọi thiết bị)", "  thidua account sign-out le.van.a@so.example",
			func(cmd *cobra.Command, on installation, act engine.Act, login string) (string, error) {
				_, err := on.SignOut(cmd.Context(), act, login)
				return "signed out everywhere", err
			}),
	)
	return cmd
}

// granting are the flags of a role.
type granting struct{ role, unit, line, campaign, expires string }

func (g *granting) flags(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	choiceVar(cmd, flags, &g.role, "role", "", "", "what they may do", words(auth.Roles)...)
	flags.StringVar(&g.unit, "unit", "", "the unit that they speak for")
	choiceVar(cmd, flags, &g.line, "line", "", "", "also for the units below it on this line of the roster", words(auth.Lines)...)
	a.campaignFlag(cmd, &g.campaign)
	flags.StringVar(&g.expires, "expires", "", "the last day (default in a year)")
}

// yearLong is how long a role lasts when nothing is said.
const yearLong = 365 * 24 * time.Hour

func (g *granting) grant(verb, name string) (engine.Grant, error) {
	if g.role == "" {
		return engine.Grant{}, misuse("%s: give --role", verb)
	}
	out := engine.Grant{Name: name, Role: auth.Role(g.role), Unit: g.unit, Line: auth.Line(g.line), Campaign: g.campaign, ExpiresAt: time.Now().Add(yearLong)}
	if g.expires != "" {
		day, err := calendar.ParseDate(g.expires)
		if err != nil {
			return out, misuse("--expires %q is not a date such as 2027-06-30", g.expires)
		}
		out.ExpiresAt = day.AddDays(1).At(0, 0, zoneOf(defaultZone)) // the day itself is included
	}
	return out, nil
}

func (a *app) accountCreateCommand() *cobra.Command {
	var g granting
	var name string
	var req request
	cmd := &cobra.Command{
		Use:   "create LOGIN --name WHO --role ROLE [--unit UNIT]",
		Short: "Make an account and an invitation to it (tạo tài khoản)",
		Long: `Create makes an account with one role, and prints the address at which its person
sets a password: once, and valid for a week. Send it to them, and to nobody else.`,
		Example: `  thidua account create le.van.a@so.example --name "Lê Văn A" --role Leader --unit STTTT-04
  thidua account create van-phong@bo.example --name "Trần Thị B" --role Office --unit BTTTT-TDKT --expires 2027-06-30`,
		Args: oneName("login"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if name == "" {
				return misuse("account create: whose is it? give --name")
			}
			grant, err := g.grant("account create", name)
			if err != nil {
				return err
			}
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				account, invitation, err := on.CreateAccount(cmd.Context(), act, args[0], grant)
				if err != nil {
					return err
				}
				a.printInvitation(account, invitation)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "the person's name")
	g.flags(a, cmd)
	req.flags(cmd)
	return cmd
}

// pages is where the installation's pages are, as far as is known: at the server, or where
// a process of this machine serves them; empty otherwise.
func (a *app) pages() string {
	if a.server != "" {
		return a.server
	}
	for _, role := range []string{"up", "serve"} {
		if address, err := a.place("").recorded(role); err == nil && address != "" {
			return address
		}
	}
	return ""
}

// printInvitation writes the page of an invitation, below the installation's address if
// that is known.
func (a *app) printInvitation(account engine.Account, invitation string) {
	pages := a.pages()
	fmt.Fprintln(a.out, strings.TrimRight(pages, "/")+"/invite/"+invitation)
	fmt.Fprintf(a.err, "account %s of %s: gửi địa chỉ này cho người được mời để đặt mật khẩu; chỉ hiện một lần, dùng trong 7 ngày (shown once, valid for 7 days)\n", account.Login, account.Name)
	if pages == "" {
		fmt.Fprintln(a.err, "note: put the address of the installation's pages before it, such as http://127.0.0.1:8088")
	}
}

func (a *app) accountInviteCommand() *cobra.Command {
	var req request
	cmd := &cobra.Command{
		Use:     "invite LOGIN",
		Short:   "Make a new invitation, for a password that was forgotten (mời lại)",
		Example: `  thidua account invite le.van.a@so.example --reason "quên mật khẩu"`,
		Args:    oneName("login"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				account, invitation, err := on.Invite(cmd.Context(), act, args[0])
				if err != nil {
					return err
				}
				a.printInvitation(account, invitation)
				return nil
			})
		},
	}
	req.flags(cmd)
	return cmd
}

func (a *app) accountGiveCommand() *cobra.Command {
	var g granting
	var req request
	cmd := &cobra.Command{
		Use:     "give LOGIN --role ROLE [--unit UNIT]",
		Short:   "Give an account another role (giao thêm vai trò)",
		Example: `  thidua account give le.van.a@so.example --role FocalPoint --unit STTTT-04 --campaign covid-2021`,
		Args:    oneName("login"),
		RunE: func(cmd *cobra.Command, args []string) error {
			grant, err := g.grant("account give", "")
			if err != nil {
				return err
			}
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				account, err := on.GiveRole(cmd.Context(), act, args[0], grant)
				if err != nil {
					return err
				}
				fmt.Fprintf(a.out, "account %s: %s\n", account.Login, roleWords(account.Roles[len(account.Roles)-1]))
				return nil
			})
		},
	}
	g.flags(a, cmd)
	req.flags(cmd)
	return cmd
}

func (a *app) accountRevokeCommand() *cobra.Command {
	var req request
	cmd := &cobra.Command{
		Use:     "revoke ROLE-ID",
		Short:   "End a role at once, with what was delegated from it (thu hồi vai trò)",
		Example: `  thidua account revoke 7 --reason "chuyển công tác"`,
		Args:    oneName("role"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return misuse("%q is not the number of a role; see: thidua account list -o wide", args[0])
			}
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				if err := on.RevokeRole(cmd.Context(), act, id); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "role %d revoked\n", id)
				return nil
			})
		},
	}
	req.flags(cmd)
	return cmd
}

// onAccount makes the command of an act on one account.
func (a *app) onAccount(use, short, example string, do func(cmd *cobra.Command, on installation, act engine.Act, login string) (string, error)) *cobra.Command {
	var req request
	cmd := &cobra.Command{
		Use: use, Short: short, Example: example, Args: oneName("login"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				done, err := do(cmd, on, act, args[0])
				if err != nil {
					return err
				}
				fmt.Fprintf(a.out, "account %s %s\n", args[0], done)
				return nil
			})
		},
	}
	req.flags(cmd)
	return cmd
}

func (a *app) accountListCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "Accounts and their roles",
		Example: "  thidua account list -o wide",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			on, release, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer release()
			accounts, err := on.Accounts(cmd.Context(), operator())
			if err != nil {
				return err
			}
			zone := zoneOf(defaultZone)
			return writeList(a, format, "accounts", accounts, func(c engine.Account) string { return "account/" + c.Login }, []column[engine.Account]{
				{title: "LOGIN", cell: func(c engine.Account) string { return c.Login }},
				{title: "NAME", cell: func(c engine.Account) string { return c.Name }},
				{title: "ROLES", cell: func(c engine.Account) string {
					var all []string
					for _, r := range c.Roles {
						all = append(all, roleWords(r))
					}
					return orDash(strings.Join(all, "; "))
				}},
				{title: "STATE", cell: accountState},
				{title: "LAST LOGIN", cell: func(c engine.Account) string { return stampOrDash(c.EnteredAt, zone) }},
				{title: "2ND FACTOR", wide: true, cell: func(c engine.Account) string { return yesNo(c.SecondFactor) }},
				{title: "SIGN-ON", wide: true, cell: func(c engine.Account) string { return orDash(c.SignOn) }},
			})
		},
	}
	outputFlag(cmd, &format, formatTable, formatWide, formatJSON, formatYAML, formatName)
	return cmd
}

// roleWords are a role on one line, with its number, by which it is revoked.
func roleWords(r engine.Role) string {
	words := []string{fmt.Sprintf("%d: %s", r.ID, r.Role)}
	for _, s := range []string{r.Unit, string(r.Line), r.Campaign} {
		if s != "" {
			words = append(words, s)
		}
	}
	if r.DelegatedFrom != "" {
		words = append(words, "from "+r.DelegatedFrom)
	}
	return strings.Join(words, " ") + " until " + r.ExpiresAt.Add(-time.Second).In(zoneOf(defaultZone)).Format(time.DateOnly)
}

func accountState(c engine.Account) string {
	switch {
	case c.DisabledAt != nil:
		return "Disabled"
	case c.LockedUntil != nil && time.Now().Before(*c.LockedUntil):
		return "Locked"
	case !c.Password && c.SignOn == "":
		return "Invited"
	case len(c.Roles) == 0:
		return "NoRole"
	}
	return "Active"
}
