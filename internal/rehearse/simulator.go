package rehearse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/clock"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/store/db"
)

// Simulator is the people of one campaign. What they do next follows from the
// facts alone, so a simulator that starts anew goes on where the last one ended.
type Simulator struct {
	Engine     *engine.Engine
	Campaign   string
	Spec       *v1.CampaignSpec
	Simulation *Simulation

	location *time.Location
	rounds   int // reports asked for, for figures that rise evenly
	first    string
}

// NewSimulator prepares the people of a campaign.
func NewSimulator(e *engine.Engine, campaign string, spec *v1.CampaignSpec, s *Simulation, rounds int, firstUnit string) (*Simulator, error) {
	loc, err := time.LoadLocation(spec.TimeZone)
	if err != nil {
		return nil, err
	}
	return &Simulator{Engine: e, Campaign: campaign, Spec: spec, Simulation: s, location: loc, rounds: max(rounds, 1), first: firstUnit}, nil
}

var _ clock.Actors = (*Simulator)(nil)

// Next is when somebody acts next.
func (s *Simulator) Next(ctx context.Context, now time.Time) (*time.Time, error) {
	var next *time.Time
	err := s.actions(ctx, func(at time.Time, _ func(context.Context) error) error {
		next = clock.Next(now, next, &at)
		return nil
	})
	return next, err
}

// Act does everything whose time has come.
func (s *Simulator) Act(ctx context.Context, now time.Time) (int, error) {
	acted := 0
	err := s.actions(ctx, func(at time.Time, act func(context.Context) error) error {
		if at.After(now) {
			return nil
		}
		acted++
		return act(ctx)
	})
	return acted, err
}

// actions visits what people have still to do, and when.
func (s *Simulator) actions(ctx context.Context, visit func(time.Time, func(context.Context) error) error) error {
	q := db.New(s.Engine.Pool())
	c, err := q.CampaignByName(ctx, s.Campaign)
	if err != nil {
		return fmt.Errorf("read campaign %s: %w", s.Campaign, err)
	}
	office := auth.Actor{Name: "simulated", Role: auth.Office, Unit: c.Office}
	if c.State == "Declared" {
		return visit(c.LaunchAt, func(ctx context.Context) error {
			return s.Engine.Launch(ctx, s.act(office, "launch"), s.Campaign, engine.LaunchOptions{})
		})
	}
	if c.State != "Launched" {
		return nil
	}
	owing, err := q.OwingReports(ctx, c.ID)
	if err != nil {
		return err
	}
	for _, o := range owing {
		at, sends, err := s.sendsAt(o)
		if err != nil {
			return err
		}
		if !sends || at.After(o.ClosesAt) {
			continue
		}
		if err := visit(at, func(ctx context.Context) error { return s.send(ctx, o) }); err != nil {
			return err
		}
	}
	if err := s.consolidations(ctx, q, c, visit); err != nil {
		return err
	}
	due, err := q.OwedDecision(ctx, c.ID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	at := c.LaunchAt
	if due != nil {
		at = *due
	}
	return visit(at, func(ctx context.Context) error {
		return s.Engine.Decide(ctx, s.act(office, "decide"), s.Campaign, engine.Decided{
			Number: s.Simulation.Decision.Number, SignedBy: s.Simulation.Decision.SignedBy, Dated: calendar.DateOf(at, s.location),
		})
	})
}

// consolidations are made on the day on which they are due.
func (s *Simulator) consolidations(ctx context.Context, q *db.Queries, c db.Campaign, visit func(time.Time, func(context.Context) error) error) error {
	owed, err := q.OwedConsolidations(ctx, c.ID)
	if err != nil {
		return err
	}
	tod, err := calendar.ParseTimeOfDay(s.Simulation.At)
	if err != nil {
		return err
	}
	for _, o := range owed {
		body := auth.Actor{Name: "simulated", Role: auth.FocalPoint, Unit: o.Owner}
		err := visit(tod.On(calendar.DateOf(*o.DueAt, s.location), s.location), func(ctx context.Context) error {
			_, err := s.Engine.Consolidate(ctx, s.act(body, "consolidate/"+o.Round+"/"+o.Owner), s.Campaign, o.Round, o.Owner, engine.Report{
				Sections: map[v1.SectionName]string{engine.SectionConsolidation: "Đã tổng hợp báo cáo của các đơn vị."},
			})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// act gives the act of a simulated person a request id that a restart repeats.
func (s *Simulator) act(actor auth.Actor, what string) engine.Act {
	act := engine.By(actor, "simulated")
	act.RequestID = uuid.NewSHA1(uuid.NameSpaceURL, []byte("simulated/"+s.Campaign+"/"+what))
	return act
}

// sendsAt is when a unit hands up and approves what it owes.
func (s *Simulator) sendsAt(o db.OwingReportsRow) (at time.Time, sends bool, err error) {
	on := func(day calendar.Date, at string) (time.Time, bool, error) {
		tod, err := calendar.ParseTimeOfDay(at)
		return tod.On(day, s.location), true, err
	}
	if x, ok := s.Simulation.sends(o.Round, o.Owner); ok {
		if x == never {
			return time.Time{}, false, nil
		}
		day, err := calendar.ParseDate(x)
		if err != nil {
			return time.Time{}, false, err
		}
		return on(day, s.Simulation.At)
	}
	if o.Kind == "Registration" {
		opened := calendar.DateOf(o.OpenedAt, s.location)
		due := calendar.DateOf(*o.DueAt, s.location)
		day := opened.AddDays(s.Simulation.Registers.AfterDays)
		if day.After(due) {
			day = due
		}
		return on(day, s.Simulation.Registers.At)
	}
	if !s.Simulation.given && o.Owner == s.first && o.Seq <= 2 {
		return time.Time{}, false, nil // the default's silent unit
	}
	return on(calendar.DateOf(*o.DueAt, s.location), s.Simulation.At)
}

// send hands up what a unit owes, and lets its leader approve it.
func (s *Simulator) send(ctx context.Context, o db.OwingReportsRow) error {
	focal := auth.Actor{Name: "simulated", Role: auth.FocalPoint, Unit: o.Owner}
	leader := auth.Actor{Name: "simulated", Role: auth.Leader, Unit: o.Owner}
	key := o.Round + "/" + o.Owner
	if o.Holder == string(v1.RoleFocalPoint) {
		report, err := s.report(o)
		if err != nil {
			return err
		}
		if _, err := s.Engine.Submit(ctx, s.act(focal, "submit/"+key), s.Campaign, o.Round, o.Owner, report); err != nil {
			return err
		}
	}
	if o.Approval != string(v1.ApprovalUnitLeader) {
		return nil
	}
	_, err := s.Engine.Approve(ctx, s.act(leader, "approve/"+key), s.Campaign, o.Round, o.Owner)
	return err
}

func (s *Simulator) report(o db.OwingReportsRow) (engine.Report, error) {
	if o.Kind == "Registration" {
		tasks := s.Simulation.HardTasks
		if s.Spec.Registration == nil || s.Spec.Registration.HardTasks == nil {
			tasks = nil
		} else if limit := int(s.Spec.Registration.HardTasks.Max); len(tasks) > limit {
			tasks = tasks[:limit]
		}
		return engine.Report{HardTasks: tasks}, nil
	}
	var outline []v1.Section
	if err := json.Unmarshal(o.Requested, &outline); err != nil {
		return engine.Report{}, err
	}
	for _, series := range s.Spec.Reporting {
		if string(series.Name) == o.Series {
			outline = series.Sections
		}
	}
	r := engine.Report{Sections: map[v1.SectionName]string{}, Figures: map[v1.Name]string{}}
	for _, section := range outline {
		if text := s.Simulation.Sections[section.Name]; text != "" {
			r.Sections[section.Name] = text
		} else if section.Required {
			r.Sections[section.Name] = "Đơn vị đã triển khai đầy đủ các nội dung của phong trào trong kỳ báo cáo."
		}
	}
	if o.Series == plan.RequestSeries {
		return r, nil
	}
	for _, ind := range s.Spec.Indicators {
		if appliesTo(ind, o.UnitKind) {
			r.Figures[ind.Name] = s.figure(o, ind)
		}
	}
	return r, nil
}

// figure of a unit: as the file has it, or rising evenly to the target.
func (s *Simulator) figure(o db.OwingReportsRow, ind v1.Indicator) string {
	if v, ok := s.Simulation.figures[figureKey{o.Round, o.Owner, string(ind.Name)}]; ok {
		return v
	}
	baseline, target := decimal.RequireFromString(string(ind.Baseline)), decimal.RequireFromString(string(ind.Target))
	share := decimal.NewFromInt32(min(o.Seq, int32(s.rounds))).DivRound(decimal.NewFromInt(int64(s.rounds)), 6)
	if !s.Simulation.given {
		share = share.Mul(zeal(o.Owner))
	}
	return baseline.Add(target.Sub(baseline).Mul(share)).Round(1).String()
}

// zeal is how much of the way a unit goes of which nothing is said: from 70 to 100 %, and
// always the same. If all went as far, all would be first, and all nominated.
func zeal(unit string) decimal.Decimal {
	h := fnv.New32a()
	_, _ = h.Write([]byte(unit)) // a hash takes everything
	return decimal.New(700+int64(h.Sum32()%301), -3)
}

func appliesTo(ind v1.Indicator, kind string) bool {
	if ind.AppliesTo == nil {
		return true
	}
	for _, k := range ind.AppliesTo.Kinds {
		if string(k) == kind {
			return true
		}
	}
	return false
}
