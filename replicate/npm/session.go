package npm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

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

	// HandshakeTimeout bounds the time until the peer's header has come; 0 means
	// 10 seconds for a session that runs once, and no bound for a live one.
	HandshakeTimeout time.Duration

	// Verify is asked about each update that comes from another id than the own
	// one: signed is the text that a signature of the originals is made over, and
	// sig the fourth element of the line as it is, in JSON, or nil. An error of it
	// ends the session; nothing of the line has an effect. Nil accepts all.
	Verify func(id string, signed, sig []byte) error
}

const (
	defaultMaxLine   = 16 << 20
	defaultHandshake = 10 * time.Second

	// goodbye is how long a peer has to end its half once ours has ended.
	goodbye = time.Second
)

// errStays ends the wait for a peer that does not leave when we do.
var errStays = fmt.Errorf("npm: peer has not ended its half: %w", context.DeadlineExceeded)

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
// replica that uses this package, over one duplex. Run is called once; Stats and
// Finish may be called by any goroutine.
type Session struct {
	s    *Scuttlebutt
	cfg  SyncConfig
	meta []byte
	err  error // of the configuration

	met    chan struct{} // closed when the peer's header has come
	synced chan struct{} // closed when its SYNC has come
	gone   context.Context
	leave  context.CancelFunc // once its stream has ended
	last   context.Context
	finish context.CancelFunc // once the session is to finish

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
	if cfg.Once && cfg.HandshakeTimeout == 0 {
		cfg.HandshakeTimeout = defaultHandshake
	}
	t := &Session{
		s: s, cfg: cfg, known: make(map[replicate.Author]replicate.Time),
		met: make(chan struct{}), synced: make(chan struct{}),
	}
	t.gone, t.leave = context.WithCancel(context.Background())
	t.last, t.finish = context.WithCancel(context.Background())
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

// Finish asks a session to end, live or not, as the originals do when their stream
// is ended, for their protocol has no other way to leave. If the peer has sent its
// header, it is still sent what the clock covers by now, and SYNC. Then the own half
// ends, and what the peer sends is taken in until it ends its half, too, which an
// original does at once; where it has not within a second, Run stops to listen,
// and its error matches [context.DeadlineExceeded]. To end the context of Run
// instead is to cut the peer off.
func (t *Session) Finish() { t.finish() }

// Run runs the session over d until it ends, and has ended both halves of d when
// it returns. It returns nil when the peer has ended after its SYNC, as the
// protocol has no other way to leave, or after Finish at any time (Stats says
// whether both are in sync then); an error matching io.ErrUnexpectedEOF if it
// ended before, or inside a line; one matching [replicate.ErrHandshake] if its header
// has not come in time; a [LineError] for what is refused; one of package
// replicate's errors; what the carrier failed with; or context.Cause(ctx), and then
// both halves were cut: over TCP the connection is reset, which ends a program in
// JavaScript that does not handle the error of its socket. [Session.Finish] spares
// it that. Everything that was applied before stays applied.
func (t *Session) Run(ctx context.Context, d duplex.Duplex[[]byte, []byte]) error {
	if t.err != nil {
		return errors.Join(t.err, d.Close(t.err))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	hearing, deafen := context.WithCancelCause(ctx) // done when no more is read
	defer deafen(nil)
	if t.cfg.HandshakeTimeout > 0 {
		defer time.AfterFunc(t.cfg.HandshakeTimeout, func() { t.tooLate(deafen) }).Stop()
	}
	out := t.outgoing()
	sent := make(chan error, 1)
	go func() {
		err := d.Sink(ctx, out)
		if err != nil {
			err = fmt.Errorf("npm: sending: %w", err)
			cancel(err)
		} else {
			t.hearOut(hearing, deafen)
		}
		sent <- err
	}()
	err := t.receive(hearing, d.Source)
	switch {
	case err != nil && hearing.Err() != nil && ctx.Err() == nil:
		defer time.AfterFunc(goodbye, func() { cancel(err) }).Stop() // for what is being sent
	case err != nil:
		cancel(err)
	}
	deafen(nil)
	t.leave()
	if sentErr := <-sent; err == nil {
		return sentErr
	}
	return err
}

// hearOut bounds how long a peer is listened to that was told the end, if the
// session is to finish.
func (t *Session) hearOut(hearing context.Context, deafen context.CancelCauseFunc) {
	select {
	case <-t.last.Done():
	case <-hearing.Done():
		return
	}
	late := time.NewTimer(goodbye)
	defer late.Stop()
	select {
	case <-late.C:
		deafen(errStays)
	case <-hearing.Done():
	}
}

// tooLate gives up a peer whose header has not come.
func (t *Session) tooLate(deafen context.CancelCauseFunc) {
	select {
	case <-t.met:
	default:
		deafen(fmt.Errorf("npm: peer's header has not come in %v: %w",
			t.cfg.HandshakeTimeout, replicate.ErrHandshake))
	}
}

// receive reads the peer's lines to their end.
func (t *Session) receive(ctx context.Context, src pull.Source[[]byte]) error {
	in := t.s.intake(t.cfg.MaxLine, t.cfg.Verify)
	in.header, in.sync, in.update, in.refused = t.meet, t.caughtUp, t.has, t.leave
	in.deaf = t.cfg.SendOnly
	err := in.run(ctx, src)
	t.lines.Store(in.lines)
	t.applied.Store(in.applied)
	if err == nil && !in.synced && t.last.Err() == nil {
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
