package mux

import (
	"context"
	"io"

	"github.com/weir-go/weir/pull"
)

// Accept returns the next stream that the peer has opened, once its name and
// metadata have arrived. As a method value it is a pull.Source of streams, and
// keeps its laws: calls must not overlap (the second gets pull.ErrOverlap),
// and a call with a done context ends accepting, not the session. Whoever gets
// a stream must end both halves of its duplex.
//
// It returns io.EOF when no more streams can come: after the peer closed the
// session cleanly, or after Close was called here; otherwise the session's
// cause. Streams that arrive when accepting has ended are refused, and so are
// those that the Budget has no room for. While Config.Backlog of them wait, the
// peer's Open does too.
func (s *Session) Accept(ctx context.Context) (*Stream, error) {
	if !s.accepting.CompareAndSwap(false, true) {
		return nil, pull.ErrOverlap
	}
	defer s.accepting.Store(false)
	for {
		st, end := s.poll(ctx)
		if st != nil || end != nil {
			return st, end
		}
		select {
		case <-s.ready:
		case <-ctx.Done():
		case <-s.dead:
		}
	}
}

// poll returns what Accept can return now, if anything.
func (s *Session) poll(ctx context.Context) (*Stream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.end != nil:
	case ctx.Err() != nil:
		s.stopAccepting(pull.Cause(ctx), CodeRefused)
	case len(s.queue) > 0:
		st := s.queue[0]
		s.queue = s.queue[1:]
		s.take(st)
		s.count.Accepted++
		return st, nil
	case s.isDead() && s.err != nil:
		s.end = s.err
	case s.isDead():
		s.end = io.EOF
	}
	return nil, s.end
}

// offer puts a stream of the peer into the queue when both yamux and its head
// have come. Callers hold mu.
func (s *Session) offer(st *Stream) {
	if st.yamux == nil || st.head != nil || st.taken {
		return
	}
	if s.refuse != 0 {
		s.refuseStream(st, s.refuse)
		return
	}
	s.queue = append(s.queue, st)
	signal(s.ready)
}

// stopAccepting ends Accept with end, and refuses what was not accepted and
// what still comes. Callers hold mu.
func (s *Session) stopAccepting(end error, code Code) {
	if s.end == nil {
		s.end = end
	}
	s.refuse = code
	for _, st := range s.queue {
		s.refuseStream(st, code)
	}
	s.queue = nil
	for _, st := range s.streams {
		if st.head != nil && !st.taken {
			s.refuseStream(st, code)
		}
	}
	signal(s.ready)
}

// refuseStream ends both directions of a stream that nobody has accepted. The
// ABORT goes first, so that an opener who has read the RESET cannot have its
// own direction end well. Callers hold mu.
func (s *Session) refuseStream(st *Stream, code Code) {
	s.count.Refused++
	s.take(st)
	cause := &StreamError{Code: code}
	st.sendAbort(cause)
	st.endSend(cause)
	st.discard()
}

// take acknowledges a stream of the peer: it was accepted or refused. yamux
// must have handed it out first, or its own backlog could overflow. Callers
// hold mu.
func (s *Session) take(st *Stream) {
	st.taken = true
	if st.yamux == nil {
		return // attach comes back
	}
	st.acked = true
	if err := s.shim.Acknowledge(st.id); err != nil {
		s.addJob(job{kind: jobFail, err: err})
	}
	st.maybeClose()
}
