package mux

import (
	"context"
	"fmt"
	"maps"

	"github.com/weir-go/weir/mux/internal/shim"
	"github.com/weir-go/weir/mux/internal/wire"
	"github.com/weir-go/weir/pull"
)

// Open opens a stream. name and meta are text (UTF-8); together, with a few
// bytes for each length, they have at most 4 KiB. What is in a name is up to
// the two ends.
//
// Open does not wait for the peer's answer: a stream that is refused ends with
// a StreamError that says so. It waits while as many streams are open, or wait
// to be accepted, as the peer or Config.MaxOpen lets be, and while the connection
// takes nothing. It fails with the cause of ctx, with ErrClosed once the session
// closes, with the session's cause, or with a StreamError of CodeRefused if the
// peer takes no streams at all.
func (s *Session) Open(ctx context.Context, name string, meta map[string]string) (*Stream, error) {
	if ctx.Err() != nil {
		return nil, pull.Cause(ctx)
	}
	head, err := wire.AppendHead(nil, name, meta)
	if err != nil {
		return nil, fmt.Errorf("mux: open: %w", err)
	}
	if s.peer.Streams == 0 || s.peer.Backlog == 0 {
		return nil, &StreamError{Code: CodeRefused, Text: "no streams are taken", Remote: true}
	}
	if err := s.reservePlace(ctx); err != nil {
		return nil, err
	}
	reserved := len(head) + shim.HeaderSize
	if !s.shim.Reserve(ctx, reserved) {
		s.freePlace()
		return nil, s.why(ctx)
	}
	st := newStream(s, 0, false)
	st.name, st.meta = name, maps.Clone(meta)
	st.sent = uint64(len(head)) // before the peer can abort
	st.headOut = st.sent
	st.credit -= st.sent
	if err := s.openStream(st, head); err != nil {
		s.shim.Release(reserved)
		return nil, err
	}
	return st, nil
}

// reservePlace waits until one more stream may be opened.
func (s *Session) reservePlace(ctx context.Context) error {
	for i, c := range []chan struct{}{s.places, s.slots} {
		select {
		case c <- struct{}{}:
			continue
		case <-s.dead:
		case <-s.closing:
		case <-ctx.Done():
		}
		if i > 0 {
			<-s.places
		}
		if ctx.Err() != nil {
			return pull.Cause(ctx)
		}
		return s.cause()
	}
	return nil
}

func (s *Session) freePlace() {
	<-s.slots
	<-s.places
}

// why is the reason for which something was interrupted.
func (s *Session) why(ctx context.Context) error {
	if ctx.Err() != nil {
		return pull.Cause(ctx)
	}
	<-s.dead
	return s.cause()
}

// openStream sends the SYN and the head while it holds the opening token, so
// that ids leave in order and none leaves after DRAIN. It does not wait for
// the network.
func (s *Session) openStream(st *Stream, head []byte) error {
	s.opening <- struct{}{}
	defer func() { <-s.opening }()
	s.mu.Lock()
	if s.isDead() || s.drain.sent || s.drain.received {
		s.mu.Unlock()
		s.freePlace()
		return s.cause()
	}
	s.next = st
	s.mu.Unlock()
	ys, err := s.yamux.OpenStream()
	if err != nil {
		return s.lost(err)
	}
	if err := s.shim.Send(st.id, head); err != nil {
		return s.lost(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.yamux = ys
	s.count.Opened++
	st.maybeClose()
	return nil
}

// lost ends the session because yamux failed, which it does only when the
// session has ended or is broken, and returns the cause.
func (s *Session) lost(err error) error {
	s.fail(err)
	return s.cause()
}
