package mux

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/weir-go/weir/mux/internal/shim"
	"github.com/weir-go/weir/mux/internal/wire"
	"github.com/weir-go/weir/pull"
)

// A Session carries streams over one connection. It owns the connection, four
// goroutines and a timer until it is done. Its methods may be called from
// several goroutines at once, but calls of Accept must not overlap.
type Session struct {
	cfg    Config
	client bool
	peer   wire.Hello
	shim   *shim.Conn
	yamux  *yamux.Session

	places  chan struct{} // streams of ours that are open
	slots   chan struct{} // of them, those that the peer has not acknowledged
	opening chan struct{} // 1 slot: who holds it may open or say DRAIN
	up      chan struct{} // closed when the control stream is up
	closing chan struct{} // closed when no more streams are opened here
	dead    chan struct{} // closed when the session has ended; err is set
	done    chan struct{} // closed when all goroutines have ended too
	work    chan struct{} // 1 slot: the janitor has something to do
	heads   headWatch     // the janitor's
	ready   chan struct{} // 1 slot: Accept has something to return

	accepting atomic.Bool  // a call of Accept is running
	logged    atomic.Int32 // lines of streams
	control   wire.Decoder // used by the goroutine that reads

	mu      sync.Mutex
	err     error // nil: it is open, or has ended without an error
	streams map[uint32]*Stream
	next    *Stream   // the stream whose SYN is on its way out
	queue   []*Stream // streams of the peer that Accept may return
	jobs    []job
	end     error // what Accept returns, once it has ended
	refuse  Code  // why new streams of the peer are refused; 0: they are not
	drain   drainState

	held     int64 // bytes that count against the budget
	admitted int   // streams that do
	left     bool  // the budget: nothing counts any more
	spare    [][]byte
	count    Stats // what is counted as it happens
	ping     struct {
		nonce uint64
		at    time.Time // zero: no answer is due
	}
}

// Client runs the client's side of a session over conn: the side that
// connected. When it returns, the peer has answered and streams can be opened.
//
// It fails with ErrSilent when that took over Config.Handshake, with an error
// that matches ErrNotWeir, ErrVersion or ErrApplication, with a ProtocolError, a
// LostError, with the cause of ctx, or because cfg is not within its bounds;
// then conn is closed. The session does not depend on ctx afterwards.
func Client(ctx context.Context, conn net.Conn, cfg Config) (*Session, error) {
	return newSession(ctx, conn, cfg, true)
}

// Server is Client for the side that was connected to.
func Server(ctx context.Context, conn net.Conn, cfg Config) (*Session, error) {
	return newSession(ctx, conn, cfg, false)
}

func newSession(ctx context.Context, conn net.Conn, cfg Config, client bool) (*Session, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	start := time.Now()
	h := handshake{conn: conn, client: client, ours: wire.Hello{
		Window: uint32(cfg.Window), Streams: uint32(cfg.MaxStreams),
		Backlog: uint32(cfg.Backlog), Application: cfg.Application,
	}}
	if err := h.run(ctx, cfg.Handshake); err != nil {
		_ = conn.Close()
		return nil, err
	}
	orDefault(&cfg.Window, windowFor(h.rtt))
	s := makeSession(cfg, h)
	if err := s.start(conn, h.first); err != nil {
		return nil, err
	}
	if err := s.waitUp(ctx, start); err != nil {
		_ = s.Abort(err)
		return nil, cmp.Or(s.Err(), err) // no error of its own: the peer has closed it
	}
	return s, nil
}

func makeSession(cfg Config, h handshake) *Session {
	limit := func(theirs uint32) int { return int(min(theirs, uint32(cfg.MaxOpen))) }
	s := &Session{
		cfg: cfg, client: h.client, peer: h.theirs,
		places:  make(chan struct{}, limit(h.theirs.Streams)),
		slots:   make(chan struct{}, limit(h.theirs.Backlog)),
		opening: make(chan struct{}, 1),
		closing: make(chan struct{}),
		up:      make(chan struct{}), dead: make(chan struct{}), done: make(chan struct{}),
		work: make(chan struct{}, 1), ready: make(chan struct{}, 1),
		streams: make(map[uint32]*Stream),
	}
	s.count.RTT, s.count.Window = h.rtt, cfg.Window
	return s
}

// start starts the goroutines: shim and yamux have theirs. first was read of
// conn already.
func (s *Session) start(conn net.Conn, first []byte) (err error) {
	// The handler must know the shim before anything can arrive; nothing is
	// read or written before yamux runs.
	s.shim = shim.New(conn, events{s}, shim.Config{
		Client: s.client, WriteTimeout: max(0, s.cfg.WriteTimeout),
		Streams: s.cfg.MaxStreams, Backlog: s.cfg.Backlog, First: first,
	})
	cfg := &yamux.Config{
		AcceptBacklog:          1 + max(s.cfg.Backlog, cap(s.slots)), // 1: the control stream
		KeepAliveInterval:      1,                                    // required, unused
		ConnectionWriteTimeout: 1 << 60,
		MaxStreamWindowSize:    uint32(s.cfg.Window),
		Logger:                 log.New(io.Discard, "", 0),
	}
	if s.client {
		s.yamux, err = yamux.Client(s.shim, cfg)
	} else {
		s.yamux, err = yamux.Server(s.shim, cfg)
	}
	if err != nil {
		_ = s.shim.Close()
		s.shim.Wait()
		return err
	}
	s.cfg.Budget.join(s)
	go s.janitor()
	if s.client {
		_, err = s.yamux.OpenStream()
		if err != nil {
			s.fail(err)
		}
	}
	return nil
}

// waitUp waits until the control stream is up.
func (s *Session) waitUp(ctx context.Context, start time.Time) error {
	var late <-chan time.Time
	if s.cfg.Handshake > 0 {
		t := time.NewTimer(time.Until(start.Add(s.cfg.Handshake)))
		defer t.Stop()
		late = t.C
	}
	select {
	case <-s.up:
		return nil
	case <-s.dead:
		return s.Err()
	case <-ctx.Done():
		return pull.Cause(ctx)
	case <-late:
		return ErrSilent
	}
}

// Done returns a channel that is closed when the session has ended and all its
// goroutines with it.
func (s *Session) Done() <-chan struct{} { return s.done }

// Err returns why the session ended. It is nil while the session is open and
// after a clean close.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// fail ends the session with cause, the first time it is called; nil is a
// clean close. It does not wait for goroutines.
func (s *Session) fail(cause error) {
	s.mu.Lock()
	if s.isDead() {
		s.mu.Unlock()
		return
	}
	if cause != nil && !s.drain.complete() {
		s.err = sessionCause(cause)
	}
	streams := make([]*Stream, 0, len(s.streams))
	for _, st := range s.streams {
		streams = append(streams, st)
	}
	close(s.dead)
	s.mu.Unlock()
	for _, st := range streams {
		st.stopSink(s.cause())
	}
	_ = s.shim.Close()
}

// Application is the id that the two ends agreed on in the handshake: the one
// that is not empty, if there is one.
func (s *Session) Application() string {
	return cmp.Or(s.cfg.Application, s.peer.Application)
}

func (s *Session) isDead() bool {
	select {
	case <-s.dead:
		return true
	default:
		return false
	}
}

// cause is what streams of an ended session return.
func (s *Session) cause() error {
	if err := s.Err(); err != nil {
		return err
	}
	return ErrClosed
}
