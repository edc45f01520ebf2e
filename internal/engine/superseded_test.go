package engine

import (
	"log/slog"
	"net/mail"
	"testing"

	"thidua.dev/thidua/internal/notify"
)

// hollow are messages in the outbox that carry nothing any more.
func (w *world) hollow() []string {
	w.t.Helper()
	return w.rows(`SELECT m.step, m.recipient, m.list FROM message m
		WHERE m.state = 'Pending' AND NOT EXISTS (SELECT FROM message_notice mn JOIN notice n ON n.id = mn.notice_id
		                                          WHERE mn.message_id = m.id AND n.state = 'Pending') ORDER BY 1, 2`)
}

func (w *world) messagesOf(step string) []string {
	w.t.Helper()
	return w.rows(`SELECT recipient, state FROM message WHERE step = $1 ORDER BY recipient, id`, step)
}

// What supersedes notices takes the messages with it that carry nothing else, in the
// same transaction: nobody counts them as waiting until a dispatcher looks.
func TestSupersededNoticesTakeTheirMessages(t *testing.T) {
	w := running(t)
	w.to("2021-10-07 17:00")
	w.mailAway = true
	w.jump("2021-10-08 08:30")
	w.work()
	w.check("written, not sent", w.messagesOf("prepare"), "A1 Pending", "A2 Pending", "A3 Pending", "C2 Pending")
	w.submit("A1", oct)
	w.check("what waits for its leader is still owed", w.messagesOf("prepare"), "A1 Pending", "A2 Pending", "A3 Pending", "C2 Pending")
	w.approve("A1", oct)
	w.check("a report", w.messagesOf("prepare"), "A1 Superseded", "A2 Pending", "A3 Pending", "C2 Pending")
	w.extend("A3", "2021-10-20 17:00")
	w.check("an extension", w.messagesOf("prepare"), "A1 Superseded", "A2 Pending", "A3 Superseded", "C2 Pending")
	w.check("none is hollow", w.hollow())
	w.check("and each has its end for --as-of", w.rows(`SELECT recipient, ended_at FROM message WHERE state = 'Superseded' ORDER BY 1`), "A1 10-08 08:30", "A3 10-08 08:30")

	// One that a dispatcher has in its hands is left to it.
	_, err := w.Pool().Exec(t.Context(), `UPDATE message SET state = 'Claimed', claim = gen_random_uuid(), lease_until = now() + interval '1 hour' WHERE step = 'prepare' AND recipient = 'A2'`)
	w.ok(err)
	w.submit("A2", oct)
	w.approve("A2", oct)
	w.check("claimed", w.messagesOf("prepare"), "A1 Superseded", "A2 Claimed", "A3 Superseded", "C2 Pending")
}

// A list goes when a dispatcher finds it empty, also one that cannot send.
func TestListsThatCarryNothing(t *testing.T) {
	w := running(t)
	w.to("2021-10-14 12:00")
	w.mailAway = true
	w.to("2021-10-25 12:00")
	lists := func() []string {
		return w.rows(`SELECT DISTINCT m.state FROM message m JOIN round r ON r.id = m.round_id WHERE m.list AND r.name = $1`, oct)
	}
	w.check("lists were written, not sent", lists(), "Pending")
	for _, u := range units {
		w.submit(u, oct)
		w.approve(u, oct)
	}
	// Nobody may send: a dispatcher without channels looks through the outbox as well.
	idle := notify.NewDispatcher(notify.DispatcherOptions{Pool: w.Pool(), Sender: mail.Address{Address: "thi-dua@so.example"}, Log: slog.New(slog.DiscardHandler)})
	_, err := idle.Once(t.Context())
	w.ok(err)
	w.check("all have reported", lists(), "Superseded")
	w.check("none is hollow", w.hollow())
}

// Nor does a closed round leave anything to be sent, lists among it.
func TestClosedRoundTakesItsMessages(t *testing.T) {
	w := running(t)
	w.to("2021-10-14 12:00")
	w.mailAway = true
	w.to("2021-11-01 17:00")
	w.check("the round is closed", w.rows(`SELECT state FROM round WHERE name = $1`, oct), "Closed")
	w.check("its lists with it", w.rows(`SELECT DISTINCT m.list, m.state FROM message m JOIN round r ON r.id = m.round_id
		WHERE r.name = $1 AND m.state <> 'Sent' ORDER BY 1`, oct), "false Superseded", "true Superseded")
	w.check("none is hollow", w.hollow())
}
