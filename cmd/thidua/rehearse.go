package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"sigs.k8s.io/yaml"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/cli"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/pages"
	"thidua.dev/thidua/internal/pgcluster"
	"thidua.dev/thidua/internal/rehearse"
	"thidua.dev/thidua/internal/store"
)

// Rehearse runs a campaign through on a scratch database, and tells the story.
func (runner) Rehearse(ctx context.Context, opt cli.RehearseOptions) (err error) {
	p := newProcess(opt.Log)
	defer func() { err = errors.Join(err, p.stop(ctx)) }()
	began := time.Now()
	set, err := manifest.Load(opt.Paths, nil)
	if err != nil {
		return err
	}
	if err := set.Check().Err(); err != nil {
		return err
	}
	c := set.Campaign(v1.Name(opt.Campaign))
	if c == nil {
		return &engine.NotFound{Kind: "campaign", Name: opt.Campaign}
	}
	simulation, err := loadSimulation(opt)
	if err != nil {
		return err
	}
	planned, err := engine.PlanOf(set, c.Name, 1)
	if err != nil {
		return err
	}
	url, err := p.scratch(ctx)
	if err != nil {
		return err
	}
	if err := p.open(ctx, url); err != nil {
		return err
	}
	bar := newProgress(opt.Console, planned)
	result, err := rehearse.Run(ctx, rehearse.Options{
		Pool: p.pool, Set: set, Campaign: c.Name, Simulation: simulation, Log: opt.Log,
		Progress: func(_, to time.Time) { bar.show(to) },
	})
	bar.end()
	if err != nil {
		return err
	}
	if opt.HTML != "" {
		if err := p.writeReport(ctx, opt, c, result); err != nil {
			return err
		}
	}
	if opt.Output != "table" {
		return p.writeRehearsal(ctx, opt, c.Name, result)
	}
	if err := writeStory(ctx, opt.Console, p.pool, c); err != nil {
		return err
	}
	fmt.Fprintf(opt.Err, "\nrehearsed in %.1f s: %d steps, %d jumps of the clock\n", time.Since(began).Seconds(), result.Steps, result.Jumps)
	return nil
}

// loadSimulation reads the one asked for, or the one that lies beside the
// manifests.
func loadSimulation(opt cli.RehearseOptions) (*rehearse.Simulation, error) {
	if opt.Simulation != "" {
		return rehearse.LoadSimulation(opt.Simulation)
	}
	for _, path := range opt.Paths {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return rehearse.LoadSimulation(path)
		}
	}
	return rehearse.LoadSimulation(".")
}

// scratch makes a database that is thrown away.
func (p *process) scratch(ctx context.Context) (url string, err error) {
	cluster, end, err := pgcluster.Scratch(ctx)
	if err != nil {
		return "", err
	}
	p.onStop(end)
	const name = "rehearsal"
	if err := cluster.EnsureDatabase(ctx, name); err != nil {
		return "", err
	}
	return cluster.URL(name), store.Migrate(ctx, cluster.URL(name))
}

// writeStory tells what happened, in the language of the reader's surroundings.
func writeStory(ctx context.Context, c cli.Console, pool *pgxpool.Pool, campaign *v1.Campaign) error {
	lines, err := rehearse.Story(ctx, pool, &campaign.Spec, campaign.Name, c.Language)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "\n%s\n", strings.Join(lines, "\n"))
	return err
}

// rehearsal is what programs get: the notices can be compared with those of
// another run (thidua get notices -o json).
type rehearsal struct {
	Campaign string        `json:"campaign"`
	PlanHash string        `json:"planHash"`
	Mails    int           `json:"mails"`
	Steps    int           `json:"steps"`
	Jumps    int           `json:"jumps"`
	Notices  []look.Notice `json:"notices"`
}

func (p *process) writeRehearsal(ctx context.Context, opt cli.RehearseOptions, campaign string, r *rehearse.Result) error {
	notices, err := look.New(p.pool).Notices(ctx, campaign)
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(rehearsal{campaign, r.Plan.Hash, len(r.Mails), r.Steps, r.Jumps, notices}, "", "  ")
	if err == nil && opt.Output == "yaml" {
		b, err = yaml.JSONToYAML(b)
	}
	if err != nil {
		return err
	}
	_, err = opt.Console.Out.Write(append(bytes.TrimRight(b, "\n"), '\n'))
	return err
}

// writeReport writes the calendar, every message and the board as one page.
func (p *process) writeReport(ctx context.Context, opt cli.RehearseOptions, c *v1.Campaign, r *rehearse.Result) error {
	report, err := p.report(ctx, c, r, opt.Language)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(opt.HTML), 0o755); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := pages.StaticReport(&b, report); err != nil {
		return err
	}
	return os.WriteFile(opt.HTML, b.Bytes(), 0o644)
}

// report is all that a rehearsal found.
func (p *process) report(ctx context.Context, c *v1.Campaign, r *rehearse.Result, language string) (report pages.Report, err error) {
	reader := look.New(p.pool)
	report = pages.Report{Title: c.Spec.Title.VI, Language: language, Plan: r.Plan, Mails: r.Mails}
	if language == "en" && c.Spec.Title.EN != "" {
		report.Title = c.Spec.Title.EN
	}
	if report.Story, err = rehearse.Story(ctx, p.pool, &c.Spec, c.Name, language); err != nil {
		return report, err
	}
	if report.Board, err = reader.Board(ctx, c.Name); err != nil {
		return report, err
	}
	if len(c.Spec.Reviews) > 0 {
		ranking, err := reader.Ranking(ctx, c.Name, "")
		if err != nil {
			return report, err
		}
		report.Ranking = &ranking
	}
	report.Letters, err = letters(ctx, reader, c.Name)
	return report, err
}

// rehearsal for the pages: on a scratch database of this machine, with people who behave
// as people mostly do.
func (p *process) rehearsal(ctx context.Context, set *manifest.Set, campaign, language string, progress func(time.Time)) (report pages.Report, err error) {
	q := newProcess(slog.New(slog.DiscardHandler)) // what it does is not what the installation does
	defer func() { err = errors.Join(err, q.stop(context.WithoutCancel(ctx))) }()
	url, err := q.scratch(ctx)
	if err != nil {
		return report, err
	}
	if err := q.open(ctx, url); err != nil {
		return report, err
	}
	result, err := rehearse.Run(ctx, rehearse.Options{
		Pool: q.pool, Set: set, Campaign: campaign, Simulation: rehearse.Default(), Log: q.log, Progress: func(_, to time.Time) { progress(to) },
	})
	if err != nil {
		return report, err
	}
	return q.report(ctx, set.Campaign(v1.Name(campaign)), result, language)
}

func letters(ctx context.Context, reader *look.Reader, campaign string) ([]string, error) {
	all, err := reader.Letters(ctx, campaign)
	if err != nil {
		return nil, err
	}
	var drafts []string
	for _, l := range all {
		d, err := reader.Letter(ctx, campaign, l.ID)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if err := d.Document.Write(&b); err != nil {
			return nil, err
		}
		drafts = append(drafts, b.String())
	}
	return drafts, nil
}
