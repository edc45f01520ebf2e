package notify

import (
	"context"
	"fmt"
	"sync"
)

// senders carry claimed messages to their channels, several at once. Each writes
// what became of its last call and begins the next attempt in one commit, which it
// shares with those that are at the same point (ledger).
type senders struct {
	d      *Dispatcher
	ctx    context.Context //nolint:containedctx // they live as long as it does
	work   chan outgoing   // claimed
	texts  chan outgoing   // written
	ledger *ledger
	failed func(context.Context, error)
	mu     sync.Mutex
	all    sync.WaitGroup
	desks  sync.WaitGroup
}

// startSenders starts them. Once ctx has ended they let go of what they are given.
// Half a batch waits for them, so that they are not idle while the next is claimed.
func (d *Dispatcher) startSenders(ctx context.Context, failed func(context.Context, error)) *senders {
	s := &senders{d: d, ctx: ctx, work: make(chan outgoing, d.o.Batch/2), texts: make(chan outgoing, d.o.Senders), ledger: d.openLedger(), failed: failed}
	for range writers {
		s.desks.Go(s.write)
	}
	for range d.o.Senders {
		s.all.Go(s.run)
	}
	return s
}

// finish waits until everything that was given is sent and recorded.
func (s *senders) finish() {
	close(s.work)
	s.desks.Wait()
	close(s.texts)
	s.all.Wait()
	s.ledger.close()
}

// writers of texts. They are ahead of the senders, so that a core has something to do
// while an attempt is being committed.
const writers = 2

func (s *senders) write() {
	for o := range s.work {
		if s.ctx.Err() == nil { // else it goes back as it is
			o.write()
		}
		s.texts <- o
	}
}

func (s *senders) run() {
	var last *result
	settle := func() {
		if last == nil {
			return
		}
		if _, err := s.ledger.turn(last, nil); err != nil {
			s.fail(&last.outgoing, fmt.Errorf("message %d: its outcome %s is not recorded: %w", last.id, last.Outcome, err))
		}
		last = nil
	}
	for {
		var o outgoing
		var more bool
		select {
		case o, more = <-s.texts:
		default: // nothing to begin: what is known should not wait
			settle()
			o, more = <-s.texts
		}
		if !more {
			settle()
			return
		}
		if s.ctx.Err() != nil {
			s.release(o)
			continue
		}
		no, err := s.ledger.turn(last, &o)
		last = nil
		if err != nil {
			s.fail(&o, fmt.Errorf("message %d: %w", o.id, err))
		}
		if err != nil || no == 0 {
			// No attempt has begun: the report came meanwhile, or the lease runs out.
			s.release(o)
			continue
		}
		last = &result{o, no, s.d.attempt(s.ctx, o)}
	}
}

// release lets go of a message that was not sent; it is read again.
func (s *senders) release(o outgoing) {
	if err := s.d.q.ReleaseClaim(context.WithoutCancel(s.ctx), []int64{o.id}, o.claim); err != nil {
		s.fail(&o, fmt.Errorf("message %d: not released, its lease will run out: %w", o.id, err))
	}
}

func (s *senders) fail(o *outgoing, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed(o.about(s.ctx), err)
}
