package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
)

func (a *app) messageCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "message hold|release|cancel|resend",
		Short: "Hold, release, cancel or resend messages (thư: giữ, cho gửi, hủy, gửi lại)",
		Args:  cobra.ArbitraryArgs,
		RunE: func(*cobra.Command, []string) error {
			return misuse("message what? there is: hold, release, cancel, resend")
		},
	}
	cmd.AddCommand(
		a.onMessages("hold", "Keep messages that wait from being sent (giữ lại)", `Hold keeps messages that wait from being sent until they are released. They are
overtaken by a report, and expire, as if they were not held. What is being sent at
that moment may go; if it comes back, it is held too.

Giữ lại thư chưa gửi, đến khi cho gửi tiếp. Báo cáo đến trước thì thư không gửi nữa.`,
			`  thidua message hold -c covid-2021 --round monthly/2021-11 --step overdue --reason "chờ ý kiến lãnh đạo"
  thidua message hold 4711 -c covid-2021 --reason "kiểm tra địa chỉ"`, true,
			func(ctx context.Context, on installation, act engine.Act, campaign string, c engine.Choice) (string, error) {
				did, err := on.HoldMessages(ctx, act, campaign, c)
				return fmt.Sprintf("đã giữ lại %d thư (held%s)", did.Held, underWay(did.UnderWay)), err
			}),
		a.onMessages("release", "Let held messages go (cho gửi tiếp)", `Release lets held messages go, at once, if what they say is still to be said.

Cho gửi tiếp những thư đang giữ; thư đã quá lúc nên gửi thì không gửi nữa.`,
			`  thidua message release --all -c covid-2021 --reason "lãnh đạo đã duyệt"`, false,
			func(ctx context.Context, on installation, act engine.Act, campaign string, c engine.Choice) (string, error) {
				did, err := on.ReleaseMessages(ctx, act, campaign, c)
				return fmt.Sprintf("đã cho gửi tiếp %d thư (released)", did.Released), err
			}),
		a.onMessages("cancel", "End messages that wait: they are never sent (hủy)", `Cancel ends messages that wait, held or not. They are never sent; the ladder goes on
with its next step. One that is named may also have come to nothing: then nobody has
to look at it any more. It cannot be undone.

Hủy thư chưa gửi: thư không bao giờ gửi nữa; bước nhắc sau vẫn theo kế hoạch.`,
			`  thidua message cancel -c covid-2021 --unit STTTT-01 --reason "đơn vị đã báo cáo qua điện thoại"
  thidua message cancel 4711 -c covid-2021 --reason "đã gọi điện cho đầu mối"`, true,
			func(ctx context.Context, on installation, act engine.Act, campaign string, c engine.Choice) (string, error) {
				did, err := on.CancelMessages(ctx, act, campaign, c)
				return fmt.Sprintf("đã hủy %d thư (cancelled, %s%s)", did.Cancelled, counted(did.Notices, "notice")+" never said", underWay(did.UnderWay)), err
			}),
		a.onMessages("resend", "Send those again that the server refused for good (gửi lại)", `Resend puts messages back that the server refused for good or too often, and no
others: what went out is not touched. Correct the contacts first. What has been
overtaken meanwhile is left, and counted. One that nobody knows the outcome of goes
again only when it is named by its id: it may have arrived.

Gửi lại những thư bị từ chối; thư đã đi không gửi lại.`,
			`  thidua message resend --all -c covid-2021 --reason "đã sửa địa chỉ"
  thidua message resend 4711 -c covid-2021`, false,
			func(ctx context.Context, on installation, act engine.Act, campaign string, c engine.Choice) (string, error) {
				did, err := on.ResendMessages(ctx, act, campaign, c)
				return fmt.Sprintf("đưa %d thư vào gửi lại (put back%s)", did.Resent, left(did.Skipped)), err
			}),
	)
	return cmd
}

// underWay tells of messages that an act came too late for.
func underWay(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; %d being sent at this moment", n)
}

// left tells what was not sent again, and why.
func left(skipped map[string]int) string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(skipped)) {
		parts = append(parts, fmt.Sprintf("%d %s: %s", skipped[reason], reason, look.Word("reason."+reason).VI))
	}
	if len(parts) == 0 {
		return ""
	}
	return "; left " + strings.Join(parts, ", ")
}

// onMessages makes the verb of one act on messages.
func (a *app) onMessages(verb, short, long, example string, reasoned bool, do func(context.Context, installation, engine.Act, string, engine.Choice) (string, error)) *cobra.Command {
	var req request
	var campaign string
	var c engine.Choice
	cmd := &cobra.Command{
		Use:     verb + " [ID] -c CAMPAIGN",
		Short:   short,
		Long:    long,
		Example: example,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				id, err := strconv.ParseInt(args[0], 10, 64)
				if err != nil || id <= 0 {
					return misuse("%q is not the number of a message; see: thidua get messages -c CAMPAIGN", args[0])
				}
				c.ID = id
			}
			switch {
			case campaign == "":
				return misuse("message %s: of which campaign? give -c CAMPAIGN", verb)
			case c == engine.Choice{}:
				return misuse("message %s: which? give the ID of one, or --round, --step or --unit, or --all", verb)
			case c.All && c != engine.Choice{All: true}:
				return misuse("message %s: --all are all of the campaign; give it alone", verb)
			case reasoned && strings.TrimSpace(req.reason) == "":
				return misuse("message %s: say why with --reason; it is kept in the audit", verb)
			}
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				text, err := do(cmd.Context(), on, act, campaign, c)
				if err == nil {
					fmt.Fprintf(a.out, "campaign/%s: %s\n", campaign, text)
				}
				return err
			})
		},
	}
	a.campaignFlag(cmd, &campaign)
	flags := cmd.Flags()
	flags.StringVar(&c.Round, "round", "", "of this round only")
	flags.StringVar(&c.Step, "step", "", "of this step only, such as overdue")
	flags.StringVar(&c.Unit, "unit", "", "to this unit, or about it alone")
	flags.BoolVar(&c.All, "all", false, "all of the campaign")
	req.flags(cmd)
	return cmd
}
