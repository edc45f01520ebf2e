package bench

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/pgcluster"
	"thidua.dev/thidua/internal/store"
	"thidua.dev/thidua/workflows"
)

// Campaign of the measurements, its only round, and the round's procedure.
const (
	Campaign  = "crowd"
	Round     = "monthly/2021-10"
	procedure = "campaign/" + Campaign + "/round/" + Round
)

// Office runs the campaigns of measurements.
var Office = auth.Actor{Name: "bench", Role: auth.Office, Unit: "VP"}

var hanoi = time.FixedZone("Asia/Ho_Chi_Minh", 7*60*60)

// opening is when the round opens and the ladder's first step is due.
var opening = time.Date(2021, 10, 8, 8, 30, 0, 0, hanoi)

// unitsPerObject is the most that one Roster holds; a roster may include others.
const unitsPerObject = 2000

// launch of the campaign of most measurements.
var launch = time.Date(2021, 9, 7, 14, 0, 0, 0, hanoi)

// Manifest is a campaign of one round in which nobody reports unless somebody is
// made to: each step of the ladder reaches everybody.
func Manifest(campaign string, units int) string { return ManifestAt(campaign, units, launch) }

// ManifestAt is a Manifest whose round is in the month after its launch.
func ManifestAt(campaign string, units int, launch time.Time) string {
	launch = launch.In(hanoi)
	month := time.Date(launch.Year(), launch.Month()+1, 1, 0, 0, 0, 0, hanoi)
	return fmt.Sprintf(`apiVersion: thidua.dev/v1
kind: Campaign
metadata: {name: %[1]s}
spec:
  title: {vi: Phong trào %[1]s}
  rulePack: VN-2003
  calendar: state
  office: VP
  launch: {at: %[2]s}
  participants: {roster: %[1]s, kinds: [unit]}
  axes: [{name: work, weight: "100"}]
  indicators: [{name: done, axis: work, unit: percent, baseline: "0", target: "100"}]
  reporting:
    - name: monthly
      period: Month
      cutOffDay: 14
      firstPeriod: FromLaunch
      from: %[3]s
      to: %[3]s
      due: {day: 15}
      approval: None
      sections: [{name: ketQua, required: true}, {name: kienNghi}]
  reminders:
    - {step: prepare, offset: -5, to: [Holder]}
    - {step: tomorrow, offset: -1, to: [Holder]}
    - {step: overdue, offset: 1, to: [FocalPoint, Leader], catchUp: Merge}
    - {step: letter, offset: 3, task: DraftLetter, assignee: Office}
    - {step: escalate, offset: 5, to: [AdministeringBody, Office], gather: ListPerRecipient}
  reviews: [{name: final, at: %[4]s}]
  replication: {until: %[5]s}
---
`, campaign, launch.Format(time.RFC3339), month.Format("2006-01"), month.AddDate(0, 1, 9).Format(time.DateOnly),
		month.AddDate(0, 2, 30).Format(time.DateOnly)) + RosterManifest(campaign, units)
}

// RosterManifest is a roster of many units, in as many objects as it takes.
func RosterManifest(name string, units int) string {
	var b strings.Builder
	var parts []string
	for from := 0; from < units; from += unitsPerObject {
		part := fmt.Sprintf("%s-%d", name, from/unitsPerObject)
		parts = append(parts, part)
		fmt.Fprintf(&b, "apiVersion: thidua.dev/v1\nkind: Roster\nmetadata: {name: %s}\nspec:\n  units:\n", part)
		for i := from; i < min(units, from+unitsPerObject); i++ {
			fmt.Fprintf(&b, "  - {code: %s, name: Đơn vị %d, kind: unit, administeredBy: VP}\n", UnitCode(name, i), i)
		}
		b.WriteString("---\n")
	}
	fmt.Fprintf(&b, `apiVersion: thidua.dev/v1
kind: Roster
metadata: {name: %s}
spec:
  include: [%s]
  units: [{code: VP, name: Văn phòng, kind: office}]
`, name, strings.Join(parts, ", "))
	return b.String()
}

// UnitCode of the i-th unit of a roster.
func UnitCode(roster string, i int) string { return fmt.Sprintf("%s-%d", strings.ToUpper(roster), i) }

// Common is what the campaigns of measurements share.
const Common = `apiVersion: thidua.dev/v1
kind: Calendar
metadata: {name: state}
spec: {coveredFrom: 2021-01-01, coveredUntil: 2035-12-31}
---
apiVersion: thidua.dev/v1
kind: RulePack
metadata: {name: vn-2003}
spec:
  inForce: {from: 2017-10-01, to: 2035-12-31}
  forms: [{name: giay_khen, title: {vi: Giấy khen}}]
---
`

// Contacts of every unit of a roster, a focal point and a leader each.
func Contacts(roster string, units int) []manifest.Contact {
	var all []manifest.Contact
	for i := range units {
		for _, role := range []v1.Role{v1.RoleFocalPoint, v1.RoleLeader} {
			unit := UnitCode(roster, i)
			all = append(all, manifest.Contact{Unit: v1.UnitCode(unit), Role: role, Email: strings.ToLower(unit+"."+string(role)) + "@units.example"})
		}
	}
	return all
}

// server is the cluster of all measurements. Its commits are on disk when they
// return, and its settings those of `up`.
func (b *Bench) server(ctx context.Context) (err error) {
	if b.cluster != nil {
		return nil
	}
	b.Progress("  starting a PostgreSQL, fsync on, with the settings of up")
	// Autovacuum would run in one measurement and not in another; the checkpoints
	// between measurements are ours.
	b.cluster, b.end, err = pgcluster.DurableScratch(ctx, "max_wal_size=4GB", "checkpoint_timeout=30min", "autovacuum=off")
	return err
}

// exec on the server's own database.
func (b *Bench) exec(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, b.cluster.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

// world is a database of its own in which everybody takes part in the campaign:
// launched, with its invitations to be sent, or with its round open.
func (b *Bench) world(ctx context.Context, name string) (w *world, err error) {
	if !b.worlds[name] {
		if err := b.make(ctx, name); err != nil {
			return nil, err
		}
		if b.worlds == nil {
			b.worlds = map[string]bool{}
		}
		b.worlds[name] = true
	}
	b.clones++
	clone := fmt.Sprintf("clone_%d", b.clones)
	if err := b.exec(ctx, "CREATE DATABASE "+clone+" TEMPLATE "+name); err != nil {
		return nil, err
	}
	// Nothing of the preparation is written out while the clock runs.
	if err := b.exec(ctx, "CHECKPOINT"); err != nil {
		return nil, err
	}
	w = &world{b: b, name: clone, url: b.cluster.URL(clone)}
	if w.pool, err = store.Open(ctx, w.url); err != nil {
		return nil, err
	}
	w.engine = engine.New(w.pool, b.Log)
	return w, nil
}

// States of the world that measurements begin at.
const (
	launched = "launched" // the invitations are pending
	opened   = "opened"   // everybody owes the report, the first step is due
	midst    = "midst"    // half have reported, the others have been chased
)

func (b *Bench) make(ctx context.Context, name string) error {
	if err := b.server(ctx); err != nil {
		return err
	}
	b.Progress(fmt.Sprintf("  making a campaign of %d units", b.Units))
	if err := b.exec(ctx, "CREATE DATABASE "+name); err != nil {
		return err
	}
	w := &world{b: b, name: name, url: b.cluster.URL(name)}
	if err := store.Migrate(ctx, w.url); err != nil {
		return err
	}
	var err error
	if w.pool, err = store.Open(ctx, w.url); err != nil {
		return err
	}
	defer w.pool.Close()
	w.engine = engine.New(w.pool, b.Log)
	set, err := manifest.Load([]string{"-"}, strings.NewReader(Common+Manifest(Campaign, b.Units)))
	if err != nil {
		return err
	}
	set.Contacts = Contacts(Campaign, b.Units)
	if err := w.engine.SetStepped(ctx, launch); err != nil {
		return err
	}
	if _, err := w.engine.Apply(ctx, engine.By(Office, ""), set, false); err != nil {
		return err
	}
	if err := w.engine.Launch(ctx, engine.By(Office, ""), Campaign, engine.LaunchOptions{}); err != nil {
		return err
	}
	if err := w.work(ctx, ""); err != nil {
		return err
	}
	if name != launched {
		// What the launch had to say is not part of it.
		if _, err := w.pool.Exec(ctx, `WITH m AS (UPDATE message SET state = 'Superseded' RETURNING id)
			UPDATE notice SET state = 'Superseded' WHERE state = 'Pending'`); err != nil {
			return err
		}
		if err := w.past(ctx); err != nil {
			return err
		}
		if err := w.engine.Jump(ctx, opening); err != nil {
			return err
		}
		if err := w.work(ctx, "climb"); err != nil {
			return err
		}
	}
	if name == midst {
		if err := w.chase(ctx); err != nil {
			return err
		}
	}
	// As autovacuum leaves it.
	_, err = w.pool.Exec(ctx, "VACUUM ANALYZE")
	return err
}

// past is what an installation has behind it when a round opens: everybody has
// registered. Without it statements would be planned for tables that are empty.
func (w *world) past(ctx context.Context) error {
	_, err := w.pool.Exec(ctx, `WITH o AS (
			INSERT INTO obligation (campaign_id, kind, subject, owner, holder, calendar, state, ladder_from, opened_at, received_at, settled_at)
			SELECT campaign_id, 'Registration', 'registration', unit, 'FocalPoint', calendar, 'Settled', now(), now(), now(), now() FROM participant
			RETURNING id, owner
		), r AS (
			INSERT INTO report (obligation_id, version, state, received_at, approved_at) SELECT id, 1, 'Received', now(), now() FROM o RETURNING id
		), f AS (
			INSERT INTO report_figure (report_id, indicator, value) SELECT id, 'done', 1 FROM r
		)
		INSERT INTO audit (at, actor, verb, object, request_id) SELECT now(), owner, 'submit', 'Obligation/' || id, gen_random_uuid() FROM o`)
	return err
}

// chased is when the letters to those who are late have been drafted, three working
// days after the deadline.
var chased = time.Date(2021, 10, 20, 12, 0, 0, 0, hanoi)

// chase climbs the ladder: reminders are sent, every other unit reports in time, the
// others are late and are told so.
func (w *world) chase(ctx context.Context) error {
	for _, at := range []time.Time{opening, time.Date(2021, 10, 14, 8, 30, 0, 0, hanoi), time.Date(2021, 10, 18, 8, 30, 0, 0, hanoi), chased} {
		if err := w.engine.Jump(ctx, at); err != nil {
			return err
		}
		if err := w.work(ctx, ""); err != nil {
			return err
		}
		for _, sql := range []string{mailSent, halfReport} {
			if _, err := w.pool.Exec(ctx, sql); err != nil {
				return err
			}
		}
	}
	return nil
}

// mailSent is what a dispatcher leaves of all that was pending.
const mailSent = `WITH m AS (UPDATE message SET state = 'Sent', tries = 1, sent_at = now() WHERE state = 'Pending' RETURNING id, not_before)
	INSERT INTO attempt (message_id, no, claim, at, finished_at, outcome, response)
	SELECT id, 1, gen_random_uuid(), not_before, now(), 'Sent', '250 2.0.0 OK' FROM m`

// halfReport settles the reports of every other unit, just before business time.
const halfReport = `WITH o AS (
		UPDATE obligation o SET state = 'Settled', received_at = c.now, settled_at = c.now, next_seq = NULL, next_at = NULL FROM clock c
		WHERE o.kind = 'Report' AND o.state = 'Owing' AND o.id % 2 = 0 RETURNING o.id, o.received_at
	), r AS (
		INSERT INTO report (obligation_id, version, state, received_at, approved_at) SELECT id, 1, 'Received', received_at, received_at FROM o RETURNING id
	)
	INSERT INTO report_figure (report_id, indicator, value) SELECT id, 'done', 97.5 FROM r`

// world is one database with its engine.
type world struct {
	b      *Bench
	name   string
	url    string
	pool   *pgxpool.Pool
	engine *engine.Engine
}

// drop gives the disk back; the end of the run does so anyway.
func (w *world) drop(ctx context.Context) {
	w.pool.Close()
	if err := w.b.exec(context.WithoutCancel(ctx), "DROP DATABASE "+w.name+" WITH (FORCE)"); err != nil {
		w.b.Log.WarnContext(ctx, "a scratch database is left", "error", err)
	}
}

// work does what is due, short of a phase.
func (w *world) work(ctx context.Context, before string) error {
	for {
		due, err := w.engine.DueProcedures(ctx)
		if err != nil {
			return err
		}
		changed := int64(0)
		for _, p := range due {
			n, err := w.run(ctx, p, before)
			if err != nil {
				return err
			}
			changed += n
		}
		if changed == 0 {
			return nil
		}
	}
}

func (w *world) run(ctx context.Context, p engine.Procedure, before string) (changed int64, err error) {
	for _, phase := range workflows.Phases(p.Kind) {
		if phase == before {
			return changed, nil
		}
		for {
			s, err := w.engine.StepProcedure(ctx, p.ID, phase)
			if err != nil {
				return changed, fmt.Errorf("%s, %s: %w", p.ID, phase, err)
			}
			changed += s.Changed
			if s.Finished {
				break
			}
			if s.Changed == 0 || s.Sleep > 0 {
				return changed, nil
			}
		}
	}
	return changed, nil
}
