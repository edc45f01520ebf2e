package look_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/look/looktest"
)

const october = "monthly/2021-10"

func execute(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(context.Background(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// scalar is what hand-written SQL says.
func scalar[T any](t *testing.T, pool *pgxpool.Pool, sql string, args ...any) (v T) {
	t.Helper()
	if err := pool.QueryRow(context.Background(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// TestCompletenessByHand is the example's own story, as its simulation tells it.
func TestCompletenessByHand(t *testing.T) {
	c, err := look.New(looktest.SharedSeed(t, looktest.Chased)).Completeness(context.Background(), looktest.Name, "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range c.Days {
		got = append(got, fmt.Sprintf("%s %v %d+%d+%d+%d", d.Day.Day, d.Working, d.OnTime, d.Late, d.Overdue, d.NotYet))
	}
	want := []string{
		"2021-10-08 true 0+0+0+89", "2021-10-09 false 0+0+0+89", "2021-10-10 false 0+0+0+89", "2021-10-11 true 0+0+0+89", "2021-10-12 true 0+0+0+89",
		"2021-10-13 true 0+0+0+89", "2021-10-14 true 0+0+0+89", "2021-10-15 true 86+0+3+0", "2021-10-16 false 86+0+3+0", "2021-10-17 false 86+0+3+0",
		"2021-10-18 true 86+0+3+0", "2021-10-19 true 86+1+2+0", "2021-10-20 true 86+1+2+0",
	}
	if diff := cmp.Diff(want, got); diff != "" || c.Round.Name != october {
		t.Errorf("%s: %s", c.Round.Name, diff)
	}
	var rounds []string
	for _, r := range c.Rounds {
		rounds = append(rounds, r.Name)
	}
	if diff := cmp.Diff([]string{"registration", october}, rounds); diff != "" {
		t.Error(diff)
	}
}

// TestCompletenessBySQL counts each day anew, in a round to which everything happens.
func TestCompletenessBySQL(t *testing.T) {
	ctx := context.Background()
	pool := looktest.Seed(t, looktest.Chased)
	// Reports come on any day, also before the office opened the round; some have another
	// deadline, some never come, and one is due later today.
	execute(t, pool, `UPDATE obligation SET state = CASE WHEN id % 5 = 0 THEN 'Owing' ELSE 'Settled' END,
		due_at = due_at + (id % 7) * (id % 2) * interval '1 day', received_at = '2021-10-08 07:00+07'::timestamptz + (id % 12) * interval '25 hours'
		WHERE subject = $1 AND kind = 'Report'`, october)
	execute(t, pool, `UPDATE obligation SET due_at = '2021-10-20 17:00+07', state = 'Owing' WHERE subject = $1 AND owner = 'DN-05' AND kind = 'Report'`, october)
	r := look.New(pool)
	c, err := r.Completeness(ctx, looktest.Name, october)
	if err != nil {
		t.Fatal(err)
	}
	now := c.Days[len(c.Days)-1].Day.Day
	for _, d := range c.Days {
		end := "least(($2::date + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh', (SELECT now FROM clock))"
		for what, row := range map[string]struct {
			where string
			got   int64
		}{
			"on time": {"state = 'Settled' AND received_at <= due_at AND received_at < " + end, d.OnTime},
			"late":    {"state = 'Settled' AND received_at > due_at AND received_at < " + end, d.Late},
			"overdue": {"due_at < " + end + " AND NOT (state = 'Settled' AND received_at < " + end + ")", d.Overdue},
			"not yet": {"due_at >= " + end + " AND NOT (state = 'Settled' AND received_at < " + end + ")", d.NotYet},
			"all":     {"$2::date IS NOT NULL", d.OnTime + d.Late + d.Overdue + d.NotYet},
			"due":     {"(due_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date = $2::date", d.Due},
		} {
			if want := scalar[int64](t, pool, "SELECT count(*) FROM obligation WHERE subject = $1 AND kind = 'Report' AND "+row.where, october, d.Day.Day); row.got != want {
				t.Errorf("%s on %s: %d, want %d", what, d.Day.Day, row.got, want)
			}
		}
	}
	// Now is as the round says.
	last := c.Days[len(c.Days)-1]
	if last.OnTime != c.Round.OnTime || last.Late != c.Round.Late || last.Overdue != c.Round.Overdue || last.NotYet != c.Round.NotYet {
		t.Errorf("%s is %+v, the round %+v", now, last, c.Round)
	}
	var missing *look.NotFound
	if _, err := r.Completeness(ctx, looktest.Name, "monthly/2021-1"); !errors.As(err, &missing) || !slices.Contains(missing.Similar, october) {
		t.Errorf("a round that is none: %v", err)
	}
}

func TestCompletenessBeforeTheFirstRound(t *testing.T) {
	p, err := look.New(looktest.SharedSeed(t, looktest.Declared)).Pictures(context.Background(), looktest.Name, "")
	if err != nil {
		t.Fatal(err)
	}
	if p.Completeness.Round != nil || len(p.Completeness.Days)+len(p.Grid.Tiles)+len(p.Ranks.Groups) > 0 || len(p.Load.Days) != 30 {
		t.Errorf("%+v", p)
	}
}

// TestGridByUnit has one unit in each state; all others are as they were.
func TestGridByUnit(t *testing.T) {
	pool := looktest.Seed(t, looktest.Chased)
	for unit, set := range map[string]string{
		"STTTT-01": "state = 'Settled', received_at = due_at",
		"STTTT-02": "state = 'Settled', received_at = due_at + interval '1 second'",
		"STTTT-04": "state = 'Owing', due_at = due_at + interval '7 days'",
		"STTTT-06": "state = 'Owing'",
		"STTTT-08": "state = 'Lapsed'",
		"STTTT-10": "state = 'Cancelled'",
		"DN-01":    "owner = 'DN-99'", // who is gone owes nothing here
	} {
		execute(t, pool, `UPDATE obligation SET `+set+` WHERE subject = $1 AND owner = $2 AND kind = 'Report'`, october, unit)
	}
	g, err := look.New(pool).Grid(context.Background(), looktest.Name, october)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"STTTT-01": "OnTime", "STTTT-02": "Late", "STTTT-04": "Extended", "STTTT-06": "Overdue", "STTTT-08": "Lapsed", "STTTT-10": "Exempt", "DN-01": "Exempt",
		"STTTT-12": "Overdue", "DN-05": "Overdue",
	}
	placed := 0
	for _, tile := range g.Tiles {
		if w, ok := want[tile.Code]; ok && tile.State != w {
			t.Errorf("%s is %s, want %s", tile.Code, tile.State, w)
		}
		if tile.Place != nil {
			placed++
			// The example's codes end with the number that the list of provinces has.
			if tile.Code != "STTTT-"+tile.Place.Code || !strings.HasSuffix(tile.Name, tile.Place.Province) {
				t.Errorf("%s %s lies at %s %s", tile.Code, tile.Name, tile.Place.Code, tile.Place.Province)
			}
		}
	}
	if g.By != "Unit" || len(g.Tiles) != 89 || placed != 63 {
		t.Errorf("by %s, %d tiles, %d of them on the map", g.By, len(g.Tiles), placed)
	}
}

// TestGridByBody lets communes come to the example: they are counted at their provinces,
// two steps up the roster.
func TestGridByBody(t *testing.T) {
	pool := looktest.Seed(t, looktest.Chased)
	execute(t, pool, `INSERT INTO roster_unit (roster, code, name, kind, administered_by)
		SELECT 'nganh-tttt-2021', 'H-' || p || '-' || h, 'Ủy ban nhân dân huyện ' || h, 'district', 'UBND-' || p FROM unnest('{01,96}'::text[]) p, generate_series(1, 3) h`)
	execute(t, pool, `INSERT INTO participant (campaign_id, unit, name, kind, grp, calendar, administered_by)
		SELECT c.id, 'X-' || p || '-' || n, 'Xã ' || n, 'commune', '', 'state', 'H-' || p || '-' || (1 + n % 3) FROM campaign c, unnest('{01,96}'::text[]) p, generate_series(1, 200) n`)
	execute(t, pool, `INSERT INTO obligation (campaign_id, round_id, kind, subject, owner, holder, calendar, state, due_at, ladder_from, opened_at, received_at)
		SELECT r.campaign_id, r.id, 'Report', r.name, p.unit, 'FocalPoint', 'state', CASE WHEN p.unit LIKE 'X-01-%5' THEN 'Owing' ELSE 'Settled' END,
			'2021-10-15 17:00+07', r.opens_at, r.opens_at, CASE WHEN p.unit LIKE 'X-96-%' THEN '2021-10-16'::timestamptz ELSE '2021-10-15' END
		FROM round r, participant p WHERE r.name = $1 AND p.kind = 'commune' AND p.unit <> 'X-96-7'`, october)
	g, err := look.New(pool).Grid(context.Background(), looktest.Name, october)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]look.Tile{}
	var expected, received int64
	for _, tile := range g.Tiles {
		by[tile.Code+tile.Group] = tile
		expected, received = expected+tile.Expected, received+tile.Received()
	}
	hanoi, camau, enterprises := by["UBND-01"], by["UBND-96"], by["khoi-doanh-nghiep"]
	// 200 communes and the department; every tenth commune is silent.
	if hanoi.Expected != 201 || hanoi.OnTime != 181 || hanoi.Overdue != 20 || hanoi.Place == nil || hanoi.Place.Province != "Hà Nội" || hanoi.Completeness() != 90 {
		t.Errorf("Hà Nội: %+v", hanoi)
	}
	// One commune owes nothing.
	if camau.Expected != 200 || camau.Late != 199 || camau.OnTime != 1 || camau.Place == nil {
		t.Errorf("Cà Mau: %+v", camau)
	}
	// Enterprises are administered by nobody, but one by another.
	if enterprises.Expected != 5 || enterprises.Place != nil || by["DN-02"].Expected != 1 {
		t.Errorf("enterprises: %+v, DN-02 %+v", enterprises, by["DN-02"])
	}
	if g.By != "Body" || expected != 89+399 || received != scalar[int64](t, pool, `SELECT count(*) FROM obligation WHERE subject = $1 AND kind = 'Report' AND state = 'Settled'`, october) {
		t.Errorf("by %s, %d of %d", g.By, received, expected)
	}
}

func TestRanks(t *testing.T) {
	ctx := context.Background()
	pool := looktest.Seed(t, looktest.Over)
	// The mid-term ranking was corrected: two units have changed places.
	execute(t, pool, `INSERT INTO ranking (review_id, version, sealed_at, hash) SELECT id, 2, at + interval '3 days', 'sha256:2' FROM review WHERE name = 'midterm'`)
	execute(t, pool, `INSERT INTO ranking_line SELECT n.id, l.unit, l.grp, l.axes, l.base, l.malus, l.total, l.late, l.missing, l.expected, l.rank, l.reason
		FROM ranking n JOIN ranking o ON o.review_id = n.review_id AND o.version = 1 JOIN ranking_line l ON l.ranking_id = o.id WHERE n.version = 2`)
	execute(t, pool, `UPDATE ranking_line SET rank = 3 - rank WHERE ranking_id = (SELECT id FROM ranking WHERE version = 2) AND grp = 'khoi-co-quan-bo' AND rank < 3`)
	r := look.New(pool)
	k, err := r.Ranks(ctx, looktest.Name, look.RanksFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var seals []string
	for _, s := range k.Seals {
		seals = append(seals, fmt.Sprintf("%s/%d", s.Review, s.Version))
	}
	if diff := cmp.Diff([]string{"midterm/1", "midterm/2", "final/1"}, seals); diff != "" {
		t.Error(diff)
	}
	units := 0
	for _, g := range k.Groups {
		for i, p := range g.Paths {
			units++
			for n, s := range p.Standings {
				rank := scalar[*int64](t, pool, `SELECT l.rank FROM ranking_line l JOIN ranking k ON k.id = l.ranking_id JOIN review v ON v.id = k.review_id
					WHERE v.name = $1 AND k.version = $2 AND l.unit = $3`, k.Seals[n].Review, k.Seals[n].Version, p.Code)
				if diff := cmp.Diff(rank, s.Rank); diff != "" {
					t.Errorf("%s in %s: %s", p.Code, seals[n], diff)
				}
			}
			if last := p.Standings[2].Rank; last == nil || *last > int64(i+1) {
				t.Errorf("%s: place %d of the picture is rank %v", g.Name, i+1, last)
			}
		}
	}
	if units != 89 || k.GroupsTotal != 11 || len(k.Groups) != 11 {
		t.Errorf("%d units in %d groups of %d", units, len(k.Groups), k.GroupsTotal)
	}
	some, err := r.Ranks(ctx, looktest.Name, look.RanksFilter{MaxGroups: 2, MaxUnits: 3})
	if err != nil || len(some.Groups) != 2 || len(some.Groups[0].Paths) != 3 || some.Groups[0].Units != 5 || some.GroupsTotal != 11 {
		t.Errorf("%v: %+v", err, some)
	}
	one, err := r.Ranks(ctx, looktest.Name, look.RanksFilter{Group: "cum-9", MaxGroups: 1})
	if err != nil || len(one.Groups) != 1 || one.Groups[0].Name != "cum-9" || len(one.Groups[0].Paths) != 7 {
		t.Errorf("%v: %+v", err, one)
	}
	// What is not published is not open to units.
	execute(t, pool, `UPDATE review SET state = 'Ranked' WHERE name = 'midterm'`)
	open, err := r.Ranks(ctx, looktest.Name, look.RanksFilter{Published: true})
	if err != nil || len(open.Seals) != 1 || open.Seals[0].Review != "final" {
		t.Errorf("%v: %+v", err, open.Seals)
	}
}

// busy are the days of a load on which something happens.
func busy(l look.Load) []string {
	var days []string
	for _, d := range l.Days {
		if d.Messages+d.Letters+d.Deadlines > 0 {
			days = append(days, fmt.Sprintf("%s %d/%d/%d", d.Day.Day, d.Messages, d.Letters, d.Deadlines))
		}
	}
	return days
}

// TestLoadByHand is a table made by hand from the example's plan: messages, letters and
// deadlines of the days that have any.
func TestLoadByHand(t *testing.T) {
	for _, c := range []struct {
		until time.Time
		want  []string
		why   string
	}{
		{looktest.Declared, []string{"2021-09-07 89/0/0", "2021-09-23 89/0/0", "2021-09-29 89/0/0", "2021-09-30 0/0/89", "2021-10-01 178/0/0", "2021-10-05 0/89/0"}, "the launch and the registration, as planned"},
		{looktest.Chased, []string{"2021-10-22 2/0/0", "2021-11-08 89/0/0", "2021-11-12 89/0/0", "2021-11-15 0/0/89", "2021-11-16 178/0/0", "2021-11-18 0/89/0"}, "a list to the body of one late unit and to the office; then November"},
		{
			date(11, 9, 0, 0),
			[]string{"2021-11-09 1/0/0", "2021-11-12 89/0/0", "2021-11-15 1/0/89", "2021-11-16 178/0/1", "2021-11-17 2/0/0", "2021-11-18 0/89/0", "2021-11-22 66/0/0"},
			"who consolidates, by the 16th, is reminded as well; lists go to 63 provinces, the ministry, a corporation and the office",
		},
	} {
		l, err := look.New(looktest.SharedSeed(t, c.until)).Load(context.Background(), looktest.Name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, busy(l)); diff != "" {
			t.Errorf("%s: %s", c.why, diff)
		}
	}
}

// TestLoadComesTrue holds what was foretold for a day on which nobody has reported yet
// to what the engine wrote that day.
func TestLoadComesTrue(t *testing.T) {
	l, err := look.New(looktest.SharedSeed(t, date(11, 9, 0, 0))).Load(context.Background(), looktest.Name)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(l.Days, func(d look.LoadDay) bool { return d.Day.Day == "2021-11-12" })
	written := scalar[int64](t, looktest.SharedSeed(t, looktest.Over), `SELECT count(*) FROM notice WHERE (instant AT TIME ZONE 'Asia/Ho_Chi_Minh')::date = '2021-11-12'`)
	if i < 0 || l.Days[i].Messages != written {
		t.Errorf("%d were written, foretold %+v", written, l.Days[i])
	}
}

// TestLoadOfOpenRoundBySQL counts an obligation at a time.
func TestLoadOfOpenRoundBySQL(t *testing.T) {
	pool := looktest.Seed(t, date(11, 9, 0, 0))
	execute(t, pool, `UPDATE obligation SET state = 'Settled', received_at = '2021-11-09', next_seq = NULL, next_at = NULL
		WHERE subject = 'monthly/2021-11' AND kind = 'Report' AND id % 3 = 0`)
	l, err := look.New(pool).Load(context.Background(), looktest.Name)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range l.Days {
		if d.Day.Day >= "2021-11-30" {
			break // the next round's
		}
		messages := scalar[int64](t, pool, `SELECT count(DISTINCT CASE WHEN s.gather THEN role || body || s.step ELSE role || o.id || s.step END)
			FROM obligation o JOIN rung g ON g.due_at = o.due_at AND g.calendar = o.calendar AND g.seq >= o.next_seq
			JOIN ladder_step s ON s.seq = g.seq AND s.task = '' AND (o.kind = 'Report' OR NOT s.gather)
			LEFT JOIN participant p ON p.unit = o.owner, unnest(s.roles) role, LATERAL (SELECT CASE role WHEN 'AdministeringBody' THEN p.administered_by ELSE '-' END AS body) b
			WHERE o.state = 'Owing' AND o.subject = 'monthly/2021-11' AND (g.at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date = $1::date AND body <> ''`, d.Day.Day)
		due := scalar[int64](t, pool, `SELECT count(*) FROM obligation WHERE state = 'Owing' AND (due_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date = $1::date`, d.Day.Day)
		if d.Messages != messages || d.Deadlines != due {
			t.Errorf("%s: %d messages, %d deadlines, want %d, %d", d.Day.Day, d.Messages, d.Deadlines, messages, due)
		}
	}
}

// TestLoadNamesDaysOff over Tết.
func TestLoadNamesDaysOff(t *testing.T) {
	l, err := look.New(looktest.SharedSeed(t, time.Date(2022, 1, 25, 0, 0, 0, 0, looktest.Zone))).Load(context.Background(), looktest.Name)
	if err != nil {
		t.Fatal(err)
	}
	days := map[string]look.Day{}
	for _, d := range l.Days {
		days[d.Day.Day] = d.Day
	}
	for day, want := range map[string]look.Day{
		"2022-01-28": {Day: "2022-01-28", Working: true}, "2022-01-30": {Day: "2022-01-30"},
		"2022-01-31": {Day: "2022-01-31", Name: "Tết Nguyên đán"}, "2022-02-04": {Day: "2022-02-04", Name: "Tết Nguyên đán"}, "2022-02-07": {Day: "2022-02-07", Working: true},
	} {
		if days[day] != want {
			t.Errorf("%s is %+v, want %+v", day, days[day], want)
		}
	}
	var unknown *look.Unknown
	if _, err := look.New(looktest.SharedSeed(t, looktest.Chased)).AsOf(date(10, 18, 12, 0)).Load(context.Background(), looktest.Name); !errors.As(err, &unknown) {
		t.Errorf("what was to come is told of the past: %v", err)
	}
}

func TestProgress(t *testing.T) {
	ctx := context.Background()
	pool := looktest.Seed(t, looktest.Chased)
	r := look.New(pool)
	progress := func() []look.Progress {
		b, err := r.Board(ctx, looktest.Name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Progress {
			b.Progress[i].At, b.Progress[i].Title.EN = time.Time{}, ""
		}
		return b.Progress
	}
	if p := progress(); len(p) != 0 {
		t.Errorf("all is quiet, and it shows %+v", p)
	}
	const step = `round_id = (SELECT id FROM round WHERE name = 'monthly/2021-10') AND step = 'prepare'`
	total := scalar[int64](t, pool, `SELECT count(*) FROM message WHERE `+step)
	execute(t, pool, `UPDATE message SET state = CASE WHEN id % 2 = 0 THEN 'Pending' ELSE 'Claimed' END, sent_at = NULL
		WHERE id IN (SELECT id FROM message WHERE `+step+` ORDER BY id LIMIT 30)`)
	want := look.Progress{What: "Sending", Round: october, Step: "prepare", Done: total - 30, Total: total}
	want.Title.VI = "Báo cáo tháng 10/2021"
	if diff := cmp.Diff([]look.Progress{want}, progress()); diff != "" {
		t.Error(diff)
	}
	// What was taken back is not to be sent; what waits for settings is not being sent.
	execute(t, pool, `UPDATE message SET state = 'Superseded' WHERE id IN (SELECT id FROM message WHERE `+step+` AND state = 'Pending' LIMIT 5)`)
	want.Total -= 5
	if diff := cmp.Diff([]look.Progress{want}, progress()); diff != "" {
		t.Error(diff)
	}
	execute(t, pool, `INSERT INTO channel (name, configured) VALUES ('email', false) ON CONFLICT (name) DO UPDATE SET configured = false`)
	if p := progress(); len(p) != 0 {
		t.Errorf("a channel without settings sends: %+v", p)
	}
	execute(t, pool, `UPDATE channel SET configured = true`)
	execute(t, pool, `UPDATE campaign SET state = 'Paused'`)
	if p := progress(); len(p) != 0 {
		t.Errorf("a paused campaign sends: %+v", p)
	}
	// Three rounds are opened at once, and wait for the worker.
	begun := scalar[int64](t, pool, `SELECT count(*) FROM procedure`)
	execute(t, pool, `UPDATE campaign SET state = 'Launched'; UPDATE message SET state = 'Sent' WHERE state IN ('Pending', 'Claimed')`)
	execute(t, pool, `UPDATE procedure SET stepped_at = clock_timestamp()`)
	execute(t, pool, `INSERT INTO procedure (id, campaign_id, kind, subject, next_at) SELECT 'x' || n, c.id, 'Round', 'x' || n, k.now FROM campaign c, clock k, generate_series(1, 3) n`)
	if diff := cmp.Diff([]look.Progress{{What: "Launch", Done: begun, Total: begun + 3}}, progress()); diff != "" {
		t.Error(diff)
	}
}

// TestPicturesNeverScanPerUnit is TestBoardNeverScansPerUnit for pictures.
func TestPicturesNeverScanPerUnit(t *testing.T) {
	large(t)
	pool, seen := asked(t, func(r *look.Reader) error {
		p, err := r.Pictures(context.Background(), looktest.Name, "")
		if err == nil && (p.Grid.By != "Body" || len(p.Grid.Tiles) != 711 || len(p.Ranks.Groups) != look.PictureGroups) {
			err = fmt.Errorf("by %s, %d tiles, %d groups", p.Grid.By, len(p.Grid.Tiles), len(p.Ranks.Groups))
		}
		return err
	})
	for _, s := range seen {
		plan, took := explain(t, pool, s)
		t.Logf("%-20s %6.1f ms", s.name(), took)
		plan.walk(func(n planNode) {
			if n.Type == "Seq Scan" && byUnit[n.Relation] && n.Loops > 3 {
				t.Errorf("%s scans %s %v times", s.name(), n.Relation, n.Loops)
			}
		})
	}
}
