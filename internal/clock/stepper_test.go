package clock

import (
	"context"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// scripted is an installation whose engine and people act at given instants.
type scripted struct {
	now            time.Time
	engine, people []time.Time
	undone         int
	log            []string
}

func (s *scripted) Now(context.Context) (time.Time, error) { return s.now, nil }
func (s *scripted) Settled(context.Context) (bool, error)  { return s.undone == 0, nil }
func (s *scripted) Jump(_ context.Context, to time.Time) error {
	if !to.After(s.now) {
		panic("the clock went backwards")
	}
	s.now = to
	if slices.ContainsFunc(s.engine, to.Equal) {
		s.undone++
	}
	return nil
}

func (s *scripted) NextInstant(context.Context) (*time.Time, error) { return s.after(s.engine), nil }

func (s *scripted) Next(context.Context, time.Time) (*time.Time, error) {
	return s.after(s.people), nil
}

func (s *scripted) after(all []time.Time) *time.Time {
	var refs []*time.Time
	for i := range all {
		refs = append(refs, &all[i])
	}
	return Next(s.now, refs...)
}

func (s *scripted) Act(_ context.Context, now time.Time) (int, error) {
	i := slices.IndexFunc(s.people, now.Equal)
	if i < 0 {
		return 0, nil
	}
	s.people = slices.Delete(s.people, i, i+1)
	s.log = append(s.log, "people "+now.Format(time.TimeOnly))
	return 1, nil
}

func (s *scripted) work(context.Context) error {
	s.undone--
	s.log = append(s.log, "engine "+s.now.Format(time.TimeOnly))
	return nil
}

func TestStepperLetsTheEngineGoFirst(t *testing.T) {
	start := time.Date(2021, 9, 7, 0, 0, 0, 0, time.UTC)
	at := func(h int) time.Time { return start.Add(time.Duration(h) * time.Hour) }
	s := &scripted{now: start, engine: []time.Time{at(1), at(3)}, people: []time.Time{at(2), at(3)}}
	stepper := Stepper{Installation: s, Actors: s, Work: s.work}
	if err := stepper.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"engine 01:00:00", "people 02:00:00", "engine 03:00:00", "people 03:00:00"}
	if !slices.Equal(s.log, want) {
		t.Errorf("at one instant what is due comes before what people do: got %v, want %v", s.log, want)
	}
}

func TestStepperMissesNoInstant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2021, 9, 7, 0, 0, 0, 0, time.UTC)
		minutes := rapid.SliceOfDistinct(rapid.IntRange(1, 1000), rapid.ID[int])
		s := &scripted{now: start}
		for _, m := range minutes.Draw(t, "engine") {
			s.engine = append(s.engine, start.Add(time.Duration(m)*time.Minute))
		}
		for _, m := range minutes.Draw(t, "people") {
			s.people = append(s.people, start.Add(time.Duration(m)*time.Minute))
		}
		want := len(s.engine) + len(s.people)
		stepper := Stepper{Installation: s, Actors: s, Work: s.work}
		if err := stepper.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		if len(s.log) != want {
			t.Fatalf("%d of %d instants happened: %v", len(s.log), want, s.log)
		}
	})
}
