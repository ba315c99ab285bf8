package fan

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// A hub pulls one source, in a goroutine, and puts its values with its readers.
type hub[T any] struct {
	src   pull.Source[T]
	limit int         // how many values wait for a reader at most
	step  bool        // a value is pulled only when a reader waits for it
	lossy bool        // a reader that is not in time misses values
	keep  int         // how many values a reader that comes later gets
	route func(T) int // which reader gets a value; nil means all

	opened <-chan struct{} // closed when there is no opening to wait for; of a Hub

	after func() // runs when the goroutine has ended; nil: nothing

	running sync.WaitGroup

	mu      sync.Mutex
	changed sync.Cond // where the goroutine waits for its readers
	own     context.Context
	cancel  context.CancelCauseFunc
	seats   []*Reader[T] // as given to the caller; nil: has left
	left    int          // readers that have not left
	recent  []T          // the last ones, up to twice as many as kept
	cause   error        // why the last reader has left
	over    bool         // the source has ended with end, or is aborted
	end     error
	told    bool  // a reader has been given end
	release error // what went wrong in aborting the source
}

func newHub[T any](src pull.Source[T], limit int) *hub[T] {
	h := &hub[T]{src: src, limit: max(limit, 1)}
	h.changed.L = &h.mu
	return h
}

// seat adds a reader.
func (h *hub[T]) seat(r *Reader[T]) *Reader[T] {
	r.hub = h
	r.waiting = append(r.waiting, h.recent[max(len(h.recent)-h.keep, 0):]...)
	h.seats = append(h.seats, r)
	h.left++
	return r
}

// seatAll adds n readers, 1 at least, and returns them as sources.
func (h *hub[T]) seatAll(n int) []pull.Source[T] {
	srcs := make([]pull.Source[T], max(n, 1))
	for i := range srcs {
		srcs[i] = h.seat(newReader[T]()).Next
	}
	return srcs
}

// begin starts the goroutine, with the first live call.
func (h *hub[T]) begin(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.own != nil {
		return
	}
	h.own, h.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	h.running.Go(h.run)
}

// run is the goroutine.
func (h *hub[T]) run() {
	returned, src := false, h.src
	defer func() {
		if !returned {
			err := crash(recover())
			h.finish(err)
			h.abort(src, err)
		}
		h.cancel(pull.ErrStopped)
		if h.after != nil {
			h.after()
		}
	}()
	for h.wait() {
		v, err := src(h.own)
		if err != nil {
			src = nil
			h.ended(err)
			returned = true
			return
		}
		h.put(v)
	}
	returned = true
	h.abort(src, h.cause)
}

// wait returns when there is room for a value; false means that there are no
// readers left.
func (h *hub[T]) wait() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.cause == nil && !h.ready() {
		h.changed.Wait()
	}
	return h.cause == nil
}

func (h *hub[T]) ready() bool {
	asked := !h.step
	for _, r := range h.seats {
		switch {
		case r == nil || h.lossy:
		case len(r.waiting) >= h.limit:
			return false
		case r.asks:
			asked = true
		}
	}
	return asked
}

// put puts a value with the readers it is for.
func (h *hub[T]) put(v T) {
	only := -1
	if h.route != nil {
		only = h.route(v)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, r := range h.seats {
		if r != nil && (h.route == nil || i == only) {
			h.give(r, v)
		}
	}
	if h.keep == 0 {
		return
	}
	if len(h.recent) == 2*h.keep {
		n := copy(h.recent, h.recent[h.keep:])
		clear(h.recent[n:])
		h.recent = h.recent[:n]
	}
	h.recent = append(h.recent, v)
}

func (h *hub[T]) give(r *Reader[T], v T) {
	if h.lossy && len(r.waiting) >= h.limit {
		r.missed.Add(1)
		return
	}
	r.asks = false
	if r.waiting = append(r.waiting, v); len(r.waiting) == 1 {
		r.signal()
	}
}

// ended notes that the source has ended with err.
func (h *hub[T]) ended(err error) {
	h.mu.Lock()
	cause := h.cause
	h.mu.Unlock()
	if cause != nil && h.own.Err() != nil {
		h.note(stage.Judge(err, cause))
		err = cause
	}
	h.finish(err)
}

// finish tells every reader that there will be no more values.
func (h *hub[T]) finish(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.over, h.end = true, err
	for _, r := range h.seats {
		if r != nil {
			r.signal()
		}
	}
}

// abort ends the source because of err; nil has ended.
func (h *hub[T]) abort(src pull.Source[T], err error) {
	if src == nil {
		return
	}
	defer func() {
		if value := recover(); value != nil {
			h.note(crash(value))
		}
	}()
	h.note(pull.AbortIn(h.own, src, err))
}

func (h *hub[T]) note(err error) {
	if release, ok := err.(*pull.ReleaseError); ok {
		err = release.Err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err == nil:
	case h.release == nil:
		h.release = err
	default:
		h.release = errors.Join(h.release, err)
	}
}

// leave takes r out because of cause, and returns what it ends with. The last
// one ends the source.
func (h *hub[T]) leave(ctx context.Context, r *Reader[T], cause error) error {
	if !h.stand(r, cause) {
		return cause
	}
	if h.own == nil {
		if err := pull.AbortIn(ctx, h.src, cause); err != nil {
			return stage.Released(err, cause)
		}
		return cause
	}
	h.cancel(cause)
	h.running.Wait()
	if release := new(pull.ReleaseError); !h.told && errors.As(h.end, &release) {
		h.note(release)
	}
	if h.release != nil {
		return stage.Released(h.release, cause)
	}
	return cause
}

// stand frees the seat of r, and says whether it was the last one taken.
func (h *hub[T]) stand(r *Reader[T], cause error) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if i := slices.Index(h.seats, r); h.route == nil {
		h.seats = slices.Delete(h.seats, i, i+1)
	} else {
		h.seats[i] = nil // the others keep their numbers
	}
	r.waiting = nil
	h.left--
	h.changed.Signal()
	if h.left > 0 {
		return false
	}
	if h.recent = nil; !h.over {
		h.cause = cause
	}
	return true
}
