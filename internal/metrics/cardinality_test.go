package metrics

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"thidua.dev/thidua/internal/store/storetest"
)

const (
	// A whole country, and more campaigns than anybody has run in it.
	manyUnits     = 11_367
	manyCampaigns = 1000
	// The longest ladder that a campaign may declare.
	ladder = 16
	// What one campaign may cost Prometheus, with that ladder, once everything has
	// happened in it that can: each of its kinds, steps and states. operations.md says so.
	seriesOfCampaign = 500
	// What does not depend on campaigns: of the installation, the process and Go. With
	// Temporal's SDK, which only a worker has, it is some hundreds more.
	seriesOfProcess = 300
)

// The number of series depends on campaigns, within a bound that is documented, and not
// at all on units, of which a thousand campaigns here have eleven thousand.
func TestSeriesAreBounded(t *testing.T) {
	pool := storetest.Pool(t)
	for _, sql := range []string{
		`INSERT INTO campaign (name, title, state, time_zone, calendar, office, roster, plan, plan_hash, launch_at, acted_at, invite_at, closes_at, created_at)
		 SELECT 'c' || g, 'x', 'Launched', 'Asia/Ho_Chi_Minh', 'state', 'O', 'r', '{}', '', now(), now(), now(), now(), now() FROM generate_series(1, ` + fmt.Sprint(manyCampaigns) + `) g`,
		`INSERT INTO ladder_step (campaign_id, seq, step, offset_days, at_time, roles, channels, gather, catch_up, task)
		 SELECT id, g, 'step' || g, g, '08:30', '{}', '{}', false, 'Send', '' FROM campaign, generate_series(1, ` + fmt.Sprint(ladder) + `) g`,
		`INSERT INTO round (campaign_id, name, kind, series, period, seq, opens_at, consolidation_at, closes_at, approval, state)
		 SELECT id, 'round/' || s, 'Report', 'round', s, 1, now(), now(), now(), '', s FROM campaign, unnest(ARRAY['Planned', 'Open', 'Closed', 'Cancelled']) s`,
		`INSERT INTO request (round_id, title, sections, units, reason, asked_at) SELECT id, '', '[]', '{}', '', now() FROM round WHERE state = 'Open'`,
		`INSERT INTO procedure (id, campaign_id, kind, next_at) SELECT 'campaign/' || name, id, 'Campaign', now() FROM campaign`,
		// In two campaigns every kind in every state; and in the first one every unit.
		`INSERT INTO obligation (campaign_id, round_id, kind, subject, owner, holder, calendar, state, due_at, ladder_from, opened_at)
		 SELECT c.id, NULL, kind, s, 'U', 'FocalPoint', 'state', s, now(), now(), now() FROM campaign c,
		  unnest(ARRAY['Registration', 'Report', 'Consolidation', 'Invitation', 'Decision']) kind, unnest(ARRAY['Owing', 'Settled', 'Lapsed', 'Cancelled', 'Informed']) s WHERE c.id <= 2`,
		`INSERT INTO obligation (campaign_id, round_id, kind, subject, owner, holder, calendar, state, due_at, ladder_from, opened_at)
		 SELECT 1, NULL, 'Report', 'all', 'U' || g, 'FocalPoint', 'state', 'Owing', now(), now(), now() FROM generate_series(1, ` + fmt.Sprint(manyUnits) + `) g`,
		// Every step in every state.
		`INSERT INTO notice (campaign_id, obligation_id, unit, deadline_no, step, role, recipient, instant, state, reason, recorded_at)
		 SELECT o.campaign_id, o.id, o.owner, 1, step, s, '', now(), s, 'MissedSend', now() FROM obligation o,
		  unnest(ARRAY['launch', 'invitation', 'request', 'calendar'] || ARRAY(SELECT p || 'step' || g FROM generate_series(1, ` + fmt.Sprint(ladder) + `) g, unnest(ARRAY['', 'consolidation/']) p)) step,
		  unnest(ARRAY['Pending', 'Sent', 'Superseded', 'Expired', 'Skipped', 'Merged', 'NoRecipient', 'Tasked', 'NotConfigured', 'Failed']) s
		 WHERE o.kind = 'Report' AND o.subject = 'Owing'`,
		`INSERT INTO notice (campaign_id, obligation_id, unit, deadline_no, step, role, recipient, instant, state, recorded_at)
		 SELECT campaign_id, id, owner, 1, 'step1', 'Leader', owner, now(), 'Sent', now() FROM obligation WHERE subject = 'all'`,
		`INSERT INTO message (campaign_id, step, channel, role, recipient, batch, list, state, not_before)
		 SELECT id, 'step1', 'email', 'Leader', name, s, false, s, now() FROM campaign,
		  unnest(ARRAY['Pending', 'Claimed', 'Sent', 'Superseded', 'Expired', 'Ambiguous', 'Parked', 'NotConfigured']) s WHERE id <= 2`,
		`INSERT INTO message (campaign_id, step, channel, role, recipient, batch, list, state, not_before)
		 SELECT campaign_id, 'step1', 'email', 'Leader', owner, 'all', false, 'Sent', now() FROM obligation WHERE subject = 'all'`,
		`INSERT INTO attempt (message_id, no, claim, at, outcome) SELECT id, 1, gen_random_uuid(), now(), 'Sent' FROM message WHERE batch = 'all'`,
		`INSERT INTO letter (campaign_id, notice_id, obligation_id, unit, state, drafted_at)
		 SELECT campaign_id, id, obligation_id, unit, CASE state WHEN 'Sent' THEN 'Drafted' ELSE 'Withdrawn' END, now() FROM notice WHERE step = 'step1' AND state IN ('Sent', 'Tasked')`,
		`ANALYZE`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	reg := NewRegistry()
	c := NewCollector(pool, slog.New(slog.DiscardHandler))
	c.Timeout = time.Minute
	NewDispatch(reg)
	NewIntake(reg)
	NewAudit(reg)
	reg.MustRegister(c)
	began := time.Now()
	body := scrape(t, reg)
	t.Logf("one scrape takes %v and has %d kB", time.Since(began).Round(time.Millisecond), len(body)/1000)

	all, of := 0, map[string]int{}
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		all++
		if _, rest, ok := strings.Cut(line, `campaign="`); ok {
			name, _, _ := strings.Cut(rest, `"`)
			of[name]++
		}
		if strings.Contains(line, `"U`) {
			t.Fatalf("a series of a unit: %s", line)
		}
	}
	if len(of) != manyCampaigns || of["c1"] != of["c2"] {
		t.Errorf("series of %d campaigns; %d of the one with all units, %d of another in which as much has happened", len(of), of["c1"], of["c2"])
	}
	rest := all
	for name, n := range of {
		rest -= n
		if n > seriesOfCampaign || n > of["c1"] {
			t.Fatalf("%s has %d series", name, n)
		}
	}
	if rest > seriesOfProcess {
		t.Errorf("%d series beside those of campaigns", rest)
	}
	t.Logf("%d series of a campaign in which all has happened, %d of one that has just begun, %d beside", of["c1"], of["c3"], rest)

	guide, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("at most %d series for a campaign", seriesOfCampaign); !strings.Contains(string(guide), want) {
		t.Errorf("docs/operations.md does not say: %s", want)
	}
}
