package engine

import "testing"

// A campaign over the turn of the year whose state calendar knows 2021 only. Reports
// are due on the 4th of each month: of January, after New Year; of February, in Tết.
var turnOfTheYear = []string{
	"cutOffDay: 14", "cutOffDay: 3", "to: 2021-11", "to: 2022-02", "due: {day: 15}", "due: {day: 4}",
	"at: 2021-12-10", "at: 2022-03-10", "at: 2021-12-17", "at: 2022-03-17", "at: 2021-12-24T", "at: 2022-03-24T",
	"until: 2022-01-31", "until: 2022-04-29", "coveredUntil: 2022-12-31", "coveredUntil: 2021-12-31",
}

// The year's notice: 1 January is a Saturday, so Monday the 3rd is off; Tết from
// Monday 31 January to Friday 4 February.
var notice2022 = append(turnOfTheYear[:len(turnOfTheYear)-1:len(turnOfTheYear)-1], "coveredUntil: 2022-12-31", "- {date: 2021-10-18, name: nghỉ bù}\n",
	`- {date: 2021-10-18, name: nghỉ bù}
    - {date: 2022-01-03, name: Tết Dương lịch}
    - {date: 2022-01-31, name: Tết Nguyên đán}
    - {date: 2022-02-01, name: Tết Nguyên đán}
    - {date: 2022-02-02, name: Tết Nguyên đán}
    - {date: 2022-02-03, name: Tết Nguyên đán}
    - {date: 2022-02-04, name: Tết Nguyên đán}
`)

const (
	jan       = "monthly/2022-01"
	feb       = "monthly/2022-02"
	yearDues  = `SELECT r.name, r.opens_at, d.due_at, r.closes_at FROM round r JOIN round_due d ON d.round_id = r.id AND d.calendar = 'state' WHERE r.name IN ('monthly/2022-01', 'monthly/2022-02') ORDER BY 1`
	tentative = `SELECT count(*) FROM campaign c, jsonb_array_elements(c.plan->'events') e WHERE (e->>'provisional')::bool`
)

// Instants beyond what a calendar covers are provisional. The year's notice makes them
// firm, moves those that it concerns, and the office finds both among the acts.
func TestProvisionalYear(t *testing.T) {
	w := running(t, turnOfTheYear...)
	w.to("2021-12-20 10:00")
	w.check("as if no day of 2022 were off: over the weekend of New Year, and in the middle of Tết", w.rows(yearDues),
		jan+" 12-28 08:30 01-04 17:00 01-18 17:00", // 3, 31, 30, 29, 28; 10 working days after the 4th
		feb+" 01-28 08:30 02-04 17:00 02-18 17:00") // 3, 2, 1, 31, 28
	before := w.rows(tentative)
	if before[0] == "0" {
		t.Fatal("nothing is provisional")
	}
	const asked = `SELECT o.subject, n.instant, o.due_at, n.role || ':' || n.recipient, n.state, n.not_after FROM notice n JOIN obligation o ON o.id = n.obligation_id WHERE n.step = 'calendar' ORDER BY n.id`
	w.check("the office was asked once, 30 days before", w.rows(asked), "calendar/state/2021-12-31 11-28 08:30 12-28 08:30 Office:VP Sent 12-28 08:30")
	w.apply(load(t, edited(t, notice2022...)))
	w.check("by the notice", w.rows(yearDues),
		jan+" 12-27 08:30 01-04 17:00 01-18 17:00", // 31, 30, 29, 28, 27
		feb+" 01-24 08:30 02-07 17:00 02-21 17:00") // 28, 27, 26, 25, 24
	w.check("nothing is provisional any more", w.rows(tentative), "0")
	w.check("one act tells of it", w.rows(`SELECT verb, (detail->>'firm') = $1, (detail->>'units') FROM audit WHERE verb = 'follow'`, before[0]), "follow true 0")
	w.to("2022-01-05 12:00")
	w.check("January climbs by the firm calendar", w.notices(jan, "n.unit = 'A3'"),
		"12-27 08:30 A3 prepare FocalPoint:A3 Sent",
		"12-31 08:30 A3 tomorrow FocalPoint:A3 Sent",
		"01-05 08:30 A3 overdue Leader:A3 Sent", "01-05 08:30 A3 overdue FocalPoint:A3 Sent")
	w.check("nor is the office asked again", w.rows(asked), "calendar/state/2021-12-31 11-28 08:30 12-28 08:30 Office:VP Sent 12-28 08:30")
	w.to("2022-02-08 12:00")
	w.check("February after Tết", w.notices(feb, "n.unit = 'A3'"),
		"01-24 08:30 A3 prepare FocalPoint:A3 Sent",
		"01-28 08:30 A3 tomorrow FocalPoint:A3 Sent",
		"02-08 08:30 A3 overdue Leader:A3 Sent", "02-08 08:30 A3 overdue FocalPoint:A3 Sent")
}

// The notice comes when January's round is open: what was said is said, the rest
// follows.
func TestProvisionalYearLate(t *testing.T) {
	w := running(t, turnOfTheYear...)
	w.to("2021-12-29 10:00")
	w.apply(load(t, edited(t, notice2022...)))
	w.to("2022-01-07 12:00")
	w.check("the day before the 4th is the 31st, for the 3rd is off", w.notices(jan, "n.unit = 'A3'"),
		"12-28 08:30 A3 prepare FocalPoint:A3 Sent",
		"12-31 08:30 A3 tomorrow FocalPoint:A3 Sent",
		"01-05 08:30 A3 overdue Leader:A3 Sent", "01-05 08:30 A3 overdue FocalPoint:A3 Sent",
		"01-07 08:30 A3 letter Office:VP Tasked")
	w.check("the deadline is the one that it was", w.rows(`SELECT DISTINCT due_at, deadline_no FROM obligation WHERE subject = $1`, jan), "01-04 17:00 1")
	w.twiceNothing()
}
