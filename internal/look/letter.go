package look

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/document"
	"thidua.dev/thidua/internal/store/db"
)

// Letter is an official letter, drafted for signature.
type Letter struct {
	ID int64 `json:"id"`
	Unit
	Round string  `json:"round,omitempty"`
	Title v1.Text `json:"title"`
	// State is Drafted, or Withdrawn once the report has come.
	State     string    `json:"state"`
	DraftedAt time.Time `json:"draftedAt"`
	DueAt     time.Time `json:"dueAt"`
}

// DraftedLetter is a letter with everything that its draft is written from.
type DraftedLetter struct {
	Letter
	Campaign Campaign        `json:"campaign"`
	Document document.Letter `json:"-"`
}

// Letters are a campaign's letters, the newest first.
func (r *Reader) Letters(ctx context.Context, campaign string) ([]Letter, error) {
	var letters []Letter
	err := r.view(ctx, func(v *view) error {
		c, err := v.campaign(ctx, campaign)
		if err != nil {
			return err
		}
		letters, _, err = v.letters(ctx, &c, "", math.MaxInt32)
		return err
	})
	return letters, err
}

func (v *view) fillLetters(ctx context.Context, b *Board) (err error) {
	b.Letters, b.LettersTotal, err = v.letters(ctx, &b.Campaign, "Drafted", boardLetters)
	return err
}

func (v *view) letters(ctx context.Context, c *Campaign, state string, limit int32) (letters []Letter, total int64, err error) {
	rows, err := v.LookLetters(ctx, db.LookLettersParams{CampaignID: c.id, State: state, MaxRows: limit})
	if err != nil {
		return nil, 0, err
	}
	letters = make([]Letter, len(rows))
	for i, row := range rows {
		total = row.Total
		letters[i] = Letter{
			ID: row.ID, Unit: Unit{row.Unit, row.Name}, Round: row.Round, Title: c.roundTitle(row.Kind, row.Series, row.Period),
			State: row.State, DraftedAt: row.DraftedAt.In(c.loc), DueAt: row.DueAt.In(c.loc),
		}
	}
	return letters, total, nil
}

// Letter is one letter of a campaign, with the draft itself.
func (r *Reader) Letter(ctx context.Context, campaign string, id int64) (DraftedLetter, error) {
	var d DraftedLetter
	err := r.view(ctx, func(v *view) error {
		row, err := v.LookLetter(ctx, id)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && row.Campaign != campaign {
			return &NotFound{Kind: "letter", Name: fmt.Sprint(id)}
		}
		if err != nil {
			return err
		}
		c, err := v.campaign(ctx, row.Campaign)
		if err != nil {
			return err
		}
		d = DraftedLetter{Campaign: c, Letter: Letter{
			ID: row.ID, Unit: Unit{row.Unit, row.Name}, Round: row.Round, Title: c.roundTitle(row.Kind, row.Series, row.Period),
			State: row.State, DraftedAt: row.DraftedAt.In(c.loc), DueAt: row.DueAt.In(c.loc),
		}}
		d.Document, err = draft(&c, d.Letter, row)
		return err
	})
	return d, err
}

func draft(c *Campaign, l Letter, row db.LookLetterRow) (document.Letter, error) {
	d := document.Letter{
		ParentBody: row.ParentBody, IssuingBody: c.Office.Name, Symbol: c.Office.Code, Unit: l.Name, Report: insideSentence(l.Title.VI),
		Campaign: c.Title.VI, Basis: basis(c), Due: l.DueAt, AsOf: l.DraftedAt,
		DataFrom: v1.Date(day(row.DataFrom)), DataTo: v1.Date(day(row.DataTo)), Reminders: int(row.Reminders), Contact: c.spec.Contact,
	}
	var template *v1.MessageTemplate
	if err := json.Unmarshal(row.Template, &template); err != nil {
		return d, fmt.Errorf("template of letters: %w", err)
	}
	if template != nil {
		d.Template = &template.Spec
	}
	return d, nil
}

// basis is the document that the campaign rests on: its plan.
func basis(c *Campaign) *v1.Document {
	for i, d := range c.spec.Launch.Documents {
		if d.Role == "Plan" {
			return &c.spec.Launch.Documents[i]
		}
	}
	return nil
}

// insideSentence lowers the first letter of a title, unless it is an abbreviation.
func insideSentence(title string) string {
	first, size := utf8.DecodeRuneInString(title)
	second, _ := utf8.DecodeRuneInString(title[size:])
	if unicode.IsUpper(second) {
		return title
	}
	return string(unicode.ToLower(first)) + title[size:]
}
