package look

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/store/db"
)

// loadDays is how far a load looks ahead, today included.
const loadDays = 30

// Load is what the next days bring, at most: as if no report came before its reminders,
// and everybody could be reached.
type Load struct {
	Days []LoadDay `json:"days"`
}

// LoadDay is one day with all that happens on it.
type LoadDay struct {
	Day
	Messages  int64 `json:"messages"`
	Letters   int64 `json:"letters"` // to be signed
	Deadlines int64 `json:"deadlines"`
	// Items are what it is, by instant.
	Items []LoadItem `json:"items"`
}

// LoadItem is something that happens.
type LoadItem struct {
	Next
	Messages  int64 `json:"messages"`
	Letters   int64 `json:"letters"`
	Deadlines int64 `json:"deadlines"`
}

// Load reads it.
func (r *Reader) Load(ctx context.Context, campaign string) (Load, error) {
	var out Load
	err := r.inRound(ctx, campaign, "", func(v *view, b *Board, _ *Round) (err error) {
		out, err = v.load(ctx, b)
		return err
	})
	return out, err
}

func (v *view) load(ctx context.Context, b *Board) (Load, error) {
	c := &b.Campaign
	l := Load{Days: []LoadDay{}}
	if v.past {
		return l, &Unknown{"what was to come is not kept: plans are replaced"}
	}
	if c.State == "Cancelled" || c.State == "Closed" {
		return l, nil
	}
	first := calendar.DateOf(v.now, c.loc)
	until := first.AddDays(loadDays).At(0, 0, c.loc)
	items, err := v.loadOfOpenRounds(ctx, c, until)
	if err != nil {
		return l, err
	}
	planned, err := v.loadOfPlan(ctx, b, until)
	if err != nil {
		return l, err
	}
	items = append(items, planned...)
	slices.SortStableFunc(items, func(a, b LoadItem) int { return compareNext(a.Next, b.Next) })
	known, err := v.PictureDays(ctx, db.PictureDaysParams{Calendar: c.Calendar, FirstDay: first.At(0, 0, time.UTC), LastDay: first.AddDays(loadDays-1).At(0, 0, time.UTC)})
	if err != nil {
		return l, err
	}
	byDay := map[string]db.PictureDaysRow{}
	for _, d := range known {
		byDay[d.Day.Format(time.DateOnly)] = d
	}
	for n := range loadDays {
		date := first.AddDays(n)
		d := LoadDay{Day: Day{Day: date.String(), Working: true}, Items: []LoadItem{}}
		if k, ok := byDay[d.Day.Day]; ok {
			d.Working, d.Name = k.Working, k.Name
		}
		for _, i := range items {
			if calendar.DateOf(i.At, c.loc) == date {
				d.Items = append(d.Items, i)
				d.Messages, d.Letters, d.Deadlines = d.Messages+i.Messages, d.Letters+i.Letters, d.Deadlines+i.Deadlines
			}
		}
		l.Days = append(l.Days, d)
	}
	return l, nil
}

// loadOfOpenRounds is what those owe, and hear, who owe something already.
func (v *view) loadOfOpenRounds(ctx context.Context, c *Campaign, until time.Time) ([]LoadItem, error) {
	var items []LoadItem
	steps, err := v.PictureLoad(ctx, c.id, until)
	if err != nil {
		return nil, err
	}
	for _, s := range steps {
		at := s.At
		if at.Before(v.now) {
			at = v.now // its procedure is about to
		}
		items = append(items, LoadItem{
			Next:     Next{At: at.In(c.loc), Type: "Step", Round: s.Round, Title: c.roundTitle(s.Kind, s.Series, s.Period), Step: s.Step, Units: s.Units},
			Messages: s.Messages, Letters: s.Letters,
		})
	}
	dues, err := v.PictureDues(ctx, db.PictureDuesParams{CampaignID: c.id, Now: v.now, Until: until})
	if err != nil {
		return nil, err
	}
	for _, d := range dues {
		event := plan.ReportDue
		switch d.Kind {
		case "Registration":
			event = plan.RegistrationCloses
		case "Decision":
			event = plan.Decision
		}
		items = append(items, LoadItem{
			Next:      Next{At: d.DueAt.In(c.loc), Type: string(event), Round: d.Round, Title: c.roundTitle(d.Kind, d.Series, d.Period), Units: d.Units},
			Deadlines: d.Units,
		})
	}
	return items, nil
}

// loadOfPlan is what the plan has for rounds that have not opened, and what it has
// besides rounds.
func (v *view) loadOfPlan(ctx context.Context, b *Board, until time.Time) ([]LoadItem, error) {
	var p plan.Plan
	if err := json.Unmarshal(b.Campaign.row.Plan, &p); err != nil {
		return nil, err
	}
	var kinds []string
	for _, k := range b.Campaign.spec.Participants.Kinds {
		kinds = append(kinds, string(k))
	}
	bodies, err := v.CountBodies(ctx, b.Campaign.row.Roster, kinds)
	if err != nil {
		return nil, err
	}
	steps := map[string]v1.Step{}
	for _, s := range b.Campaign.spec.Reminders {
		steps[string(s.Step)] = s
	}
	planned := map[string]*Round{}
	for i := range b.Rounds {
		if b.Rounds[i].State == "Planned" {
			planned[b.Rounds[i].Name] = &b.Rounds[i]
		}
	}
	var items []LoadItem
	for _, e := range p.Events {
		round := planned[e.Round]
		if !e.At.After(v.now) || !e.At.Before(until) || e.Round != "" && round == nil {
			continue
		}
		i := LoadItem{Next: Next{At: e.At.In(b.Campaign.loc), Type: string(e.Type), Round: e.Round, Step: e.Step, Units: int64(e.Units), Reason: e.Reason, Provisional: e.Provisional}}
		switch e.Type {
		case plan.Reminder, plan.ReportDue, plan.RegistrationCloses:
		case plan.ReviewHeld:
			i.Title = b.Campaign.reviewTitle(string(e.Review))
		case plan.Launch, plan.Decision, plan.Ceremony, plan.Closed:
		default:
			continue // it asks nothing of anybody
		}
		if round != nil {
			i.Title = round.Title
		}
		// Units of several calendars meet at one instant.
		if last := len(items) - 1; last >= 0 && e.Round != "" && sameNext(items[last].Next, i.Next) {
			items[last].Units += i.Units
			continue
		}
		items = append(items, i)
	}
	for n := range items {
		items[n].expect(steps, bodies)
	}
	return items, nil
}

// expect counts what an event of the plan means for its units.
func (i *LoadItem) expect(steps map[string]v1.Step, bodies int64) {
	switch plan.EventType(i.Type) {
	case plan.ReportDue, plan.RegistrationCloses:
		i.Deadlines = i.Units
	case plan.Launch:
		i.Messages = i.Units
	case plan.Reminder:
		s, ladder := steps[i.Step]
		switch {
		case !ladder: // an invitation
			i.Messages = i.Units
		case s.Task != "":
			i.Letters = i.Units
		default:
			i.Messages = int64(len(s.Channels)) * recipients(s, i.Units, bodies)
		}
	}
}

// recipients of a step of so many units.
func recipients(s v1.Step, units, bodies int64) int64 {
	var n int64
	gather := s.Gather == "ListPerRecipient"
	for _, role := range s.To {
		switch {
		case gather && role == "AdministeringBody":
			n += min(bodies, units)
		case gather && role == "Office":
			n++
		default:
			n += units
		}
	}
	return n
}
