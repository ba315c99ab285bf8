package pull

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

// ErrEnded is returned by a [Pushable] to a push after its End or Fail, or
// when that comes while the push waits. The value was not taken.
var ErrEnded = errors.New("pull: push after the end")

// A Pushable is a source for whoever has values to give and cannot be called
// for them: an event handler, a callback. Its queue is bounded; a push blocks
// while it is full. All methods may be called from any goroutine and at once;
// values pushed by one goroutine stay in order. Make one with [NewPushable].
type Pushable[T any] struct {
	reading atomic.Bool // the token of the reader
	drop    func(T)
	wake    chan struct{} // 1 slot, to the reader: a value, or the last of them
	room    chan struct{} // 1 slot, to one of the pushers that wait
	closed  chan struct{} // closed with refusal set: to all pushers

	mu      sync.Mutex
	ring    []T   // grows up to its bound, so that a large one may stay small
	first   int   // index in ring of the oldest value
	n       int   // how many values wait
	size    int   // the bound of n
	due     error // what the reader gets after the last value; nil: more may come
	refusal error // what a push gets; set together with due or end
	end     error // what the reader has got
}

// NewPushable makes a Pushable in whose queue up to size values wait; it panics
// if size is less than 1. Values that wait when the reader aborts are given to
// drop, oldest first, by the goroutine that aborts; a nil drop forgets them.
func NewPushable[T any](size int, drop func(T)) *Pushable[T] {
	if size < 1 {
		panic("pull: NewPushable of a size below 1")
	}
	return &Pushable[T]{
		drop:   drop,
		size:   size,
		wake:   make(chan struct{}, 1),
		room:   make(chan struct{}, 1),
		closed: make(chan struct{}),
	}
}

// Push adds v to the queue, and waits for room while that is full. It returns
// nil when v was taken, which does not say that it will be read; [Cause] of ctx
// when that is done, which ends nothing but this push; [ErrEnded] after End or
// Fail; and the reader's cause once that has aborted.
func (p *Pushable[T]) Push(ctx context.Context, v T) error {
	if ctx.Err() != nil {
		return Cause(ctx)
	}
	for {
		ok, err := p.TryPush(v)
		if ok || err != nil {
			return err
		}
		select {
		case <-p.room:
		case <-p.closed:
		case <-ctx.Done():
			return Cause(ctx)
		}
	}
}

// TryPush adds v to the queue and returns true, or returns false if that is
// full. It never waits. Its errors are those of Push.
func (p *Pushable[T]) TryPush(v T) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.refusal != nil:
		return false, p.refusal
	case p.n == p.size:
		return false, nil
	}
	if p.n == len(p.ring) {
		p.grow()
	}
	p.ring[(p.first+p.n)%len(p.ring)] = v
	p.n++
	signal(p.wake)
	if p.n < p.size {
		signal(p.room) // the signal that woke us may have stood for more
	}
	return true, nil
}

// grow doubles the ring, up to the bound.
func (p *Pushable[T]) grow() {
	ring := make([]T, min(p.size, max(8, 2*p.n)))
	n := copy(ring, p.ring[p.first:])
	copy(ring[n:], p.ring[:p.first])
	p.ring, p.first = ring, 0
}

// End ends the source, cleanly, after the values that wait. Only the first
// call of End and Fail does anything, and neither after an abort.
func (p *Pushable[T]) End() { p.close(io.EOF) }

// Fail ends the source with err after the values that wait. A nil err, or
// io.EOF, is read as [ErrStopped]: a failure never looks like a clean end.
func (p *Pushable[T]) Fail(err error) { p.close(stopCause(err)) }

func (p *Pushable[T]) close(due error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refusal == nil {
		p.due = due
		p.refuse(ErrEnded)
		signal(p.wake)
	}
}

// refuse is called once, with the mutex held.
func (p *Pushable[T]) refuse(err error) {
	p.refusal = err
	close(p.closed)
}

// Source returns the source of what is pushed. There is one reader: a call
// beside another one, of this or of an earlier result of Source, returns
// [ErrOverlap] and changes nothing. An abort drops what waits, and is what every
// push returns from then on.
func (p *Pushable[T]) Source() Source[T] { return p.next }

func (p *Pushable[T]) next(ctx context.Context) (T, error) {
	var zero T
	if !p.reading.CompareAndSwap(false, true) {
		return zero, ErrOverlap
	}
	defer p.reading.Store(false)
	for {
		v, ok, err := p.take(ctx)
		switch {
		case ok:
			return v, nil
		case err != nil:
			p.dropRest()
			return zero, err
		}
		select {
		case <-p.wake:
		case <-ctx.Done():
		}
	}
}

// take returns the oldest value, if there is one, or the end.
func (p *Pushable[T]) take(ctx context.Context) (v T, ok bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.end != nil:
		return v, false, p.end
	case ctx.Err() != nil:
		return v, false, p.abort(Cause(ctx))
	case p.n > 0:
		return p.pop(), true, nil
	case p.due != nil:
		p.end = p.due
		return v, false, p.end
	}
	return v, false, nil
}

func (p *Pushable[T]) pop() T {
	var zero T
	v := p.ring[p.first]
	p.ring[p.first] = zero
	p.first = (p.first + 1) % len(p.ring)
	p.n--
	signal(p.room)
	return v
}

// abort ends the source with cause. It is called with the mutex held.
func (p *Pushable[T]) abort(cause error) error {
	p.end = cause
	if p.refusal == nil {
		p.refuse(cause)
	} else {
		p.refusal = cause
	}
	return cause
}

// dropRest lets go of what waits. Once the source has ended the queue is the
// reader's alone. A drop that panics leaves the rest to the next call.
func (p *Pushable[T]) dropRest() {
	for p.n > 0 {
		v := p.pop()
		if p.drop != nil {
			p.drop(v)
		}
	}
	p.ring = nil
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
