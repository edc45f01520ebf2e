package look

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestWordsAreComplete holds the two catalogues to each other, and to the states
// that the schema knows.
func TestWordsAreComplete(t *testing.T) {
	for key := range words["vi"] {
		if words["en"][key] == "" {
			t.Errorf("en lacks %s", key)
		}
	}
	if len(words["en"]) != len(words["vi"]) {
		t.Errorf("%d words in en, %d in vi", len(words["en"]), len(words["vi"]))
	}
	schema, err := os.ReadFile("../store/migrations/00001_foundation.sql")
	if err != nil {
		t.Fatal(err)
	}
	table := regexp.MustCompile(`(?s)CREATE TABLE (\w+) \(.*?\n\);`)
	states := regexp.MustCompile(`state\s+text NOT NULL[^,]*?CHECK \(state IN \(([^)]*)\)\)`)
	kinds := map[string]string{"campaign": "state", "round": "round", "obligation": "obligation", "notice": "notice", "message": "message", "report": "report", "letter": "letter", "review": "review"}
	found := 0
	for _, m := range table.FindAllStringSubmatch(string(schema), -1) {
		kind, shown := kinds[m[1]]
		list := states.FindStringSubmatch(m[0])
		if !shown || list == nil {
			continue
		}
		found++
		for state := range strings.SplitSeq(list[1], ",") {
			key := kind + "." + strings.Trim(strings.TrimSpace(state), "'")
			if words["vi"][key] == "" {
				t.Errorf("there is no word for %s", key)
			}
		}
	}
	if found != len(kinds) {
		t.Errorf("the states of %d tables were found, not of %d", found, len(kinds))
	}
}

func TestSimilarNames(t *testing.T) {
	known := []string{"STTTT-01", "STTTT-12", "DN-05", "DN-06", "BTTTT-01"}
	if got := similar("dn5", known); len(got) == 0 || got[0] != "DN-05" {
		t.Errorf("like dn5: %v", got)
	}
	if got := similar("nothing-like-it", known); len(got) != 0 {
		t.Errorf("like nothing: %v", got)
	}
}

// An invitation reads as what became of it: "informed" is said only of units that
// somebody wrote to.
func TestStateInWords(t *testing.T) {
	told := func(notices ...[2]string) Obligation {
		o := Obligation{State: "Informed"}
		for _, n := range notices {
			o.Notices = append(o.Notices, UnitNotice{Notice: Notice{State: n[0], Reason: n[1]}, StateText: Word("notice." + n[0])})
		}
		return o
	}
	for _, c := range []struct {
		reason string
		o      Obligation
		vi, en string
	}{
		{"it went out", told([2]string{"Sent", ""}), "đã thông báo", "informed"},
		{"the launch was backdated", told([2]string{"Skipped", "BeforeAct"}),
			"không thông báo, vì bước này có trước khi bấm phát động", "not told, for the step is older than the act of launch"},
		{"nobody to write to", told([2]string{"NoRecipient", "NoContact"}), "không có người nhận", "nobody to send it to"},
		{"still in the outbox", told([2]string{"Pending", ""}), "chờ gửi", "waits to be sent"},
		{"what is owed is not told", Obligation{State: "Owing"}, "chưa nhận được", "not received"},
	} {
		if got := stateText(c.o); got.VI != c.vi || got.EN != c.en {
			t.Errorf("%s: %+v, want %s / %s", c.reason, got, c.vi, c.en)
		}
	}
}
