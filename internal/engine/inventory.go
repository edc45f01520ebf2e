package engine

import (
	"context"
	"slices"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/store/db"
)

// contactsName is what the audit calls contacts, which are no objects.
const contactsName = "Contacts"

// importedContacts is what the audit keeps of contacts: no names and no addresses,
// which are erased elsewhere and could not be here.
type importedContacts struct {
	Contacts int      `json:"contacts"` // that are new or changed
	Units    []string `json:"units"`    // whose they are
}

func (t *tx) storeContacts(ctx context.Context, contacts []manifest.Contact) (*importedContacts, error) {
	if len(contacts) == 0 {
		return nil, nil
	}
	var p db.UpsertContactsParams
	for _, c := range contacts {
		p.Units, p.Roles = append(p.Units, string(c.Unit)), append(p.Roles, string(c.Role))
		p.Names, p.Emails = append(p.Names, c.Name), append(p.Emails, c.Email)
	}
	units, err := t.UpsertContacts(ctx, p)
	if err != nil || len(units) == 0 {
		return nil, err
	}
	n := len(units)
	slices.Sort(units)
	return &importedContacts{Contacts: n, Units: slices.Compact(units)}, nil
}

// storeInventory writes rosters and calendars as the tables that steps join.
func (t *tx) storeInventory(ctx context.Context, all *manifest.Set, applied []Applied) error {
	for _, a := range applied {
		if a.Result == "unchanged" {
			continue
		}
		switch a.Kind {
		case "Roster":
			if err := t.storeRoster(ctx, all.Roster(v1.Name(a.Name))); err != nil {
				return err
			}
		case "Calendar":
			if err := t.storeCalendar(ctx, all.Calendar(v1.Name(a.Name))); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tx) storeRoster(ctx context.Context, r *v1.Roster) error {
	if err := t.DeleteRosterUnits(ctx, r.Name); err != nil {
		return err
	}
	p := db.InsertRosterUnitsParams{Roster: r.Name}
	for _, u := range r.Spec.Units {
		p.Codes, p.Names, p.Kinds = append(p.Codes, string(u.Code)), append(p.Names, u.Name), append(p.Kinds, string(u.Kind))
		p.CollectsTo, p.AdministeredBy = append(p.CollectsTo, string(u.CollectsTo)), append(p.AdministeredBy, string(u.AdministeredBy))
		p.SubmitsTo, p.Grps = append(p.SubmitsTo, string(u.SubmitsTo)), append(p.Grps, string(u.Group))
		p.Calendars = append(p.Calendars, string(u.Calendar))
	}
	_, err := t.InsertRosterUnits(ctx, p)
	return err
}

// Days around the covered ones that ladders may reach; they are provisional.
const (
	daysBefore = 120
	daysBeyond = 800
)

func (t *tx) storeCalendar(ctx context.Context, c *v1.Calendar) error {
	cal, err := calendar.New(c.Name, c.Spec)
	if err != nil {
		return err
	}
	if err := t.DeleteCalendarDays(ctx, c.Name); err != nil {
		return err
	}
	p := db.InsertCalendarDaysParams{Calendar: c.Name}
	for _, d := range cal.Days(cal.CoveredFrom().AddDays(-daysBefore), cal.CoveredUntil().AddDays(daysBeyond)) {
		p.Days = append(p.Days, d.Date.At(0, 0, time.UTC))
		p.Numbers, p.Workings = append(p.Numbers, int32(d.Number)), append(p.Workings, d.Working)
		p.Names, p.Provisionals = append(p.Names, d.Name), append(p.Provisionals, d.Provisional)
	}
	return t.InsertCalendarDays(ctx, p)
}
