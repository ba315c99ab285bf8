package npm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// SyncConfig says how a session is run. The zero value is a live session.
type SyncConfig struct {
	// Once ends the session when both sides have sent what they had: the
	// originals' tail: false.
	Once bool

	// SendOnly has nothing taken in: the originals' writable: false. What the peer
	// sends is skipped, and its clock only says what it need not be sent.
	SendOnly bool

	// Meta is sent in the header, as JSON; nil is none.
	Meta any

	// MaxLine bounds a line that comes in, in bytes; 0 means 16 MiB.
	MaxLine int

	// Verify is asked about each update that comes from another id than the own
	// one: signed is the text that a signature of the originals is made over, and
	// sig the fourth element of the line as it is, in JSON, or nil. An error of it
	// ends the session; nothing of the line has an effect. Nil accepts all.
	Verify func(id string, signed, sig []byte) error
}

const defaultMaxLine = 16 << 20

// A Header is what a peer has said first.
type Header struct {
	ID    string             // of the peer
	Clock map[string]float64 // that it says to have, by id
	Meta  json.RawMessage    // nil for none
}

// Stats counts what a session moved.
type Stats struct {
	Peer           Header // zero until it has come
	SentUpdates    int64  // lines made
	ReceivedLines  int64  // that came in
	AppliedUpdates int64  // of these, updates that were news
	CaughtUp       bool   // both have sent SYNC
}

// A Session keeps a scuttlebutt equal to a program in JavaScript, or to another
// replica that uses this package, over one duplex. Run is called once; Stats may
// be called by any goroutine.
type Session struct {
	s    *Scuttlebutt
	cfg  SyncConfig
	meta []byte
	err  error // of the configuration

	met    chan struct{} // closed when the peer's header has come
	synced chan struct{} // closed when its SYNC has come
	gone   context.Context
	leave  context.CancelFunc // once its stream has ended

	mu    sync.Mutex
	peer  Header
	known map[replicate.Author]replicate.Time // up to where the peer has an author's

	sent, lines, applied atomic.Int64
	syncSent, syncGot    atomic.Bool
}

// NewSession prepares a session with a peer.
func (s *Scuttlebutt) NewSession(cfg SyncConfig) *Session {
	if cfg.MaxLine <= 0 {
		cfg.MaxLine = defaultMaxLine
	}
	t := &Session{
		s: s, cfg: cfg, known: make(map[replicate.Author]replicate.Time),
		met: make(chan struct{}), synced: make(chan struct{}),
	}
	t.gone, t.leave = context.WithCancel(context.Background())
	if s.whole != nil {
		t.err = errors.New("npm: a part of a bucket has no session of its own")
	}
	if cfg.Meta != nil {
		meta, err := json.Marshal(cfg.Meta)
		if err == nil {
			t.meta, err = canonical(meta)
		}
		t.err = errors.Join(t.err, err)
	}
	return t
}

// Stats returns what the session has moved so far.
func (t *Session) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Stats{
		Peer:           t.peer,
		SentUpdates:    t.sent.Load(),
		ReceivedLines:  t.lines.Load(),
		AppliedUpdates: t.applied.Load(),
		CaughtUp:       t.syncSent.Load() && t.syncGot.Load(),
	}
}

// Run runs the session over d until it ends, and has ended both halves of d when
// it returns. It returns nil when the peer has ended after its SYNC, as the
// protocol has no other way to leave; an error matching io.ErrUnexpectedEOF if it
// ended before, or inside a line; a [LineError] for what is refused; one of
// package replicate's errors; what the carrier failed with; or
// context.Cause(ctx). Everything that was applied before stays applied.
func (t *Session) Run(ctx context.Context, d duplex.Duplex[[]byte, []byte]) error {
	if t.err != nil {
		return errors.Join(t.err, d.Close(t.err))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := t.outgoing()
	sent := make(chan error, 1)
	go func() {
		err := d.Sink(ctx, out)
		if err != nil {
			err = fmt.Errorf("npm: sending: %w", err)
			cancel(err)
		}
		sent <- err
	}()
	err := t.receive(ctx, d.Source)
	if err != nil {
		cancel(err)
	}
	t.leave()
	if sentErr := <-sent; err == nil {
		return sentErr
	}
	return err
}

// receive reads the peer's lines to their end.
func (t *Session) receive(ctx context.Context, src pull.Source[[]byte]) error {
	in := t.s.intake(t.cfg.MaxLine, t.cfg.Verify)
	in.header, in.sync, in.update, in.refused = t.meet, t.caughtUp, t.has, t.leave
	in.deaf = t.cfg.SendOnly
	err := in.run(ctx, src)
	t.lines.Store(in.lines)
	t.applied.Store(in.applied)
	if err == nil && !in.synced {
		err = fmt.Errorf("npm: peer left before SYNC: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// meet takes the peer's header.
func (t *Session) meet(h Header, clock []clockEntry) {
	t.mu.Lock()
	t.peer = h
	for _, e := range clock {
		a, _ := t.s.scope.author(e.id)
		t.known[a] = max(t.known[a], atMost(e.ts))
	}
	t.mu.Unlock()
	close(t.met)
}

func (t *Session) caughtUp() {
	if t.syncGot.CompareAndSwap(false, true) {
		close(t.synced)
	}
}

// has notes that the peer has an author's updates up to s: it refuses older ones.
func (t *Session) has(s replicate.Stamp) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known[s.Author] = max(t.known[s.Author], s.Time)
}

func (t *Session) knownOf(a replicate.Author) replicate.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.known[a]
}
