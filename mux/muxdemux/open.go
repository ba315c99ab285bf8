package muxdemux

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

// Open opens a stream of a kind. meta is what encoding/json makes JSON of; nil
// is no metadata. Which names and kinds there are is up to the two ends.
//
// Open does not wait for the peer's answer: a peer that does not accept the
// stream ends it with a StreamError. It waits while 64 KiB wait for the
// connection, and fails with the cause of ctx, with ErrNotJSON or ErrTooLarge
// for meta, with ErrClosed once the session closes, or with the session's
// cause.
func (s *Session) Open(ctx context.Context, meta any, kind Kind) (*Stream, error) {
	o := opening{Opts: &openOpts{Writable: kind != Write, Readable: kind != Read}}
	if meta != nil {
		raw, err := encode(meta)
		if err != nil {
			return nil, err
		}
		o.Meta = raw
	}
	arg, err := encode(o)
	if err != nil {
		return nil, err
	}
	st := newStream(s, s.cfg.ID(), o.Meta)
	if len(st.key)+len(arg) > s.cfg.MaxLine {
		return nil, ErrTooLarge
	}
	s.out.WaitRoom(ctx, s.dead)
	if ctx.Err() != nil {
		return nil, pull.Cause(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
		return nil, s.cause()
	case s.closing:
		return nil, ErrClosed
	case s.streams[st.id] != nil:
		return nil, fmt.Errorf("muxdemux: id %q is in use", st.id)
	}
	if s.say(st.key, evNew, arg); s.ended {
		return nil, s.cause()
	}
	s.add(st, kind != Write, kind != Read)
	return st, nil
}

// encode makes JSON of v, on one line.
func encode(v any) (json.RawMessage, error) {
	line, err := codec.EncodeJSON(pull.Values(v))(context.Background())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotJSON, errors.Unwrap(err))
	}
	return compact(line)
}

// Accept returns the next stream that the peer has opened. As a method value it
// is a pull.Source of streams, and keeps its laws: calls must not overlap (the
// second gets pull.ErrOverlap), and a call with a done context ends accepting,
// not the session. Whoever gets a stream must end both halves of its duplex.
//
// It returns io.EOF when no more streams can come: after the peer ended the
// connection cleanly, or after Close was called here; otherwise the session's
// cause. Streams that arrive when accepting has ended are refused, as npm does
// without a listener.
func (s *Session) Accept(ctx context.Context) (*Stream, error) {
	if !s.accepting.CompareAndSwap(false, true) {
		return nil, pull.ErrOverlap
	}
	defer s.accepting.Store(false)
	for {
		st, end := s.pollAccept(ctx)
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

// pollAccept returns what Accept can return now, if anything.
func (s *Session) pollAccept(ctx context.Context) (*Stream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.end != nil:
	case ctx.Err() != nil:
		s.stopAccepting(pull.Cause(ctx))
	case len(s.queue) > 0:
		st := s.queue[0]
		s.queue = s.queue[1:]
		return st, nil
	case s.ended && s.err != nil:
		s.end = s.err
	case s.ended:
		s.end = io.EOF
	}
	return nil, s.end
}

// stopAccepting ends Accept with end, and refuses what was not accepted and
// what still comes. Callers hold mu.
func (s *Session) stopAccepting(end error) {
	if s.end == nil {
		s.end = end
	}
	s.refuse = true
	for _, st := range s.queue {
		st.refuse()
	}
	s.queue = nil
	signal(s.ready)
}

// refuse ends both directions of a stream that nobody has accepted. Callers
// hold mu.
func (st *Stream) refuse() {
	st.fail(&StreamError{Text: "remote end does not accept streams"})
	st.left, st.readDone, st.sendDone = true, true, true
	st.queue, st.held = nil, 0
	st.settle()
}
