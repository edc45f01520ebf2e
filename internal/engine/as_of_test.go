package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/notify"
)

// answers to everything that can be asked as of an instant, as JSON.
func (w *world) answers(r *look.Reader) map[string]string {
	w.t.Helper()
	out := map[string]string{}
	keep := func(question string, answer any, err error) {
		if err != nil {
			answer = err.Error()
		}
		b, err := json.MarshalIndent(answer, "", " ")
		w.ok(err)
		out[question] = string(b)
	}
	ctx := w.t.Context()
	for _, u := range []string{"VP", "A2", "A3", "B1"} {
		y, err := r.Why(ctx, name, u)
		// How the engine was is not kept; see look.Reader.AsOf.
		c := &y.Campaign
		c.Phase, c.ObservedGeneration, c.Jumps, c.AsOf = "", c.Generation, 0, false
		c.Conditions = slices.DeleteFunc(c.Conditions, func(k look.Condition) bool { return k.Type != "Launched" && k.Type != "Succeeded" })
		keep("why "+u, y, err)
		todo, err := r.Todo(ctx, u)
		keep("todo "+u, todo, err)
	}
	notices, err := r.Notices(ctx, name)
	keep("notices", notices, err)
	late, err := r.Late(ctx, name)
	keep("late", late, err)
	letters, err := r.Letters(ctx, name)
	keep("letters", letters, err)
	messages, err := r.Messages(ctx, name, look.MessageFilter{Limit: 1000})
	keep("messages", messages, err)
	ranking, err := r.Ranking(ctx, name, "")
	keep("ranking", ranking, err)
	completeness, err := r.Completeness(ctx, name, "")
	keep("completeness", completeness, err)
	grid, err := r.Grid(ctx, name, "")
	keep("grid", grid, err)
	ranks, err := r.Ranks(ctx, name, look.RanksFilter{})
	keep("ranks", ranks, err)
	board, err := r.Board(ctx, name)
	keep("rounds", board.Rounds, err)
	keep("acts", board.Acts, nil)
	return out
}

// witness writes down what is answered at each instant, once everything of it is done.
type witness struct {
	*world
	said map[time.Time]map[string]string
}

func witnessed(w *world) *witness {
	s := &witness{w, map[time.Time]map[string]string{}}
	w.settled = s.write
	return s
}

func (s *witness) write() {
	now, err := s.Now(s.t.Context())
	s.ok(err)
	s.said[now] = s.answers(look.New(s.Pool()))
}

// hold asks as of each of the instants, and wants what was answered then.
func (s *witness) hold() {
	s.t.Helper()
	began := time.Now()
	defer func() { s.t.Logf("%d instants in %s", len(s.said), time.Since(began)) }()
	for now, said := range s.said {
		then := s.answers(look.New(s.Pool()).AsOf(now))
		for question, answer := range said {
			if d := cmp.Diff(answer, then[question]); d != "" {
				s.t.Errorf("%s: %s, said then (-) and as of then (+):\n%s", now.In(hanoi), question, d)
				if s.t.Failed() {
					return
				}
			}
		}
	}
}

// acts that change what is known, each by hand of somebody; refusals are as good.
func (s *witness) acts() map[string]func(unit string) error {
	ctx, by := s.t.Context(), func() Act { return By(office, "vì sao") }
	day := func(n int) time.Time {
		now, err := s.Now(ctx)
		s.ok(err)
		now = now.In(hanoi)
		return time.Date(now.Year(), now.Month(), now.Day()+n, 17, 0, 0, 0, hanoi)
	}
	round := func() string {
		if day(0).Before(at("2021-11-08 00:00")) {
			return oct
		}
		return nov
	}
	apply := func(edits ...string) error {
		_, err := s.Apply(ctx, by(), load(s.t, edited(s.t, edits...)), false)
		return err
	}
	refusing := false
	s.inbox.refuses = func(notify.Mail) bool { return refusing }
	return map[string]func(unit string) error{
		"submit": func(u string) error {
			_, err := s.Submit(ctx, By(focal(u), ""), name, round(), u, goodReport)
			return err
		},
		"approve":  func(u string) error { _, err := s.Approve(ctx, By(leader(u), ""), name, round(), u); return err },
		"handback": func(u string) error { return s.HandBack(ctx, by(), name, round(), u) },
		"return":   func(u string) error { return s.Return(ctx, by(), name, round(), u, day(4)) },
		"reopen":   func(u string) error { return s.Reopen(ctx, by(), name, round(), u, day(4)) },
		"extend":   func(u string) error { _, err := s.Extend(ctx, by(), name, round(), u, day(5)); return err },
		"extend all": func(string) error {
			_, err := s.Extend(ctx, by(), name, round(), "", day(3))
			return err
		},
		"record": func(u string) error {
			_, err := s.Record(ctx, by(), name, round(), u, Report{Figures: goodReport.Figures}, Arrival{Source: Paper, DocumentNumber: "88/" + u, ReceivedAt: day(-2)})
			return err
		},
		"pause":         func(string) error { return s.Pause(ctx, by(), name) },
		"resume, shift": func(string) error { return s.Resume(ctx, by(), name, Shift) },
		"resume, keep":  func(string) error { return s.Resume(ctx, by(), name, Keep) },
		"a day off":     func(string) error { return apply(off(state18, day(3).Format(time.DateOnly))...) },
		"no day off":    func(string) error { return apply() },
		"other title":   func(string) error { return apply("{vi: Phong trào thử nghiệm}", "{vi: Tên khác}") },
		"roster": func(u string) error {
			set := fixture(s.t)
			for i := range set.Rosters[0].Spec.Units {
				if c := &set.Rosters[0].Spec.Units[i]; string(c.Code) == u || c.Code == "VP" {
					c.Name += " (mới)"
				}
			}
			_, err := s.Apply(ctx, by(), set, false)
			return err
		},
		"mail":    func(string) error { s.mailAway = !s.mailAway; return nil },
		"refusal": func(string) error { refusing = !refusing; return nil },
		"hold":    func(u string) error { _, err := s.HoldMessages(ctx, by(), name, Choice{Unit: u}); return err },
		"release": func(string) error {
			_, err := s.ReleaseMessages(ctx, by(), name, Choice{All: true})
			return err
		},
		"cancel messages": func(u string) error {
			_, err := s.CancelMessages(ctx, by(), name, Choice{Unit: u})
			return err
		},
		"resend": func(string) error {
			_, err := s.ResendMessages(ctx, by(), name, Choice{All: true})
			return err
		},
		"cancel": func(string) error {
			if day(0).Before(at("2021-12-13 00:00")) {
				return nil
			}
			return s.Cancel(ctx, by(), name)
		},
	}
}

// What was known at an instant is answered as it was then, whatever happened since: a
// campaign is lived through, acts and all, what is answered is written down at each
// instant, and asked again at the end.
func TestAsOf(t *testing.T) {
	t.Parallel()
	t.Run("as planned", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		s := witnessed(w)
		s.write()
		w.ok(w.Launch(t.Context(), By(office, ""), name, LaunchOptions{}))
		w.to("2021-09-07 15:00")
		for _, u := range units {
			w.submit(u, "registration")
		}
		s.write()
		w.october()
		w.ending()
		s.hold()
	})
	t.Run("steps that move, mail that waits and doesn't leave", func(t *testing.T) {
		t.Parallel()
		w := running(t)
		s := witnessed(w)
		w.to("2021-10-11 10:00")
		s.write()
		w.to("2021-10-11 11:00")
		w.apply(load(t, edited(t, off(state18, "2021-10-14")...))) // tomorrow is on the 13th now
		s.write()
		w.mailAway = true
		w.to("2021-10-13 10:00")
		s.write()
		w.to("2021-10-13 11:00")
		w.submit("A2", oct)
		w.approve("A2", oct)
		w.extend("A3", "2021-10-21 17:00")
		s.write()
		w.mailAway = false
		w.to("2021-10-20 12:00")
		s.hold()
		w.check("there was something to remember", w.rows(`SELECT unit, reason FROM notice WHERE state = 'Superseded' AND step = 'tomorrow' ORDER BY unit`),
			"A2 Settled", "A3 DeadlineMoved")
	})
	t.Run("messages that are held, released, cancelled, refused and put back", func(t *testing.T) {
		t.Parallel()
		w := running(t)
		s := witnessed(w)
		acts := s.acts()
		refusing := true
		w.inbox.refuses = func(notify.Mail) bool { return refusing }
		w.mailAway = true
		w.to("2021-10-08 09:00")
		s.write()
		at := func(when string, do func(), names ...string) {
			t.Helper()
			w.leap(when)
			for _, n := range names {
				act, unit, _ := strings.Cut(n, "/")
				w.ok(acts[act](unit))
			}
			if do != nil {
				do()
			}
			s.write()
		}
		at("2021-10-08 09:10", nil, "hold/A2", "hold/A3")
		at("2021-10-08 09:20", nil, "release/")
		at("2021-10-08 09:30", nil, "hold/A2")
		at("2021-10-08 09:40", nil, "cancel messages/A2")
		at("2021-10-08 09:50", func() { w.mailAway = false; w.dispatch() })
		at("2021-10-08 10:00", nil, "resend/")
		at("2021-10-08 10:10", func() { w.dispatch() }) // refused again
		refusing = false
		at("2021-10-08 10:20", func() { w.dispatch() }, "resend/")
		w.to("2021-10-20 12:00")
		s.hold()
		w.check("there was something to remember", w.rows(`SELECT tbl, count(*) > 3 FROM past WHERE tbl IN ('message', 'notice') GROUP BY 1 ORDER BY 1`), "message true", "notice true")
	})
	for seed := range uint64(2) {
		t.Run(fmt.Sprintf("acts at random, %d", seed), func(t *testing.T) {
			t.Parallel()
			w := running(t)
			s := witnessed(w)
			s.write()
			chance := rand.New(rand.NewPCG(seed, 0))
			acts := s.acts()
			names := make([]string, 0, len(acts))
			for n := range acts {
				names = append(names, n)
			}
			slices.Sort(names)
			done := map[string]int{}
			w.to("2021-10-07 17:00")
			for now := at("2021-10-07 17:00"); now.Before(at("2021-12-20 00:00")); {
				for range 1 + chance.IntN(4) {
					n := names[chance.IntN(len(names))]
					switch err := acts[n](units[chance.IntN(len(units))]); {
					case err == nil:
						done[n]++
					case Code(err) == "":
						t.Fatalf("%s: %v", n, err)
					}
				}
				w.work()
				w.dispatch()
				s.write()
				now = now.Add(time.Duration(12+chance.IntN(120)) * time.Hour)
				w.to(now.Format("2006-01-02 15:04"))
				w.dispatch()
				s.write()
			}
			t.Logf("%d instants; done: %v", len(s.said), done)
			s.hold()
		})
	}
}

// Nothing is pretended.
func TestAsOfUnknown(t *testing.T) {
	w := running(t)
	for _, c := range []struct {
		reason string
		at     time.Time
		want   string
	}{
		{"before the campaign was declared", at("2021-09-01 00:00"), "campaign thi-dua did not exist yet at 2021-09-01T00:00:00+07:00; it exists since 2021-09-07T08:00:00+07:00"},
		{"tomorrow", at("2021-09-08 00:00"), "2021-09-08T00:00:00+07:00 has not come yet: now is 2021-09-07T15:00:00+07:00"},
	} {
		if _, err := look.New(w.Pool()).AsOf(c.at).Why(t.Context(), name, "A1"); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.reason, err, c.want)
		}
	}
	_, err := w.Pool().Exec(context.WithoutCancel(t.Context()), `UPDATE past_since SET at = '2021-09-07 14:30+07'`)
	w.ok(err)
	if _, err := look.New(w.Pool()).AsOf(at("2021-09-07 14:00")).Why(t.Context(), name, "A1"); err == nil || err.Error() != "what was known is kept since 2021-09-07T14:30:00+07:00 only" {
		t.Errorf("before the schema kept it: %v", err)
	}
}
