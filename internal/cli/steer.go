package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
)

// steer opens the installation and carries an act out.
func (a *app) steer(ctx context.Context, req request, do func(on installation, act engine.Act) error) error {
	act, err := req.act()
	if err != nil {
		return err
	}
	on, release, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer release()
	return do(on, act)
}

func (a *app) launchCommand() *cobra.Command {
	var req request
	var backdate bool
	cmd := &cobra.Command{
		Use:   "launch CAMPAIGN",
		Short: "Start a declared campaign (phát động)",
		Long: `Launch is the act by which a campaign starts; before it nothing is sent. A
launch planned for a later instant waits for it. A launch planned for an earlier
day needs --backdate: steps older than the act are recorded as skipped, and
nobody hears of them.

Phát động phong trào. Từ lúc này hệ thống tự nhắc việc và thu báo cáo.`,
		Example: `  thidua launch chuyen-doi-so-2027 --reason "215/KH-SKHCN"
  thidua launch covid-2021 --backdate`,
		Args:              oneName("campaign"),
		ValidArgsFunction: a.completeCampaigns,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				// Before the act: one that was carried out does not fail any more.
				c, err := on.Campaign(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				var behind look.Board
				if backdate {
					// Who may not see it may not launch either, and hears that from the act.
					behind, _ = on.Board(cmd.Context(), args[0])
				}
				if err := on.Launch(cmd.Context(), act, args[0], engine.LaunchOptions{Backdate: backdate}); err != nil {
					return err
				}
				if c.LaunchAt.After(c.Now) {
					fmt.Fprintf(a.out, "campaign/%s will start on %s\n", args[0], dayAndTime(c.LaunchAt, c.Location()))
					return nil
				}
				fmt.Fprintf(a.out, "campaign/%s launched\n", args[0])
				if !observed(cmd.Context(), on, c.Name, a.progress()) {
					fmt.Fprintln(a.err, "note: nobody carries it out yet: does a worker run? (thidua up, thidua worker)")
				}
				if backdate && earlierDay(c.LaunchAt, c.Now, c.Location()) {
					a.printBehind(c, behind.Rounds)
				}
				if c.ClosesAt.Before(c.Now) {
					fmt.Fprintf(a.err, "note: its end, %s, is past: it closes at once, with every report missing that is not recorded\n", dayAndTime(c.ClosesAt, c.Location()))
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&backdate, "backdate", false, "confirm that the campaign started on an earlier day; nothing is sent for what is past")
	req.flags(cmd)
	return cmd
}

// earlierDay tells that an instant lies on a day before another one's.
func earlierDay(at, than time.Time, zone *time.Location) bool {
	return at.In(zone).Format(time.DateOnly) < than.In(zone).Format(time.DateOnly)
}

// printBehind tells which rounds of a campaign that began in the past are over, or due.
func (a *app) printBehind(c look.Campaign, rounds []look.Round) {
	zone, now := c.Location(), c.Now
	fmt.Fprintf(a.out, "  phát động lùi về %s (backdated); những bước đã qua không gửi (what is past is not sent)\n", stamp(c.LaunchAt, zone))
	for _, r := range rounds {
		switch {
		case !r.ClosesAt.After(now):
			fmt.Fprintf(a.out, "  %s: kỳ đã đóng %s; báo cáo chưa ghi nhận coi như không nộp (closed; what is not recorded is missing)\n", r.Name, stamp(r.ClosesAt, zone))
		case r.DueAt.Before(now):
			fmt.Fprintf(a.out, "  %s: đã quá hạn %s, nhận báo cáo đến %s (overdue, open until %s)\n", r.Name, stamp(r.DueAt, zone), stamp(r.ClosesAt, zone), r.ClosesAt.In(zone).Format("2006-01-02 15:04"))
		}
	}
}

// observePatience is how long a launch waits for the worker's first look.
const observePatience = 3 * time.Second

// observed waits until every procedure of a campaign has done what the act gave it to do,
// so that what is asked for next shows it. False is no failure: the act is done, and the
// worker may be away.
func observed(ctx context.Context, r reader, campaign string, bar *progress) bool {
	defer bar.end()
	for until := time.Now().Add(observePatience); time.Now().Before(until); {
		if c, err := r.Campaign(ctx, campaign); err != nil || c.Condition("Ready").Reason != "Reconciling" {
			return err == nil
		}
		if bar.looks {
			b, _ := r.Board(ctx, campaign) // who may launch and not see has no bar
			for _, p := range b.Progress {
				bar.show(progressWords(p), p.Done, p.Total)
			}
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(100 * time.Millisecond):
		}
	}
	return false
}

// progressWords say what a bar counts.
func progressWords(p look.Progress) string {
	if p.What == "Launch" {
		return "tiến trình đã chạy (procedures have begun)"
	}
	return "thư đã gửi (messages sent): " + p.Step
}

func (a *app) pauseCommand() *cobra.Command {
	var req request
	cmd := &cobra.Command{
		Use:   "pause CAMPAIGN",
		Short: "Hold everything that is pending (tạm dừng)",
		Long: `Pause holds every message and step of a campaign. Reports are still taken.
Resume ends it and says what becomes of the deadlines.

Tạm dừng nhắc việc; đơn vị vẫn nộp báo cáo được.`,
		Example:           `  thidua pause covid-2021 --reason "chờ ý kiến lãnh đạo"`,
		Args:              oneName("campaign"),
		ValidArgsFunction: a.completeCampaigns,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				if err := on.Pause(cmd.Context(), act, args[0]); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "campaign/%s paused\n", args[0])
				return nil
			})
		},
	}
	req.flags(cmd)
	return cmd
}

func (a *app) resumeCommand() *cobra.Command {
	var req request
	var deadlines string
	cmd := &cobra.Command{
		Use:   "resume CAMPAIGN --deadlines=keep|shift",
		Short: "End a pause (tiếp tục)",
		Long: `Resume ends a pause. With --deadlines=keep the deadlines stand, and steps that
were missed follow their catchUp. With --deadlines=shift open deadlines move by
the working days of the pause.

Tiếp tục phong trào: giữ nguyên thời hạn (keep) hoặc lùi theo số ngày làm việc đã
tạm dừng (shift).`,
		Example:           `  thidua resume covid-2021 --deadlines=shift --reason "lãnh đạo đã duyệt"`,
		Args:              oneName("campaign"),
		ValidArgsFunction: a.completeCampaigns,
		RunE: func(cmd *cobra.Command, args []string) error {
			if deadlines == "" {
				return misuse("resume %s: say what becomes of the deadlines: --deadlines=keep or --deadlines=shift", args[0])
			}
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				if err := on.Resume(cmd.Context(), act, args[0], engine.Deadlines(deadlines)); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "campaign/%s resumed, deadlines: %s\n", args[0], deadlines)
				return nil
			})
		},
	}
	choiceVar(cmd, cmd.Flags(), &deadlines, "deadlines", "", "", "what becomes of the deadlines of the pause", words(engine.DeadlineChoices)...)
	req.flags(cmd)
	return cmd
}

func (a *app) extendCommand() *cobra.Command {
	var req request
	var o whose
	var to string
	cmd := &cobra.Command{
		Use:   "extend [UNIT] -c CAMPAIGN --round ROUND --to DATE",
		Short: "Move a deadline to a later day (gia hạn)",
		Long: `Extend moves the deadline of an open round, for one unit or for all that still
owe. A date alone means 17:00 in the campaign's time zone. The deadline is taken as
said: it does not move off a day off, nor when a calendar changes. What was pending
for the old one is never sent. The round takes reports of all units until its close,
which moves along. The campaign may also stand without -c; then one unit is said by
--unit.

Gia hạn nộp báo cáo cho một đơn vị, hoặc cho mọi đơn vị chưa nộp.`,
		Example: `  thidua extend STTTT-01 -c covid-2021 --round monthly/2021-11 --to 2021-11-19 --reason "tập trung chống dịch"
  thidua extend -c covid-2021 --round monthly/2021-11 --to 2021-11-19T12:00:00+07:00`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.place("extend", args, true); err != nil {
				return err
			}
			switch {
			case o.campaign == "":
				return misuse("extend: which campaign? give -c CAMPAIGN")
			case o.round == "":
				return misuse("extend %s: which round? give --round, such as monthly/2021-11", o.campaign)
			case to == "":
				return misuse("extend %s: until when? give --to, such as 2021-11-19", o.campaign)
			}
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				at, zone, err := a.deadline(cmd, on, o.campaign, to)
				if err != nil {
					return err
				}
				done, err := on.Extend(cmd.Context(), act, o.campaign, o.round, o.unit, at)
				if err != nil {
					return err
				}
				fmt.Fprintf(a.out, "%s of campaign/%s: gia hạn đến %s, %s (%s, %s superseded)\n",
					o.round, o.campaign, hour(at, zone), longDay(at, zone), counted(done.Units, "unit"), counted(done.Superseded, "pending notice"))
				return nil
			})
		},
	}
	o.flags(a, cmd)
	cmd.Flags().Lookup("unit").Usage = "one unit only (default all that still owe)"
	cmd.Flags().StringVar(&to, "to", "", "the new deadline: a date (17:00) or an instant")
	req.flags(cmd)
	return cmd
}

func (a *app) cancelCommand() *cobra.Command {
	var req request
	cmd := &cobra.Command{
		Use:   "cancel CAMPAIGN --reason WHY",
		Short: "End a campaign for good (hủy)",
		Long: `Cancel ends a campaign: nothing is owed any more, and nothing that is pending
is sent. It cannot be undone; the name is never used again.

Hủy phong trào: không còn việc nào phải làm, không còn thư nào được gửi.`,
		Example:           `  thidua cancel covid-2021 --reason "thay bằng phong trào mới theo 1497/QĐ-TTg"`,
		Args:              oneName("campaign"),
		ValidArgsFunction: a.completeCampaigns,
		RunE: func(cmd *cobra.Command, args []string) error {
			if req.reason == "" {
				return misuse("cancel %s: say why with --reason; it is kept in the audit", args[0])
			}
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				if err := on.Cancel(cmd.Context(), act, args[0]); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "campaign/%s cancelled\n", args[0])
				return nil
			})
		},
	}
	req.flags(cmd)
	return cmd
}
