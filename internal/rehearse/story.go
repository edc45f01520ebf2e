package rehearse

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/store/db"
)

//go:embed texts/*.tmpl
var texts embed.FS

// Story tells what happened in a campaign, in a dozen lines or two, in the
// language vi or en.
func Story(ctx context.Context, pool *pgxpool.Pool, spec *v1.CampaignSpec, campaign, language string) ([]string, error) {
	s, err := readStory(ctx, db.New(pool), spec, campaign)
	if err != nil {
		return nil, fmt.Errorf("tell the story of %s: %w", campaign, err)
	}
	loc, err := time.LoadLocation(spec.TimeZone)
	if err != nil {
		return nil, err
	}
	t, err := template.New(language+".tmpl").Funcs(template.FuncMap{
		"at":   func(t time.Time) string { return t.In(loc).Format("02/01/2006 15:04") },
		"day":  func(t time.Time) string { return t.In(loc).Format("02/01") },
		"join": joinSome,
	}).ParseFS(texts, "texts/"+language+".tmpl")
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	if err := t.Execute(&b, s); err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimRight(b.String(), "\n"), "\n"), nil
}

// joinSome names a few and counts the rest.
func joinSome(names []string) string {
	const some = 14
	if len(names) <= some {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:some], ", ") + fmt.Sprintf(" … (%d)", len(names))
}

type story struct {
	Campaign, TitleVI, TitleEN, State string
	Together                          bool
	Launch, ClosedAt                  time.Time
	Invited, Participants             int
	Rounds                            []storyRound
	Reviews                           []storyReview
	Parts                             []storyPart // rounds and reviews, as they come
	Decision                          string
	DecisionAt                        time.Time
	Awards                            []db.StoryAwardsRow
	CeremonyAt                        *time.Time
	Presented, InvitedToCeremony      int
	Mails, Unsent                     int
	LettersDrafted, LettersWithdrawn  int
}

// storyPart is a round or a review.
type storyPart struct {
	At     time.Time
	Round  *storyRound
	Review *storyReview
}

type storyRound struct {
	Name             string
	Registration     bool
	Due              time.Time
	Expected, OnTime int
	Late             []storyLate
	Missing          []string
	Steps            []storyStep
}

type storyLate struct {
	Unit string
	At   time.Time
}

// storyStep is a step of a round's ladder. Telling ones are shown: those of the
// rounds in which not everybody was in time.
type storyStep struct {
	db.StoryStepsRow
	Telling bool
}

type storyReview struct {
	Name   string
	At     time.Time
	Groups int
	// Together tells that all units are ranked as one group.
	Together bool
	Leaders  []string
}

func readStory(ctx context.Context, q *db.Queries, spec *v1.CampaignSpec, name string) (*story, error) {
	c, err := q.CampaignByName(ctx, name)
	if err != nil {
		return nil, err
	}
	s := &story{
		Campaign: name, Together: spec.Scoring.Ranking.Within == "All", TitleVI: spec.Title.VI, TitleEN: spec.Title.EN, State: strings.ToLower(c.State),
		Launch: c.LaunchAt, ClosedAt: c.ClosesAt, CeremonyAt: c.CeremonyAt,
	}
	if s.TitleEN == "" {
		s.TitleEN = s.TitleVI
	}
	if c.EndedAt != nil {
		s.ClosedAt = *c.EndedAt
	}
	n, err := q.CountParticipants(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	s.Participants = int(n)
	if err := s.readRounds(ctx, q, c.ID); err != nil {
		return nil, err
	}
	if err := s.readHonours(ctx, q, c.ID); err != nil {
		return nil, err
	}
	for i := range s.Rounds {
		s.Parts = append(s.Parts, storyPart{At: s.Rounds[i].Due, Round: &s.Rounds[i]})
	}
	for i := range s.Reviews {
		s.Parts = append(s.Parts, storyPart{At: s.Reviews[i].At, Review: &s.Reviews[i]})
	}
	slices.SortStableFunc(s.Parts, func(a, b storyPart) int { return a.At.Compare(b.At) })
	return s, nil
}

func (s *story) readRounds(ctx context.Context, q *db.Queries, id int64) error {
	rounds, err := q.StoryRounds(ctx, id)
	if err != nil {
		return err
	}
	late, err := q.StoryLate(ctx, id)
	if err != nil {
		return err
	}
	steps, err := q.StorySteps(ctx, id)
	if err != nil {
		return err
	}
	for _, r := range rounds {
		out := storyRound{
			Name: r.Name, Registration: r.Kind == "Registration", Due: r.DueAt, Expected: int(r.Expected), OnTime: int(r.OnTime),
		}
		for _, l := range late {
			switch {
			case l.Round != r.Name:
			case l.State == "Lapsed":
				out.Missing = append(out.Missing, l.Owner)
			default:
				out.Late = append(out.Late, storyLate{l.Owner, *l.ReceivedAt})
			}
		}
		troubled := len(out.Late)+len(out.Missing) > 0
		for _, st := range steps {
			if st.Round == r.Name && st.Step != "launch" {
				out.Steps = append(out.Steps, storyStep{st, troubled})
			}
		}
		s.Rounds = append(s.Rounds, out)
	}
	for _, st := range steps {
		switch st.Step {
		case "launch":
			s.Invited += int(st.Mails)
		case "invitation":
			s.InvitedToCeremony += int(st.Mails)
		}
	}
	return nil
}

func (s *story) readHonours(ctx context.Context, q *db.Queries, id int64) error {
	reviews, err := q.ReviewsOf(ctx, id)
	if err != nil {
		return err
	}
	for _, r := range reviews {
		leaders, err := q.StoryLeaders(ctx, id, r.Name)
		if err != nil {
			return err
		}
		out := storyReview{Name: r.Name, At: r.At, Together: s.Together}
		groups := map[string]bool{}
		for _, l := range leaders {
			groups[l.Grp] = true
			out.Leaders = append(out.Leaders, l.Unit)
		}
		out.Groups = len(groups)
		slices.Sort(out.Leaders)
		s.Reviews = append(s.Reviews, out)
	}
	if d, err := q.DecisionOf(ctx, id); err == nil {
		s.Decision, s.DecisionAt = d.Number, d.RecordedAt
	}
	if s.Awards, err = q.StoryAwards(ctx, id); err != nil {
		return err
	}
	for _, a := range s.Awards {
		s.Presented += int(a.Units)
	}
	letters, err := q.StoryLetters(ctx, id)
	if err != nil {
		return err
	}
	s.LettersDrafted, s.LettersWithdrawn = int(letters.Drafted), int(letters.Withdrawn)
	sent, err := q.CountSent(ctx, id)
	if err != nil {
		return err
	}
	s.Mails = int(sent)
	unsent, err := q.CountUnsent(ctx, id)
	s.Unsent = int(unsent)
	return err
}
