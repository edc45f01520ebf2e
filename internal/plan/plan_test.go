package plan_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/plan"
)

// seed is the input of testdata/golden/seed.golden: 83 state bodies and 6
// enterprises from 2021-09-07 to 2023-06-30.
func seed(t *testing.T) plan.Input {
	t.Helper()
	data, err := os.ReadFile("testdata/golden/seed.golden")
	if err != nil {
		t.Fatal(err)
	}
	input, _, _ := strings.Cut(string(data), separator)
	return readCase(t, input)
}

func mustMake(t *testing.T, in plan.Input) *plan.Plan {
	t.Helper()
	p, err := plan.Make(in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestSeedByHand compares the seed with dates counted on a paper calendar, so
// that the golden file is not only its own witness.
func TestSeedByHand(t *testing.T) {
	type key struct{ at, what, round, step, cal string }
	units := map[key]int{}
	reasons := map[key]string{}
	made := mustMake(t, seed(t))
	for _, e := range made.Events {
		k := key{e.At.Format("2006-01-02 15:04"), string(e.Type), e.Round, e.Step, string(e.Calendar)}
		units[k], reasons[k] = e.Units, e.Reason
	}
	for _, tc := range []struct {
		reason string
		key    key
		units  int
		moved  string
	}{
		{"launched on the afternoon of 07/09", key{"2021-09-07 14:00", "Launch", "", "", "state"}, 89, ""},
		{"registration opens with the launch", key{"2021-09-07 14:00", "RoundOpens", "registration", "", "state"}, 89, ""},
		{"registration ends on Thursday 30/09", key{"2021-09-30 17:00", "RegistrationCloses", "registration", "", "state"}, 83, ""},
		{"registration climbs the ladder", key{"2021-09-29 08:30", "Reminder", "registration", "tomorrow", "enterprise"}, 6, ""},
		{"first period opens with its first step", key{"2021-10-08 08:30", "RoundOpens", "monthly/2021-10", "", "state"}, 89, ""},
		{"five working days before Friday 15/10", key{"2021-10-08 08:30", "Reminder", "monthly/2021-10", "prepare", "state"}, 83, ""},
		{"one working day before", key{"2021-10-14 08:30", "Reminder", "monthly/2021-10", "tomorrow", "state"}, 83, ""},
		{"the 14th ends at 24:00", key{"2021-10-15 00:00", "CutOff", "monthly/2021-10", "", "state"}, 89, ""},
		{"state bodies owe on the 15th", key{"2021-10-15 17:00", "ReportDue", "monthly/2021-10", "", "state"}, 83, ""},
		{"enterprises too", key{"2021-10-15 17:00", "ReportDue", "monthly/2021-10", "", "enterprise"}, 6, ""},
		{"Monday after", key{"2021-10-18 08:30", "Reminder", "monthly/2021-10", "overdue", "state"}, 83, ""},
		{"consolidated on the next working day", key{"2021-10-18 17:00", "ConsolidationDue", "monthly/2021-10", "", "state"}, 89, ""},
		{"third working day", key{"2021-10-20 08:30", "Reminder", "monthly/2021-10", "letter", "state"}, 83, ""},
		{"fifth working day", key{"2021-10-22 08:30", "Reminder", "monthly/2021-10", "escalate", "enterprise"}, 6, ""},
		{"tenth working day", key{"2021-10-29 17:00", "RoundCloses", "monthly/2021-10", "", "state"}, 89, ""},
		{"Saturday 15/01 rolls to Monday", key{"2022-01-17 17:00", "ReportDue", "monthly/2022-01", "", "state"}, 83,
			"15/01/2022 là thứ Bảy → thứ Hai 17/01/2022"},
		{"ten working days after 17/01 lie beyond Tết", key{"2022-02-07 17:00", "RoundCloses", "monthly/2022-01", "", "state"}, 89,
			"không tính ngày nghỉ Tết Nguyên đán 31/01/2022–04/02/2022"},
		{"after Tết", key{"2022-02-08 08:30", "Reminder", "monthly/2022-02", "prepare", "state"}, 83, ""},
		{"the final report", key{"2022-03-15 17:00", "ReportDue", "final/2022-03-15", "", "enterprise"}, 6, ""},
		{"consolidated on its second working day", key{"2022-03-17 17:00", "ConsolidationDue", "final/2022-03-15", "", "state"}, 89, ""},
		{"mid-term review", key{"2021-12-31 08:30", "Review", "", "", "state"}, 89, ""},
		{"final review", key{"2022-03-31 08:30", "Review", "", "", "state"}, 89, ""},
		{"five working days before 15/04, Monday 11/04 off", key{"2022-04-07 08:30", "Reminder", "", "invitation", "state"}, 89,
			"không tính ngày nghỉ Giỗ Tổ Hùng Vương, nghỉ bù 11/04/2022"},
		{"decision", key{"2022-04-08 17:00", "Decision", "", "", "state"}, 89, ""},
		{"ceremony", key{"2022-04-15 08:30", "Ceremony", "", "", "state"}, 89, ""},
		{"closed when replication has ended", key{"2023-06-30 17:00", "Closed", "", "", "state"}, 89, ""},
	} {
		if units[tc.key] != tc.units || reasons[tc.key] != tc.moved {
			t.Errorf("%s: %v has %d units, reason %q; want %d, %q",
				tc.reason, tc.key, units[tc.key], reasons[tc.key], tc.units, tc.moved)
		}
	}
	// 14 of the registration, 16 of each of 5 months, 15 of the final report
	// (it has no cut-off), 2 reviews, and launch, decision, invitation, ceremony,
	// close.
	if want := 14 + 5*16 + 15 + 2 + 5; len(made.Events) != want {
		t.Errorf("%d events; want %d", len(made.Events), want)
	}
}

func TestRules(t *testing.T) {
	for _, tc := range []struct {
		reason string
		change func(*v1.CampaignSpec)
		want   string // "time type round step calendar" of an event that must be there
	}{
		{"a date without a time is 08:30 for the launch",
			func(s *v1.CampaignSpec) { s.Launch.At = "2021-09-07" },
			"2021-09-07 08:30 Launch   state"},
		{"a launch on a Sunday stays: a ceremony may be held on a day off",
			func(s *v1.CampaignSpec) { s.Launch.At = "2021-09-05" },
			"2021-09-05 08:30 Launch   state"},
		{"an offset of another zone is read in the campaign's",
			func(s *v1.CampaignSpec) { s.Launch.At = "2021-09-07T01:30:00Z" },
			"2021-09-07 08:30 Launch   state"},
		{"an explicit deadline stays on its Saturday",
			func(s *v1.CampaignSpec) { s.Registration.Until = "2021-09-25T17:00:00+07:00" },
			"2021-09-25 17:00 RegistrationCloses registration  state"},
		{"a date alone rolls from it",
			func(s *v1.CampaignSpec) { s.Registration.Until = "2021-09-25" },
			"2021-09-27 17:00 RegistrationCloses registration  state"},
		{"a review on a day off rolls",
			func(s *v1.CampaignSpec) { s.Reviews[0].At = "2022-01-01" },
			"2022-01-04 08:30 Review   state"},
		{"a decision on a day off rolls",
			func(s *v1.CampaignSpec) { s.Decision.At = "2022-04-09" },
			"2022-04-12 17:00 Decision   state"},
		{"replication on a day off rolls",
			func(s *v1.CampaignSpec) { s.Replication.Until = "2023-07-01" },
			"2023-07-03 17:00 Closed   state"},
		{"a campaign does not close before its ceremony",
			func(s *v1.CampaignSpec) { s.Replication.Until = "2022-04-01" },
			"2022-04-15 08:30 Closed   state"},
		{"without replication it closes with its last instant",
			func(s *v1.CampaignSpec) { s.Replication = nil },
			"2022-04-15 08:30 Closed   state"},
		{"a deadline that must not roll stays on Saturday 15/01",
			func(s *v1.CampaignSpec) { s.Reporting[0].Due.Roll = v1.RollNone },
			"2022-01-15 17:00 ReportDue monthly/2022-01  state"},
		{"and its ladder counts from there",
			func(s *v1.CampaignSpec) { s.Reporting[0].Due.Roll = v1.RollNone },
			"2022-01-17 08:30 Reminder monthly/2022-01 overdue state"},
		{"day 31 of a short month is its last day",
			func(s *v1.CampaignSpec) { s.Reporting[0].Due.Day = 31 },
			"2021-11-30 17:00 ReportDue monthly/2021-11  enterprise"},
		{"without a step before the deadline a round opens when its data are complete",
			func(s *v1.CampaignSpec) { s.Reminders = s.Reminders[2:] },
			"2021-10-15 00:00 RoundOpens monthly/2021-10  state"},
		{"a single report is then open from the launch",
			func(s *v1.CampaignSpec) { s.Reminders = nil },
			"2021-09-07 14:00 RoundOpens final/2022-03-15  state"},
		{"no round opens before the launch",
			func(s *v1.CampaignSpec) { s.Reminders[0].Offset = -40 },
			"2021-09-07 14:00 RoundOpens monthly/2021-10  state"},
		{"the registration closes after the last step",
			func(s *v1.CampaignSpec) { s.Reminders[4].Offset = 12 },
			"2021-10-19 17:00 RoundCloses registration  state"},
		{"no invitation goes out before the launch",
			func(s *v1.CampaignSpec) { s.Ceremony.At = "2021-09-09T14:00:00+07:00" },
			"2021-09-07 14:00 Reminder  invitation state"},
	} {
		in := seed(t)
		tc.change(&in.Campaign.Spec)
		p, err := plan.Make(in)
		if err != nil {
			t.Errorf("%s: %v", tc.reason, err)
			continue
		}
		if !has(p, tc.want) {
			t.Errorf("%s: no event %q", tc.reason, tc.want)
		}
	}
}

func has(p *plan.Plan, want string) bool {
	for _, e := range p.Events {
		got := strings.Join([]string{e.At.Format("2006-01-02 15:04"), string(e.Type), e.Round, e.Step, string(e.Calendar)}, " ")
		if got == want {
			return true
		}
	}
	return false
}

// TestNothingOutsideTheRound: steps before the launch are never sent and steps
// after the close have nothing to chase, so the plan has neither.
func TestNothingOutsideTheRound(t *testing.T) {
	in := seed(t)
	in.Campaign.Spec.Registration.Until = "2021-09-10"
	in.Campaign.Spec.Reporting[1].Closes.WorkingDaysAfterDue = 3
	p := mustMake(t, in)
	for _, e := range p.Events {
		if e.At.Before(p.Launch) {
			t.Errorf("%s at %s is before the launch", e.Type, e.At)
		}
		if e.Round == "final/2022-03-15" && e.Step == "escalate" {
			t.Errorf("escalation on working day 5 of a round that closes on day 3")
		}
	}
	if !has(p, "2022-03-18 08:30 Reminder final/2022-03-15 letter state") {
		t.Error("the letter on the morning of the closing day is missing")
	}
}

func TestMakeRefuses(t *testing.T) {
	for _, tc := range []struct {
		reason string
		change func(*plan.Input)
		path   string
	}{
		{"a spec that nobody defaulted", func(in *plan.Input) { in.Campaign.Spec.TimeZone = "" }, "spec.timeZone"},
		{"an unknown zone", func(in *plan.Input) { in.Campaign.Spec.TimeZone = "Asia/Hanoi" }, "spec.timeZone"},
		{"an unknown calendar", func(in *plan.Input) { in.Campaign.Spec.Calendar = "nobody" }, "spec.calendar"},
		{"a unit of an unknown calendar", func(in *plan.Input) { in.Units[0].Calendar = "nobody" }, "spec.participants"},
		{"nobody takes part", func(in *plan.Input) { in.Units = nil }, "spec.participants"},
		{"a launch on no day", func(in *plan.Input) { in.Campaign.Spec.Launch.At = "2021-02-30" }, "spec.launch.at"},
		{"seconds are not planned", func(in *plan.Input) { in.Campaign.Spec.Launch.At = "2021-09-07T14:00:30+07:00" }, "spec.launch.at"},
		{"registration ends before the launch", func(in *plan.Input) { in.Campaign.Spec.Registration.Until = "2021-09-06" }, "spec.registration.until"},
		{"a report is due before the launch", func(in *plan.Input) { in.Campaign.Spec.Reporting[0].From = "2021-08" },
			"spec.reporting[monthly]"},
		{"periods run backwards", func(in *plan.Input) { in.Campaign.Spec.Reporting[0].To = "2021-09" }, "spec.reporting[monthly].to"},
		{"more than ten years of months", func(in *plan.Input) { in.Campaign.Spec.Reporting[0].To = "2031-10" }, "spec.reporting[monthly]"},
		{"no last period", func(in *plan.Input) { in.Campaign.Spec.Reporting[0].To = "" }, "spec.reporting[monthly].to"},
		{"a month without cut-off", func(in *plan.Input) { in.Campaign.Spec.Reporting[0].CutOffDay = 0 }, "spec.reporting[monthly]"},
		{"a final report on no day", func(in *plan.Input) { in.Campaign.Spec.Reporting[1].Due.Date = "2022-02-29" }, "spec.reporting[final].due.date"},
		{"a step at no time", func(in *plan.Input) { in.Campaign.Spec.Reminders[0].Time = "" }, "spec.reminders[prepare].time"},
		{"reviews in the wrong order", func(in *plan.Input) { in.Campaign.Spec.Reviews[0].At = "2022-05-10" }, "spec.reviews[final].at"},
		{"a ceremony before the launch", func(in *plan.Input) { in.Campaign.Spec.Ceremony.At = "2021-09-06" }, "spec.ceremony.at"},
		{"five times of day", func(in *plan.Input) {
			in.Campaign.Spec.Reminders[0].Time = "07:00"
			in.Campaign.Spec.Reminders[1].Time = "07:30"
		}, "spec"},
	} {
		in := seed(t)
		tc.change(&in)
		_, err := plan.Make(in)
		var wrong *plan.Invalid
		if !errors.As(err, &wrong) || !strings.HasPrefix(wrong.Path, tc.path) {
			t.Errorf("%s: error %v; want one about %s", tc.reason, err, tc.path)
		}
	}
}

func TestHash(t *testing.T) {
	base := mustMake(t, seed(t)).Hash
	for _, tc := range []struct {
		reason string
		change func(*plan.Input)
		same   bool
	}{
		{"the same input", func(*plan.Input) {}, true},
		{"the generation is not part of it", func(in *plan.Input) { in.Generation = 7 }, true},
		{"nor the status", func(in *plan.Input) { in.Campaign.Status.Phase = "Launched" }, true},
		{"another spec, though no instant moves", func(in *plan.Input) { in.Campaign.Spec.Title.VI += "." }, false},
		{"another instant", func(in *plan.Input) { in.Campaign.Spec.Decision.At = "2022-04-12" }, false},
		{"another version of an input", func(in *plan.Input) { in.Inputs = []string{"Roster/r@2:sha256:00"} }, false},
		{"another campaign", func(in *plan.Input) { in.Campaign.Name = "covid-2022" }, false},
		{"a calendar that moves something", func(in *plan.Input) { in.Calendars["state"] = in.Calendars["saturday"] }, false},
	} {
		in := seed(t)
		tc.change(&in)
		if got := mustMake(t, in).Hash; (got == base) != tc.same {
			t.Errorf("%s: hash equal is %v", tc.reason, got == base)
		}
	}
	a, b := seed(t), seed(t)
	a.Inputs, b.Inputs = []string{"x", "y"}, []string{"y", "x"}
	if diff := cmp.Diff(mustMake(t, a).Hash, mustMake(t, b).Hash); diff != "" {
		t.Errorf("the order of inputs matters: %s", diff)
	}
	if diff := cmp.Diff([]string{"y", "x"}, b.Inputs); diff != "" {
		t.Errorf("Make changed its input: %s", diff)
	}
}
