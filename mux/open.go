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
// a StreamError that says so. It waits while 256 streams are on their way and
// while the connection takes nothing. It fails with the cause of ctx, with
// ErrClosed once the session closes, or with the session's cause.
func (s *Session) Open(ctx context.Context, name string, meta map[string]string) (*Stream, error) {
	if ctx.Err() != nil {
		return nil, pull.Cause(ctx)
	}
	head, err := wire.AppendHead(nil, name, meta)
	if err != nil {
		return nil, fmt.Errorf("mux: open: %w", err)
	}
	select {
	case s.slots <- struct{}{}:
	case <-s.dead:
		return nil, s.cause()
	case <-ctx.Done():
		return nil, pull.Cause(ctx)
	}
	reserved := len(head) + shim.HeaderSize
	if !s.shim.Reserve(ctx, reserved) {
		<-s.slots
		return nil, s.why(ctx)
	}
	st := newStream(s, 0, false)
	st.name, st.meta = name, maps.Clone(meta)
	st.sent = uint64(len(head)) // before the peer can abort
	st.credit -= st.sent
	err = s.openStream(st, head)
	s.shim.Release(reserved)
	if err != nil {
		return nil, err
	}
	return st, nil
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
		<-s.slots
		return s.cause()
	}
	s.next = st
	s.mu.Unlock()
	ys, err := s.yamux.OpenStream()
	if err != nil {
		return s.lost(err)
	}
	if _, err := ys.Write(head); err != nil {
		return s.lost(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.yamux = ys
	st.maybeClose()
	return nil
}

// lost ends the session because yamux failed, which it does only when the
// session has ended or is broken, and returns the cause.
func (s *Session) lost(err error) error {
	s.fail(err)
	return s.cause()
}
