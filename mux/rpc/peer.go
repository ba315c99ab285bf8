package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/mux/internal/ends"
	"github.com/weir-go/weir/mux/internal/outbox"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

// A Peer is one end of a connection over which functions are called. It owns
// its duplex, two goroutines and those of the handlers that run. Its methods
// may be called from several goroutines at once.
type Peer struct {
	cfg     Config
	types   types
	session *mux.Session // carries streams; nil: there are none
	accepts *acceptor
	ctx     context.Context // of both goroutines; done when the Peer has failed
	cancel  context.CancelCauseFunc
	work    context.Context // of handlers; done when the Peer has ended
	halt    context.CancelCauseFunc
	hard    context.Context // done when even streams are cut
	cut     context.CancelFunc
	known   chan struct{} // closed when the other side's methods have come
	dead    chan struct{} // closed when the Peer has ended; err is set
	done    chan struct{} // closed when all goroutines have ended too
	out     *outbox.Box
	native  atomic.Bool   // the other side is a Peer
	slot    chan struct{} // 1 slot: fewer calls run

	starting bool              // the methods are being registered
	names    map[string]*entry // methods by name
	handlers sync.WaitGroup
	order    entry // of methods, if they run in order

	mu       sync.Mutex
	ended    bool
	err      error // why it ended; nil after a clean end
	closing  bool
	active   int           // calls that wait, here or in handlers
	idle     chan struct{} // closed and replaced when active becomes 0
	busy     int           // calls of the other side that count against MaxCalls
	local    map[uint64]*entry
	methods  int // of local
	nextID   uint64
	pending  map[uint64]chan *answer
	waiting  int // calls that wait here
	nextCall uint64
	running  map[uint64]context.CancelCauseFunc // calls of a Peer, by its number
	remote   map[string]uint64                  // the other side's methods, by path
	about    *incoming                          // its first message
}

// Lines makes messages of the lines of a connection. max is the longest line in
// bytes, 0 means 1 MiB; a longer one fails with a frame.LineError.
func Lines(d duplex.Duplex[[]byte, []byte], max int) duplex.Duplex[frame.Msg, frame.Msg] {
	orDefault(&max, defaultMessage)
	return duplex.Map(d, func(src pull.Source[[]byte]) pull.Source[frame.Msg] {
		return frame.Lines(src, max)
	}, frame.JoinLines)
}

// New starts a Peer over d. methods is what the other side may call: nil,
// Methods, or any map or struct with handlers in it. New panics if methods has
// a part that cannot be sent. It does not wait for the other side; what is wrong
// with the connection is the Peer's cause. d is the Peer's from now on, which
// must be ended by Close or Abort.
func New(d duplex.Duplex[frame.Msg, frame.Msg], methods any, cfg Config) *Peer {
	p := newPeer(methods, cfg)
	p.start(d)
	return p
}

func newPeer(methods any, cfg Config) *Peer {
	p := &Peer{
		cfg: cfg.withDefaults(), out: outbox.New(),
		known: make(chan struct{}), dead: make(chan struct{}), done: make(chan struct{}),
		slot: make(chan struct{}, 1), idle: make(chan struct{}),
		names: make(map[string]*entry), local: make(map[uint64]*entry),
		pending: make(map[uint64]chan *answer), running: make(map[uint64]context.CancelCauseFunc),
	}
	p.out.Yields = true // many calls are answered at once, each by a goroutine
	p.ctx, p.cancel = context.WithCancelCause(context.Background())
	p.work, p.halt = context.WithCancelCause(p.ctx)
	p.hard, p.cut = context.WithCancel(context.Background())
	p.introduce(methods)
	return p
}

// introduce says what the other side may call.
func (p *Peer) introduce(methods any) {
	if methods == nil {
		methods = Methods{}
	}
	p.starting = true
	e := &encoder{p: p}
	e.buf.WriteString(`{"method":"methods","arguments":`)
	if err := e.values(Values{methods}); err != nil {
		panic("rpc: methods: " + err.Error())
	}
	p.starting = false
	e.tail()
	for _, pl := range e.callbacks {
		if len(pl.path) == 2 {
			p.names[pl.path[1]] = p.local[pl.id]
		}
	}
	line := e.buf.Bytes()
	if !p.cfg.Plain {
		line = append(line[:len(line)-1], `,"weir":1}`...)
	}
	if len(line) > p.cfg.MaxMessage || depth(line) > p.cfg.MaxDepth {
		panic("rpc: methods: " + ErrTooLarge.Error())
	}
	p.out.Put(line)
}

// start starts both goroutines.
func (p *Peer) start(d duplex.Duplex[frame.Msg, frame.Msg]) {
	ends.Halves(
		func() error { return p.receive(d.Source) },
		func() error { return p.transmit(d.Sink) },
		p.fail, p.finish)
}

// finish waits for what is left when both goroutines have ended.
func (p *Peer) finish() {
	p.handlers.Wait()
	p.discard()
	p.endSession()
	p.cancel(nil)
	p.cut()
	close(p.done)
}

// receive reads messages until the connection ends.
func (p *Peer) receive(src pull.Source[frame.Msg]) error {
	err := pull.Each(p.ctx, src, p.dispatch)
	switch {
	case err == nil:
		return p.peerEnded()
	case errors.Is(err, ErrProtocol), errors.As(err, new(*pull.PanicError)):
		return err
	case errors.Is(err, frame.ErrTooLarge):
		return &ProtocolError{Detail: err.Error()}
	}
	return &LostError{Op: "read", Err: ends.NotEOF(err)}
}

// peerEnded says how the Peer ends when the other side has ended the
// connection.
func (p *Peer) peerEnded() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	lost := len(p.pending) > 0
	for _, en := range p.local {
		lost = lost || en.reply != nil
	}
	if lost { // which nobody will answer
		return &LostError{Op: "read", Err: io.ErrUnexpectedEOF}
	}
	return nil
}

// transmit sends what is in out until no more comes.
func (p *Peer) transmit(sink pull.Sink[frame.Msg]) error {
	var lines [][]byte
	err := sink(p.ctx, func(ctx context.Context) (frame.Msg, error) {
		if len(lines) == 0 || ctx.Err() != nil {
			var err error
			if lines, err = p.out.Next(ctx); err != nil {
				return nil, err
			}
		}
		line := lines[0]
		lines = lines[1:]
		return line, nil
	})
	switch {
	case err == nil:
		return ends.ErrGoing // until the other side ends the connection too
	case errors.As(err, new(*pull.PanicError)):
		return err
	}
	return &LostError{Op: "write", Err: ends.NotEOF(err)}
}

// answer sends a line at once. A peer that has itself answered and does not
// read is cut off.
func (p *Peer) answer(line []byte) {
	if waiting := p.out.Put(line); waiting > outbox.Limit+p.cfg.MaxMessage {
		p.fail(&ProtocolError{Detail: fmt.Sprintf("%d bytes of answers are not read", waiting)})
	}
}

// say sends a line when there is room for it.
func (p *Peer) say(ctx context.Context, line []byte) error {
	p.out.WaitRoom(ctx, p.dead)
	if ctx.Err() != nil {
		return pull.Cause(ctx)
	}
	p.out.Put(line)
	return nil
}

// fail ends the Peer with cause, the first time; nil is a clean end.
func (p *Peer) fail(cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.ended, p.err = true, cause
	if cause != nil {
		p.cancel(cause) // before the end, so that it cannot look like one
	}
	p.out.End()
	p.halt(ErrClosed)
	close(p.dead)
}

// cause is what calls of a Peer that has ended return.
func (p *Peer) cause() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.why()
}

// why is cause for callers that hold mu.
func (p *Peer) why() error {
	if p.err != nil {
		return p.err
	}
	return ErrClosed
}

// isNative reports whether the other side is a Peer.
func (p *Peer) isNative() bool { return p.native.Load() }

// Done returns a channel that is closed when the Peer has ended, its handlers
// and goroutines with it.
func (p *Peer) Done() <-chan struct{} { return p.done }

// Err returns why the Peer ended: a LostError, a ProtocolError, what Abort was
// given, or a *pull.PanicError of the duplex. It is nil while the Peer is open
// and after a clean end.
func (p *Peer) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Abort ends the Peer at once: both halves of its duplex end with cause, calls
// fail with it, and the contexts of handlers are done. A nil cause is read as
// pull.ErrStopped, and one that is or wraps io.EOF as an error with the same
// text. Abort waits for handlers and goroutines; a Peer that has ended already
// keeps its cause. It returns nil.
func (p *Peer) Abort(cause error) error {
	p.fail(ends.NotEOF(cause))
	p.cut()
	<-p.done
	return nil
}

// Close ends the Peer gracefully: no more calls are made but by handlers that
// run, and when no call waits and no handler runs the connection is ended, and
// the other side's end of it awaited. Close returns nil after a clean end,
// whoever began it, and otherwise the Peer's cause. When ctx is done first, the
// Peer is cut off with ErrClosed, and Close returns the cause of ctx.
//
// It may be called more than once and by several goroutines, but not by a
// handler.
func (p *Peer) Close(ctx context.Context) error {
	p.mu.Lock()
	p.closing = true
	p.mu.Unlock()
	for ctx.Err() == nil && !p.endOut() {
		p.mu.Lock()
		idle := p.idle
		p.mu.Unlock()
		select {
		case <-idle:
		case <-p.dead:
		case <-ctx.Done():
		}
	}
	select {
	case <-p.done:
		return p.Err()
	case <-ctx.Done():
	}
	_ = p.Abort(ErrClosed)
	if err := p.Err(); err != nil && err != ErrClosed {
		return err
	}
	return pull.Cause(ctx)
}

// endOut ends what is sent, unless calls are left.
func (p *Peer) endOut() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.active > 0 && !p.ended {
		return false
	}
	p.out.End()
	return true
}

// enter counts a call or handler, leave takes it off again.
func (p *Peer) enter() { p.active++ }

func (p *Peer) leave() {
	if p.active--; p.active == 0 {
		close(p.idle)
		p.idle = make(chan struct{})
	}
}
