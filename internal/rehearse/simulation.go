// Package rehearse runs a campaign from launch to close under a stepped clock
// with simulated units: without Temporal on a scratch database, or beside a
// real installation in the demo. It drives the same phase lists that the
// workflows export.
package rehearse

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/calendar"
)

// SimulationFile is where a simulation lies below a campaign's directory.
const SimulationFile = "simulation/people.yaml"

// Simulation says how simulated people behave. Without one, everybody sends on
// the due day, but for the first unit, which is silent in the first round: so a
// rehearsal shows the ladder.
type Simulation struct {
	// Registers is when units register: working days do not matter to them.
	Registers Registers `json:"registers"`
	// At is the time of day at which reports are handed up and approved.
	At string `json:"at"`
	// Exceptions are the units that do not send on the due day.
	Exceptions []Exception `json:"exceptions"`
	// Sections is what reports say.
	Sections map[v1.SectionName]string `json:"sections"`
	// HardTasks is what units register.
	HardTasks []string `json:"hardTasks"`
	// Decision is what the office records when the decision is expected.
	Decision SimulatedDecision `json:"decision"`
	// FiguresFile is a CSV beside the file: round,unit,indicator,value. Figures
	// that it does not give rise evenly from baseline to target.
	FiguresFile string `json:"figures"`

	figures    map[figureKey]string
	exceptions map[exceptionKey]string
	given      bool
}

// Registers is how long after the opening units register.
type Registers struct {
	AfterDays int    `json:"afterDays"`
	At        string `json:"at"`
}

// Exception is one unit in one round: a date, or never.
type Exception struct {
	Round string      `json:"round"`
	Unit  v1.UnitCode `json:"unit"`
	Sends string      `json:"sends"`
}

// SimulatedDecision is a decision as the office would record it.
type SimulatedDecision struct {
	Number   string `json:"number"`
	SignedBy string `json:"signedBy"`
}

type (
	figureKey    struct{ round, unit, indicator string }
	exceptionKey struct{ round, unit string }
)

const never = "never"

// LoadSimulation reads a simulation from its file or from below a campaign's
// directory, or gives the default one when that directory has none.
func LoadSimulation(path string) (*Simulation, error) {
	s := &Simulation{}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	optional := info.IsDir()
	if optional {
		path = filepath.Join(path, SimulationFile)
	}
	b, err := os.ReadFile(path)
	if optional && errors.Is(err, os.ErrNotExist) {
		return s, s.complete(path)
	}
	if err != nil {
		return nil, err
	}
	if err := yaml.UnmarshalStrict(b, s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s.given = true
	if err := s.complete(path); err != nil {
		return nil, err
	}
	if s.FiguresFile == "" {
		return s, nil
	}
	return s, s.readFigures(filepath.Join(filepath.Dir(path), s.FiguresFile))
}

func (s *Simulation) complete(path string) error {
	if s.At == "" {
		s.At = "10:00"
	}
	if s.Registers.At == "" {
		s.Registers.At = "10:00"
	}
	if s.Registers.AfterDays == 0 {
		s.Registers.AfterDays = 3
	}
	if s.Decision.Number == "" {
		s.Decision.Number = "01/QĐ"
	}
	for _, at := range []string{s.At, s.Registers.At} {
		if _, err := calendar.ParseTimeOfDay(at); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	s.exceptions = map[exceptionKey]string{}
	for _, x := range s.Exceptions {
		s.exceptions[exceptionKey{x.Round, string(x.Unit)}] = x.Sends
		if x.Sends == never {
			continue
		}
		if _, err := calendar.ParseDate(x.Sends); err != nil {
			return fmt.Errorf("%s: exceptions: unit %s in %s: %w (or %q)", path, x.Unit, x.Round, err, never)
		}
	}
	return nil
}

func (s *Simulation) readFigures(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	s.figures = map[figureKey]string{}
	r := csv.NewReader(f)
	r.FieldsPerRecord = 4
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if strings.TrimPrefix(record[0], "\ufeff") == "round" {
			continue
		}
		s.figures[figureKey{record[0], record[1], record[2]}] = record[3]
	}
}

// sends is the exception for a unit in a round, if there is one.
func (s *Simulation) sends(round, unit string) (string, bool) {
	when, ok := s.exceptions[exceptionKey{round, unit}]
	return when, ok
}
