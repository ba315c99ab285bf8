package fan

import (
	"context"
	"sync"

	"github.com/weir-go/weir/pull"
)

// A Hub gives the values of one source to readers that come and go. The source
// is opened when the first of them reads and aborted when the last one has
// left; after that, or after its end, the next reader has it opened again. A
// reader gets the values that are pulled after it has joined and, before those,
// the last ones that HubOptions.Replay asks for. It joins at its first call
// ([Hub.Subscribe]), or at once ([Hub.Join]).
//
// A Hub may be used by any number of goroutines. It holds nothing while it has
// no readers.
type Hub[T any] struct {
	open func() pull.Source[T]
	opts HubOptions

	turn chan struct{} // holds a token while a source is open

	mu  sync.Mutex
	now *hub[T] // whose source was, or is to be, opened last
}

// HubOptions say how a [Hub] treats its readers.
type HubOptions struct {
	// Ahead is how many values a reader may be behind the source, besides
	// those replayed to it; 0 or less means 64. Then it holds up the source.
	Ahead int

	// Replay is how many of the last values a reader gets that comes while the
	// source is open; 0 or less means none. The hub holds up to twice as many.
	Replay int

	// Lossy says that a slow reader misses values, which it counts, instead of
	// holding up the source. The source is then pulled as fast as it goes. What
	// is missed is the newest, so where the newest count, as in what shows the
	// state of things, do not use Lossy but put timed.Latest behind each reader,
	// or timed.Conflate for each key: a slow reader does not hold up these.
	Lossy bool
}

// NewHub returns a Hub over the sources that open makes. Open is called in the
// goroutine that pulls, never before the source opened last has ended; a panic
// of it is a failure of the source.
func NewHub[T any](open func() pull.Source[T], opts HubOptions) *Hub[T] {
	if opts.Ahead <= 0 {
		opts.Ahead = 64
	}
	return &Hub[T]{open: open, opts: opts, turn: make(chan struct{}, 1)}
}

// Subscribe returns a new reader, which joins at its first call. Until then it
// holds nothing, and what is pulled before that passes it by: see [Hub.Join].
func (h *Hub[T]) Subscribe() *Reader[T] {
	r := newReader[T]()
	r.join = h.seat
	return r
}

// Join returns a new reader that has joined: from now on it gets every value
// that is pulled. The source is open when Join returns, which waits for that
// where the reader is the first: open has returned, so what open subscribes to
// is subscribed to as well. What is asked for after Join has returned, as by the
// first call of a history, therefore leaves no gap between it and the reader:
// what happens meanwhile is in both. See [Live].
//
// The reader holds its place, so it must be read or aborted. Join fails only if
// ctx becomes done while it waits, with [pull.Cause] of that or a
// [pull.ReleaseError] with it; the reader has left then. Open itself cannot be
// interrupted: the last reader that leaves waits for it. Where open has failed,
// the reader's first call tells. The source is called under a context that
// carries ctx's values, if this is the first reader.
func (h *Hub[T]) Join(ctx context.Context) (*Reader[T], error) {
	if ctx.Err() != nil {
		return nil, pull.Cause(ctx)
	}
	r := newReader[T]()
	h.seat(r)
	r.hub.begin(ctx)
	select {
	case <-r.hub.opened:
		return r, nil
	case <-ctx.Done():
		return nil, r.leave(ctx, pull.Cause(ctx))
	}
}

// seat adds a reader to the source that is open, or opens one.
func (h *Hub[T]) seat(r *Reader[T]) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.now != nil && h.now.admit(r) {
		return
	}
	src := &opening[T]{hub: h, opened: make(chan struct{})}
	h.now = newHub(src.next, half(h.opts.Ahead))
	h.now.opened, h.now.after = src.opened, src.close
	h.now.lossy = h.opts.Lossy
	h.now.keep = max(h.opts.Replay, 0)
	h.now.seat(r)
}

// admit seats a reader, unless the source has ended or is about to.
func (h *hub[T]) admit(r *Reader[T]) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over || h.cause != nil {
		return false
	}
	h.seat(r)
	return true
}

// An opening is the source that a hub opens, once the one before has ended.
type opening[T any] struct {
	hub    *Hub[T]
	src    pull.Source[T]
	has    bool          // the hub's token
	opened chan struct{} // closed when open has returned, or never will
	told   bool          // it is closed
}

func (o *opening[T]) next(ctx context.Context) (T, error) {
	if o.src != nil {
		return o.src(ctx)
	}
	select {
	case o.hub.turn <- struct{}{}:
		o.has = true
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		var zero T
		return zero, pull.Cause(ctx)
	}
	o.src = o.hub.open()
	o.tell()
	return o.src(ctx)
}

// tell says that who waits for the opening need not.
func (o *opening[T]) tell() {
	if !o.told {
		o.told = true
		close(o.opened)
	}
}

// close lets the next source be opened.
func (o *opening[T]) close() {
	o.tell()
	if o.has {
		<-o.hub.turn
	}
}
