package mux

import (
	"context"
	"io"

	"github.com/weir-go/weir/mux/internal/wire"
	"github.com/weir-go/weir/pull"
)

// drainState is how far a graceful close has come.
type drainState struct {
	sent, received     bool // DRAIN: no more streams will be opened
	overSent, overRecv bool // DRAINED: no streams are left
}

// complete says that both sides have nothing left to say.
func (d drainState) complete() bool { return d.overSent && d.overRecv }

// Close ends the session gracefully: neither side opens streams any more,
// those that were not accepted here yet are refused, all others go on until
// both their directions have ended, and then the connection is closed. It
// returns nil after a clean close, whoever asked for it, and otherwise the
// session's cause. When ctx is done first, the session is cut off: what is
// left gets ErrClosed, and Close returns the cause of ctx.
//
// Close waits for all goroutines of the session. It may be called more than
// once and by several goroutines, but not by one on whom a stream waits.
func (s *Session) Close(ctx context.Context) error {
	if ctx.Err() == nil {
		s.startClosing()
	}
	select {
	case <-s.done:
		return s.Err()
	case <-ctx.Done():
	}
	if s.isDead() {
		<-s.done
		return s.Err()
	}
	s.fail(ErrClosed)
	<-s.done
	if err := s.Err(); err != ErrClosed {
		return err
	}
	return pull.Cause(ctx)
}

func (s *Session) startClosing() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isDead() {
		return // Accept says why
	}
	s.stopAccepting(io.EOF, CodeClosing)
	s.addJob(job{kind: jobDrain})
}

// Abort ends the session at once: the connection is closed, and every stream
// ends with cause. A nil cause is read as pull.ErrStopped, and one that is or
// wraps io.EOF as an error with the same text. Abort waits for all goroutines
// of the session; one that has ended already keeps its cause. It returns nil,
// or what went wrong in closing the connection.
func (s *Session) Abort(cause error) error {
	if cause == nil {
		cause = pull.ErrStopped
	}
	s.fail(cause)
	<-s.done
	return s.shim.Close()
}

// sayDrain says DRAIN, the first time, after the last SYN.
func (s *Session) sayDrain() {
	s.opening <- struct{}{}
	defer func() { <-s.opening }()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drain.sent {
		return
	}
	s.drain.sent = true
	close(s.closing)
	s.send(wire.Message{Kind: wire.Drain})
	s.checkDrained()
}

// peerDrains acts on DRAIN. Callers hold mu, as of all below.
func (s *Session) peerDrains() error {
	if s.drain.received {
		return wire.Errorf("DRAIN comes twice")
	}
	s.drain.received = true
	s.addJob(job{kind: jobDrain})
	s.checkDrained()
	return nil
}

// peerDrained acts on DRAINED.
func (s *Session) peerDrained() error {
	if s.drain.overRecv || !s.drain.received || !s.drain.sent {
		return wire.Errorf("DRAINED comes twice or too early")
	}
	s.drain.overRecv = true
	signal(s.work)
	return nil
}

// checkDrained says DRAINED once there is nothing left.
func (s *Session) checkDrained() {
	d := &s.drain
	if d.sent && d.received && !d.overSent && len(s.streams) == 0 {
		s.send(wire.Message{Kind: wire.Drained})
		d.overSent = true
		signal(s.work)
	}
}

// over says whether the session is over, and has the server close first: the
// client waits for that, so that nothing it still had to read is lost.
func (s *Session) over() bool {
	s.mu.Lock()
	over := s.drain.complete()
	s.mu.Unlock()
	if over && !s.client {
		s.shim.Finish()
	}
	return over
}
