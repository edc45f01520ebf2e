package look

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/store/db"
)

// Form is what one round asks of one unit, filled in with what was sent last.
type Form struct {
	Campaign string  `json:"campaign"`
	Unit     Unit    `json:"unit"`
	Round    string  `json:"round"`
	Kind     string  `json:"kind"` // Registration or Report
	Title    v1.Text `json:"title"`
	// State is Owing, Settled, Lapsed or Cancelled.
	State string `json:"state"`
	// Holder has the next move: FocalPoint or Leader.
	Holder     string     `json:"holder"`
	DueAt      *time.Time `json:"dueAt,omitempty"`
	ClosesAt   time.Time  `json:"closesAt"`
	ReceivedAt *time.Time `json:"receivedAt,omitempty"`
	DataFrom   string     `json:"dataFrom,omitempty"`
	DataTo     string     `json:"dataTo,omitempty"`
	// Open tells that a report can be sent now.
	Open bool `json:"open"`
	// NeedsApproval tells that what is sent counts from the leader's approval.
	NeedsApproval bool          `json:"needsApproval"`
	Sections      []FormSection `json:"sections"`
	Figures       []FormFigure  `json:"figures"`
	// MaxHardTasks may be registered; HardTasks were.
	MaxHardTasks int64    `json:"maxHardTasks"`
	HardTasks    []string `json:"hardTasks"`
	// Version was sent last; 0 when none was.
	Version      int64  `json:"version"`
	ReturnReason string `json:"returnReason,omitempty"` // why that version came back
	// Files came with that version, or lie with the draft.
	Files []File `json:"files"`
	// Previous is the round of the same series that the unit reported to last, empty
	// before the first; its figures stand beside the new ones.
	Previous      string  `json:"previous,omitempty"`
	PreviousTitle v1.Text `json:"previousTitle,omitzero"`
	// DraftSavedAt tells that what stands here was written since and not handed up.
	DraftSavedAt *time.Time `json:"draftSavedAt,omitempty"`
}

// FormSection is a heading of the outline.
type FormSection struct {
	Name     string  `json:"name"`
	Title    v1.Text `json:"title"`
	Required bool    `json:"required"`
	Text     string  `json:"text"`
}

// FormFigure is an indicator that applies to the unit.
type FormFigure struct {
	Name  string  `json:"name"`
	Title v1.Text `json:"title"`
	// Unit of measure, such as percent.
	Unit   string     `json:"unit"`
	Min    v1.Decimal `json:"min,omitempty"`
	Max    v1.Decimal `json:"max,omitempty"`
	Target v1.Decimal `json:"target,omitempty"`
	Value  string     `json:"value"`
	// Previous is what was reported to the round before; empty when nothing was.
	Previous string `json:"previous,omitempty"`
}

// Form reads what a round asks of a unit that owes something in it.
func (r *Reader) Form(ctx context.Context, campaign, round, unit string) (Form, error) {
	var f Form
	err := r.view(ctx, func(v *view) error {
		c, err := v.campaign(ctx, campaign)
		if err != nil {
			return err
		}
		o, err := v.LookOwed(ctx, db.LookOwedParams{CampaignID: c.id, Round: round, Unit: unit})
		if errors.Is(err, pgx.ErrNoRows) {
			return &NotFound{Kind: "round", Name: round}
		}
		if err != nil {
			return err
		}
		f = Form{
			Campaign: c.Name, Unit: Unit{unit, o.UnitName}, Round: o.Name, Kind: o.Kind, Title: c.roundTitle(o.Kind, o.Series, o.Period),
			State: o.State, Holder: o.Holder, DueAt: local(o.DueAt, c.loc), ClosesAt: o.ClosesAt.In(c.loc), ReceivedAt: local(o.ReceivedAt, c.loc),
			DataFrom: day(o.DataFrom), DataTo: day(o.DataTo), Open: o.State == "Owing" && !v.now.After(o.ClosesAt),
			NeedsApproval: o.Approval == string(v1.ApprovalUnitLeader),
			Sections:      []FormSection{}, Figures: []FormFigure{}, HardTasks: []string{}, Files: []File{},
		}
		switch {
		case o.Series == plan.RequestSeries:
			var outline []v1.Section
			if err := json.Unmarshal(o.Requested, &outline); err != nil {
				return err
			}
			f.outline(outline)
		case o.Kind == "Registration":
			if c.spec.Registration != nil && c.spec.Registration.HardTasks != nil {
				f.MaxHardTasks = int64(c.spec.Registration.HardTasks.Max)
			}
		default:
			f.ask(&c.spec, o.Series, v1.UnitKind(o.UnitKind))
		}
		if err := v.fillForm(ctx, &f, o.ID); err != nil {
			return err
		}
		if err := v.fillPrevious(ctx, &c, &f, o); err != nil {
			return err
		}
		return v.fillDraft(ctx, &c, &f, o.ID)
	})
	return f, err
}

func titleOr(title *v1.Text, name string) v1.Text {
	if title != nil {
		return *title
	}
	return v1.Text{VI: name, EN: name}
}

func (f *Form) outline(sections []v1.Section) {
	for _, s := range sections {
		f.Sections = append(f.Sections, FormSection{Name: string(s.Name), Title: titleOr(s.Title, string(s.Name)), Required: s.Required})
	}
}

// ask writes down the outline and the indicators that apply.
func (f *Form) ask(spec *v1.CampaignSpec, series string, kind v1.UnitKind) {
	for _, s := range spec.Reporting {
		if string(s.Name) != series {
			continue
		}
		f.outline(s.Sections)
	}
	for _, ind := range spec.Indicators {
		if ind.AppliesTo != nil && !slices.Contains(ind.AppliesTo.Kinds, kind) {
			continue
		}
		figure := FormFigure{Name: string(ind.Name), Title: titleOr(ind.Title, string(ind.Name)), Unit: ind.Unit, Min: ind.Min, Max: ind.Max, Target: ind.Target}
		if ind.Unit == "percent" { // as the engine reads it
			figure.Min, figure.Max = cmp.Or(ind.Min, "0"), cmp.Or(ind.Max, "100")
		}
		f.Figures = append(f.Figures, figure)
	}
}

// fillForm adds what was sent last.
func (v *view) fillForm(ctx context.Context, f *Form, obligation int64) error {
	newest, err := v.NewestReport(ctx, obligation)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	f.Version, f.ReturnReason = int64(newest.Version), newest.ReturnReason
	var texts map[string]string
	if err := errors.Join(json.Unmarshal(newest.Sections, &texts), json.Unmarshal(newest.HardTasks, &f.HardTasks)); err != nil {
		return err
	}
	for i := range f.Sections {
		f.Sections[i].Text = texts[f.Sections[i].Name]
	}
	files, err := v.LookFiles(ctx, []int64{obligation})
	if err != nil {
		return err
	}
	for _, file := range files {
		if file.Version != newest.Version {
			continue
		}
		f.Files = append(f.Files, File{Name: file.Name, SHA256: file.Sha256, Size: file.Size, MediaType: file.MediaType})
	}
	figures, err := v.LookFigures(ctx, newest.ID)
	if err != nil {
		return err
	}
	for _, figure := range figures {
		for i := range f.Figures {
			if f.Figures[i].Name == figure.Indicator {
				f.Figures[i].Value = figure.Value.String()
			}
		}
	}
	return nil
}

// fillPrevious adds what was reported to the round before of the same series.
func (v *view) fillPrevious(ctx context.Context, c *Campaign, f *Form, o db.LookOwedRow) error {
	if len(f.Figures) == 0 {
		return nil
	}
	p, err := v.LookPrevious(ctx, db.LookPreviousParams{Unit: f.Unit.Code, CampaignID: c.id, Series: o.Series, Before: o.ClosesAt})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	f.Previous, f.PreviousTitle = p.Name, c.roundTitle(p.Kind, p.Series, p.Period)
	figures, err := v.LookFigures(ctx, p.ReportID)
	for _, figure := range figures {
		for i := range f.Figures {
			if f.Figures[i].Name == figure.Indicator {
				f.Figures[i].Previous = figure.Value.String()
			}
		}
	}
	return err
}

// fillDraft puts what was written since in the place of what was sent last.
func (v *view) fillDraft(ctx context.Context, c *Campaign, f *Form, obligation int64) error {
	if v.past || f.State != "Owing" || f.Holder != "FocalPoint" {
		return nil
	}
	drafts, err := v.LookDrafts(ctx, []int64{obligation})
	if err != nil || len(drafts) == 0 {
		return err
	}
	var d struct {
		Sections, Figures map[string]string
		HardTasks         []string
		Files             []File
	}
	if err := json.Unmarshal(drafts[0].Content, &d); err != nil {
		return err
	}
	f.DraftSavedAt = local(&drafts[0].SavedAt, c.loc)
	for i := range f.Sections {
		f.Sections[i].Text = d.Sections[f.Sections[i].Name]
	}
	for i := range f.Figures {
		f.Figures[i].Value = d.Figures[f.Figures[i].Name]
	}
	f.HardTasks, f.Files = append([]string{}, d.HardTasks...), append([]File{}, d.Files...)
	return nil
}

// File is a file that a report of a unit refers to, by its hash.
func (r *Reader) File(ctx context.Context, campaign, unit, sha256 string) (f File, err error) {
	err = r.view(ctx, func(v *view) error {
		c, err := v.campaign(ctx, campaign)
		if err != nil {
			return err
		}
		row, err := v.LookFile(ctx, db.LookFileParams{Sha256: sha256, CampaignID: c.id, Unit: unit})
		if errors.Is(err, pgx.ErrNoRows) {
			return &NotFound{Kind: "file", Name: sha256}
		}
		if err != nil {
			return err
		}
		f = File{Name: row.Name, SHA256: row.Sha256, Size: row.Size, MediaType: row.MediaType}
		return nil
	})
	return f, err
}
