package muxdemux

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux/internal/ends"
	"github.com/weir-go/weir/mux/internal/outbox"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

// A Session carries streams over one duplex. It owns that and two goroutines
// until it is done. Its methods may be called from several goroutines at once,
// but calls of Accept must not overlap.
type Session struct {
	cfg    Config
	ctx    context.Context // of both goroutines; done when the session has failed
	cancel context.CancelCauseFunc
	dead   chan struct{} // closed when the session has ended; err is set
	done   chan struct{} // closed when both goroutines have ended too
	ready  chan struct{} // 1 slot: Accept has something to return
	out    *outbox.Box   // lines that wait for the connection

	accepting atomic.Bool // a call of Accept is running

	mu      sync.Mutex
	ended   bool
	err     error              // why it ended; nil after a clean end
	streams map[string]*Stream // those that close was neither sent nor heard for
	live    int                // streams that have not ended in both directions
	theirs  int                // of them, those of the peer's
	empty   chan struct{}      // closed and replaced when live becomes 0
	queue   []*Stream          // streams of the peer that Accept may return
	end     error              // what Accept returns, once it has ended
	refuse  bool               // streams of the peer
	closing bool               // no more streams are opened here
}

// New starts a session over d. Nothing is exchanged before a stream is opened,
// so it cannot fail; what is wrong with the connection is the session's cause.
// d is the session's from now on, which must be ended by Close or Abort.
func New(d duplex.Duplex[[]byte, []byte], cfg Config) *Session {
	s := &Session{
		cfg:  cfg.withDefaults(),
		dead: make(chan struct{}), done: make(chan struct{}),
		ready: make(chan struct{}, 1), out: outbox.New(),
		streams: make(map[string]*Stream), empty: make(chan struct{}),
	}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	ends.Halves(
		func() error { return s.receive(d.Source) },
		func() error { return s.transmit(d.Sink) },
		s.fail,
		func() { s.cancel(nil); close(s.done) })
	return s
}

// receive reads lines until the connection ends.
func (s *Session) receive(src pull.Source[[]byte]) error {
	rows := codec.DecodeJSON[line](src, codec.JSONOptions{MaxLine: s.cfg.MaxLine})
	err := pull.Each(s.ctx, rows, s.dispatch)
	var bad *codec.LineError
	switch {
	case err == nil:
		return s.peerEnded()
	case errors.Is(err, ErrProtocol), errors.As(err, new(*pull.PanicError)):
		return err
	case errors.As(err, &bad) && !errors.Is(err, io.ErrUnexpectedEOF):
		return &ProtocolError{Err: bad}
	}
	return &LostError{Op: "read", Err: ends.NotEOF(err)}
}

// peerEnded says how the session ends when the peer has ended the connection.
func (s *Session) peerEnded() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.streams {
		if st.readEnd == nil || !st.sendDone {
			return &LostError{Op: "read", Err: io.ErrUnexpectedEOF}
		}
	}
	return nil
}

// transmit sends what is in out until no more comes.
func (s *Session) transmit(sink pull.Sink[[]byte]) error {
	err := sink(s.ctx, s.nextOut)
	switch {
	case err == nil:
		return ends.ErrGoing // until the peer ends the connection too
	case errors.As(err, new(*pull.PanicError)):
		return err
	}
	return &LostError{Op: "write", Err: ends.NotEOF(err)}
}

// nextOut is the source of what is sent: what waits goes out together.
func (s *Session) nextOut(ctx context.Context) ([]byte, error) {
	lines, err := s.out.Next(ctx)
	if err != nil {
		return nil, err
	}
	return bytes.Join(lines, nil), nil
}

// say puts a line into out, at once. Callers hold mu.
func (s *Session) say(key, event string, arg []byte) {
	waiting := s.out.Put(appendLine(nil, key, event, arg))
	if waiting > outbox.Limit+s.cfg.MaxLine {
		s.failLocked(&ProtocolError{
			Detail: fmt.Sprintf("%d bytes of answers are not read", waiting),
		})
	}
}

// fail ends the session with cause, the first time; nil is a clean end.
func (s *Session) fail(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failLocked(cause)
}

// failLocked is fail for callers that hold mu.
func (s *Session) failLocked(cause error) {
	if s.ended {
		return
	}
	s.ended, s.err = true, cause
	if cause != nil {
		s.cancel(cause) // before the end, so that it cannot look like one
	}
	s.out.End()
	for _, st := range s.streams {
		st.cut(s.cause())
	}
	clear(s.streams)
	close(s.dead)
}

// cause is what streams of an ended session return. Callers hold mu.
func (s *Session) cause() error {
	if s.err != nil {
		return s.err
	}
	return ErrClosed
}

// Done returns a channel that is closed when the session has ended and its
// goroutines with it.
func (s *Session) Done() <-chan struct{} { return s.done }

// Err returns why the session ended: a LostError, a ProtocolError, what Abort
// was given, or a *pull.PanicError of the duplex. It is nil while the session is
// open and after a clean end.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Abort ends the session at once: both halves of its duplex end with cause, and
// so does every stream. A nil cause is read as pull.ErrStopped, and one that is
// or wraps io.EOF as an error with the same text. Abort waits for the
// session's goroutines; one that has ended already keeps its cause. It returns
// nil.
func (s *Session) Abort(cause error) error {
	s.fail(ends.NotEOF(cause))
	<-s.done
	return nil
}

// Close ends the session gracefully: no more streams are opened here, those of
// the peer's that were not accepted and those that still come are refused, all
// others go on until both their directions have ended. Then the connection is
// ended, as npm's close does, and the peer's end of it is awaited. Close
// returns nil after a clean end, whoever began it, and otherwise the
// session's cause. When ctx is done first, the session is cut off: what is left
// gets ErrClosed, and Close returns the cause of ctx.
//
// It may be called more than once and by several goroutines, but not by one on
// whom a stream waits.
func (s *Session) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.stopAccepting(io.EOF)
	s.mu.Unlock()
	for ctx.Err() == nil && !s.endOut() {
		s.mu.Lock()
		empty := s.empty
		s.mu.Unlock()
		select {
		case <-empty:
		case <-s.dead:
		case <-ctx.Done():
		}
	}
	select {
	case <-s.done:
		return s.Err()
	case <-ctx.Done():
	}
	s.fail(ErrClosed)
	<-s.done
	if err := s.Err(); err != ErrClosed {
		return err
	}
	return pull.Cause(ctx)
}

// endOut ends what is sent, unless streams are left.
func (s *Session) endOut() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live > 0 && !s.ended {
		return false
	}
	s.out.End()
	return true
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
