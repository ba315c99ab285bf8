package through

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Parallel returns f of each value of src, in the order of src, with up to n
// calls of f at once (less than 1 means 1). At most n values have been pulled
// and not yet delivered, so a slow f holds up the ones behind it. F is called
// for every value that has been pulled, so all that can be lost, when the stream
// ends early, is results in that window: see [ParallelDrop].
//
// The first error, in the order of src, ends the stream after the results
// before it: nothing more is pulled, the contexts of the other calls are
// cancelled, all are waited for, and src is aborted. A panic of f or of src is
// such an error, a [pull.PanicError]; io.EOF from f is io.ErrUnexpectedEOF, so
// that a failure cannot look like the end. Where one bad value must not end the
// stream, let f return a result that can hold an error.
//
// src and f run in goroutines that start at the first call, as values need
// them, and have gone when the end is returned. Calls of src do not overlap.
// Their context is Parallel's own: it carries the values of the first call's
// context and is cancelled when the stream ends. An abort waits for all calls.
func Parallel[A, B any](
	src pull.Source[A], n int, f func(context.Context, A) (B, error),
) pull.Source[B] {
	return ParallelDrop(src, n, f, nil)
}

// ParallelDrop is [Parallel] for results that must be let go of, or counted:
// drop is given each one that f has returned without an error and that will not
// be delivered, in the order of src, by the call that ends the stream. Src has
// ended by then, and no f runs. A nil drop does nothing. If drop panics, the
// stream has failed, and the rest is not dropped.
func ParallelDrop[A, B any](
	src pull.Source[A], n int, f func(context.Context, A) (B, error), drop func(B),
) pull.Source[B] {
	p := &parallel[A, B]{
		src:   src,
		f:     f,
		drop:  drop,
		ring:  make([]result[B], max(n, 1)),
		ready: make(chan struct{}, 1),
	}
	p.free.L = &p.mu
	return p.next
}

// errExited stands for a value whose goroutine was ended by runtime.Goexit.
var errExited = errors.New("through: runtime.Goexit in a parallel call")

// errPanicked is what Parallel has ended with if aborting src, or drop, panics.
var errPanicked = errors.New("through: panic when the stream was ended")

type parallel[A, B any] struct {
	src   pull.Source[A]
	f     func(context.Context, A) (B, error)
	drop  func(B)       // nil: nothing
	ready chan struct{} // tells the reader that what it waits for has arrived

	// Written once, by the first call.
	own    context.Context
	cancel context.CancelCauseFunc

	// mu is never held while src or f is called. Three times a value it is
	// unlocked without a defer, which would be a twentieth of the machinery.
	mu        sync.Mutex
	free      sync.Cond   // where workers wait for a turn to pull
	ring      []result[B] // value i goes to entry i modulo n
	pulled    int
	delivered int
	pulling   bool // a worker has the turn
	stopped   bool // no more pulling: src has ended or a call has failed
	wanted    bool // the reader waits at ready
	workers   int
	idle      int   // workers that wait at free
	called    bool  // a worker has been woken or started, and is on its way
	srcEnd    error // what src has ended with
	cut       bool  // it ended after own was cancelled

	running sync.WaitGroup
	end     error // owned by the reader
}

type result[B any] struct {
	value B
	err   error
	last  bool // err is src's own
	there bool // it has arrived
}

func (p *parallel[A, B]) next(ctx context.Context) (B, error) {
	var zero B
	if p.end != nil {
		return zero, p.end
	}
	if ctx.Err() != nil {
		return zero, p.stop(ctx, pull.Cause(ctx))
	}
	if p.own == nil {
		p.own, p.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	}
	for {
		r := p.take()
		switch {
		case r.last:
			return zero, p.finish(r.err)
		case r.err != nil:
			return zero, p.stop(ctx, r.err)
		case r.there:
			return r.value, nil
		}
		select {
		case <-p.ready:
		case <-ctx.Done():
			return zero, p.stop(ctx, pull.Cause(ctx))
		}
	}
}

// take returns the result that is next in order, if it is there, and makes room
// for another value.
func (p *parallel[A, B]) take() result[B] {
	p.mu.Lock()
	at := &p.ring[p.delivered%len(p.ring)]
	r := *at
	if r.there && r.err == nil {
		*at = result[B]{}
		p.delivered++
	}
	p.wanted = !r.there
	p.callWorker()
	p.mu.Unlock()
	return r
}

// callWorker has a worker come if there is something to pull, unless one is on
// its way: while calls of f are short, the one that is at work gets to the next
// value first, and nobody has to be woken for each.
func (p *parallel[A, B]) callWorker() {
	switch {
	case p.called || !p.mayPull():
	case p.idle > 0:
		p.called = true
		p.free.Signal()
	case p.workers < len(p.ring):
		p.called = true
		p.workers++
		p.running.Go(p.work)
	}
}

// mayPull reports whether a worker could pull a value now.
func (p *parallel[A, B]) mayPull() bool {
	return !p.stopped && !p.pulling && p.pulled-p.delivered < len(p.ring)
}

// work pulls values and calls f until there is no more to pull.
func (p *parallel[A, B]) work() {
	at := -1 // where in the ring the value at hand must arrive
	defer func() {
		if at >= 0 {
			r := result[B]{err: crash(recover())}
			p.mu.Lock()
			p.put(at, r)
			p.mu.Unlock()
		}
	}()
	p.mu.Lock()
	p.called = false
	p.mu.Unlock()
	for at = p.turn(at, result[B]{}); at >= 0; {
		r := p.call(p.pull())
		at = p.turn(at, r)
	}
}

// turn puts r, of the value at hand, where it must arrive. Then it waits for the
// turn and for room, and returns where the next value must; -1 means that there
// is nothing more to pull.
func (p *parallel[A, B]) turn(at int, r result[B]) int {
	p.mu.Lock()
	if at >= 0 {
		p.put(at, r)
	}
	for !p.mayPull() && !p.stopped {
		p.idle++
		p.free.Wait()
		p.idle--
		p.called = false
	}
	at = -1
	if !p.stopped {
		p.pulling = true
		at = p.pulled % len(p.ring)
		p.pulled++
	}
	p.mu.Unlock()
	return at
}

// put has r arrive, and tells the reader if it waits for this one.
func (p *parallel[A, B]) put(at int, r result[B]) {
	r.there = true
	p.ring[at] = r
	if r.err != nil {
		p.halt()
	}
	if p.wanted && at == p.delivered%len(p.ring) {
		p.wanted = false
		p.ready <- struct{}{}
	}
}

// halt ends the pulling.
func (p *parallel[A, B]) halt() {
	p.stopped = true
	p.free.Broadcast()
}

// pull reads the next value and passes the turn on.
func (p *parallel[A, B]) pull() (A, error) {
	a, err := p.src(p.own)
	p.mu.Lock()
	p.pulling = false
	if err != nil {
		p.srcEnd = err
		p.cut = p.own.Err() != nil
		p.halt()
	}
	p.callWorker()
	p.mu.Unlock()
	return a, err
}

func (p *parallel[A, B]) call(a A, err error) result[B] {
	if err != nil {
		return result[B]{err: err, last: true}
	}
	b, err := p.f(p.own, a)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return result[B]{value: b, err: err}
}

// finish ends the stream where src has: with its error, after its last value.
func (p *parallel[A, B]) finish(err error) error {
	p.end = err
	p.quit(pull.ErrStopped)
	p.ring = nil // all were delivered
	return err
}

// quit cancels the calls and waits for them.
func (p *parallel[A, B]) quit(cause error) {
	if p.own == nil {
		return
	}
	p.mu.Lock()
	p.halt()
	p.mu.Unlock()
	p.cancel(cause)
	p.running.Wait()
}

// discard lets go of the results that will not be delivered.
func (p *parallel[A, B]) discard() {
	ring := p.ring
	p.ring = nil
	if p.drop == nil {
		return
	}
	for i := range ring {
		r := ring[(p.delivered+i)%len(ring)]
		if r.there && r.err == nil {
			p.drop(r.value)
		}
	}
}

// stop ends the stream with cause, and src if it has not ended.
func (p *parallel[A, B]) stop(ctx context.Context, cause error) error {
	p.end = errPanicked // stands only if src, or drop, panics
	p.quit(cause)
	src := p.src
	if p.srcEnd != nil {
		src = p.replay
	}
	if err := pull.AbortIn(ctx, src, cause); err != nil {
		cause = stage.Released(err, cause)
	}
	p.discard()
	p.end = cause
	return cause
}

// replay stands for a src that has ended, so that AbortIn may judge whether it
// failed to release: only if it was cut short does its error answer an abort.
func (p *parallel[A, B]) replay(ctx context.Context) (A, error) {
	var zero A
	if p.cut {
		_ = ctx.Err() // an answer to an abort has asked for it
	}
	return zero, p.srcEnd
}

// crash makes an error of what recover returned in a goroutine's last moments.
func crash(value any) error {
	if value == nil {
		value = errExited
	}
	return pull.NewPanicError(value)
}
