package rehearse

import (
	"log/slog"
	"strings"
	"testing"

	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/mailbox"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/rehearse/seedtest"
	"thidua.dev/thidua/internal/store/storetest"
)

// TestSeed rehearses the example of 2021 from launch to close.
func TestSeed(t *testing.T) {
	const dir = "../../examples/seed-2021"
	set, err := manifest.Load([]string{dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	simulation, err := LoadSimulation(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), Options{
		Pool: storetest.Pool(t), Set: set, Campaign: seedtest.Campaign, Simulation: simulation, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	var mails []mailbox.Message
	for _, m := range r.Mails {
		raw, err := m.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := mailbox.ParseMail(raw)
		if err != nil {
			t.Fatal(err)
		}
		mails = append(mails, parsed)
	}
	seedtest.CheckMails(t, set, mails)
	if doubled := seedtest.Doubled(mails); len(doubled) > 0 {
		t.Errorf("sent twice: %v", doubled)
	}
	reader := look.New(r.Engine.Pool())
	notices, err := reader.Notices(t.Context(), seedtest.Campaign)
	if err != nil {
		t.Fatal(err)
	}
	seedtest.CheckLedger(t, notices)
	c, err := reader.Campaign(t.Context(), seedtest.Campaign)
	if err != nil {
		t.Fatal(err)
	}
	if c.State != "Closed" {
		t.Errorf("the campaign is %s at the end", c.State)
	}
	checkStory(t, r, set)
}

// checkStory looks for the facts of the hand count in both languages.
func checkStory(t *testing.T, r *Result, set *manifest.Set) {
	t.Helper()
	for lang, facts := range map[string][]string{
		"vi": {
			"mời 89/89 đơn vị", "86/89 đúng hạn; muộn: STTTT-04 (gửi ngày 19/10), STTTT-12 (gửi ngày 21/10); không gửi: DN-05",
			"overdue 18/10: 6 thư về DN-05, STTTT-04, STTTT-12", "letter 20/10: dự thảo 2 công văn",
			"escalate 22/10: 1 danh sách gửi BTTTT-TDKT, nêu DN-05; 1 không có nơi nhận", "quyết định 512/QĐ-BTTTT", "vinh danh", "chưa gửi 0",
		},
		"en": {
			"89 of 89 units invited", "86 of 89 in time; late: STTTT-04 (on 19/10), STTTT-12 (on 21/10); never: DN-05",
			"overdue 18/10: 6 mails about DN-05, STTTT-04, STTTT-12", "letter 20/10: 2 letters drafted",
			"escalate 22/10: 1 list to BTTTT-TDKT naming DN-05; 1 without recipient", "decision 512/QĐ-BTTTT", "ceremony", "mails sent, 0 not",
		},
	} {
		lines, err := Story(t.Context(), r.Engine.Pool(), &set.Campaigns[0].Spec, seedtest.Campaign, lang)
		if err != nil {
			t.Fatal(err)
		}
		story := strings.Join(lines, "\n")
		for _, fact := range facts {
			if !strings.Contains(story, fact) {
				t.Errorf("the story (%s) does not say %q:\n%s", lang, fact, story)
			}
		}
	}
}
