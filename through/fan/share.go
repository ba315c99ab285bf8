package fan

import (
	"context"
	"sync"

	"github.com/weir-go/weir/pull"
)

// A Hub gives the values of one source to readers that come and go. The source
// is opened when the first of them reads and aborted when the last one has
// left; after that, or after its end, the next reader has it opened again. A
// reader gets the values that are pulled after its first call and, before
// those, the last ones that HubOptions.Replay asks for.
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
	// holding up the source. The source is then pulled as fast as it goes.
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
// holds nothing.
func (h *Hub[T]) Subscribe() *Reader[T] {
	r := newReader[T]()
	r.join = h.seat
	return r
}

// seat adds a reader to the source that is open, or opens one.
func (h *Hub[T]) seat(r *Reader[T]) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.now != nil && h.now.admit(r) {
		return
	}
	src := &opening[T]{hub: h}
	h.now = newHub(src.next, half(h.opts.Ahead))
	h.now.after = src.close
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
	hub *Hub[T]
	src pull.Source[T]
	has bool // the hub's token
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
	return o.src(ctx)
}

// close lets the next source be opened.
func (o *opening[T]) close() {
	if o.has {
		<-o.hub.turn
	}
}
