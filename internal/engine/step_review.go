package engine

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/score"
	"thidua.dev/thidua/internal/store/db"
)

func (s *step) review(ctx context.Context) (db.Review, error) {
	v, err := s.ReviewForUpdate(ctx, s.c.ID, s.p.Subject)
	if errors.Is(err, pgx.ErrNoRows) {
		return v, errDropped
	}
	return v, err
}

// rank scores every participant by what was received until now and seals the
// ranking. A sealed ranking never changes.
func (s *step) rank(ctx context.Context) (outcome, error) {
	v, err := s.review(ctx)
	if err != nil {
		return outcome{}, err
	}
	if v.State != "Planned" {
		return outcome{finished: true}, nil
	}
	if s.now.Before(v.At) {
		return outcome{next: &v.At}, nil // an amendment moved it
	}
	spec, err := s.spec(ctx)
	if err != nil {
		return outcome{}, err
	}
	units, err := s.unitsToScore(ctx)
	if err != nil {
		return outcome{}, err
	}
	inputs := score.Inputs{Spec: *spec, Units: units}
	lines, err := inputs.Compute()
	if err != nil {
		return outcome{}, err
	}
	if err := s.seal(ctx, v, inputs, lines); err != nil {
		return outcome{}, err
	}
	if err := s.SetReviewState(ctx, "Ranked", v.ID); err != nil {
		return outcome{}, err
	}
	return outcome{finished: true, changed: int64(len(lines))}, nil
}

func (s *step) unitsToScore(ctx context.Context) ([]score.Unit, error) {
	participants, err := s.Participants(ctx, s.c.ID)
	if err != nil {
		return nil, err
	}
	figures, err := s.LatestFigures(ctx, s.now, s.c.ID)
	if err != nil {
		return nil, err
	}
	discipline, err := s.Discipline(ctx, s.now, s.c.ID)
	if err != nil {
		return nil, err
	}
	units := make([]score.Unit, len(participants))
	at := map[string]*score.Unit{}
	for i, p := range participants {
		units[i] = score.Unit{
			Code: v1.UnitCode(p.Unit), Kind: v1.UnitKind(p.Kind), Group: v1.Name(p.Grp), Figures: map[v1.Name]decimal.Decimal{},
		}
		at[p.Unit] = &units[i]
	}
	for _, f := range figures {
		at[f.Unit].Figures[v1.Name(f.Indicator)] = f.Value
	}
	for _, d := range discipline {
		u := at[d.Unit]
		u.Expected, u.Late, u.Missing = int(d.Expected), int(d.Late), int(d.Missing)
	}
	return units, nil
}

// seal writes a ranking down with everything that it was computed from.
func (s *step) seal(ctx context.Context, v db.Review, inputs score.Inputs, lines []score.Line) error {
	ranking := db.InsertRankingParams{ReviewID: v.ID, SealedAt: s.now}
	var err error
	if ranking.Hash, err = score.HashLines(lines); err != nil {
		return err
	}
	if ranking.InputsHash, err = inputs.Hash(); err != nil {
		return err
	}
	if ranking.Inputs, err = json.Marshal(inputs); err != nil {
		return err
	}
	var p db.InsertRankingLinesParams
	for _, l := range lines {
		axes, err := json.Marshal(l.Axes)
		if err != nil {
			return err
		}
		p.Units, p.Grps, p.Axes = append(p.Units, string(l.Unit)), append(p.Grps, string(l.Group)), append(p.Axes, string(axes))
		p.Bases, p.Maluses, p.Totals = append(p.Bases, l.Base.String()), append(p.Maluses, l.Malus.String()), append(p.Totals, l.Total.String())
		p.Lates, p.Missings, p.Expecteds = append(p.Lates, int32(l.Late)), append(p.Missings, int32(l.Missing)), append(p.Expecteds, int32(l.Expected))
		p.Ranks, p.Reasons = append(p.Ranks, int32(l.Rank)), append(p.Reasons, string(l.Reason))
	}
	row, err := s.InsertRanking(ctx, ranking)
	if err != nil {
		return err
	}
	p.RankingID = row.ID
	if err := s.InsertRankingLines(ctx, p); err != nil {
		return err
	}
	return s.audit(ctx, ownAct(), auth.Rank, reviewObject(s.c.Name, v.Name), Ranked{int(row.Version), ranking.Hash, ranking.InputsHash})
}

// publish makes the ranking public and, at the final review, nominates the best
// by the declared rules.
func (s *step) publish(ctx context.Context) (outcome, error) {
	v, err := s.review(ctx)
	if err != nil {
		return outcome{}, err
	}
	o := outcome{finished: true, over: true, changed: 1}
	if v.State == "Published" {
		return o, nil
	}
	if v.Final {
		if err := s.nominate(ctx, v); err != nil {
			return o, err
		}
	}
	if err := s.SetReviewState(ctx, "Published", v.ID); err != nil {
		return o, err
	}
	return o, s.tellCampaign(ctx)
}

func (s *step) nominate(ctx context.Context, v db.Review) error {
	spec, err := s.spec(ctx)
	if err != nil {
		return err
	}
	ranking, err := s.NewestRanking(ctx, v.ID)
	if errors.Is(err, pgx.ErrNoRows) {
		return refuse("NotRanked", "review %s has no ranking", v.Name)
	}
	if err != nil {
		return err
	}
	rows, err := s.RankingLines(ctx, ranking.ID)
	if err != nil {
		return err
	}
	lines := make([]score.Line, len(rows))
	for i, r := range rows {
		lines[i] = score.Line{
			Unit: v1.UnitCode(r.Unit), Group: v1.Name(r.Grp), Base: r.Base, Malus: r.Malus, Total: r.Total,
			Late: int(r.Late), Missing: int(r.Missing), Expected: int(r.Expected), Reason: score.Reason(r.Reason),
		}
		if r.Rank != nil {
			lines[i].Ranked, lines[i].Rank = true, int(*r.Rank)
		}
	}
	nominees, err := score.NominateAll(spec.Awards, lines)
	if err != nil {
		return err
	}
	forms := map[v1.Name]string{}
	for _, a := range spec.Awards {
		forms[a.Name] = a.Form
	}
	for _, n := range nominees {
		if err := s.InsertNomination(ctx, db.InsertNominationParams{
			CampaignID: s.c.ID, Unit: string(n.Unit), Award: string(n.Award), Form: forms[n.Award], RankingID: ranking.ID,
			Rank: int32(n.Rank), Total: n.Total, NominatedAt: s.now,
		}); err != nil {
			return err
		}
	}
	return nil
}
