package through

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Parallel returns f of each value of src, in the order of src, with up to n
// calls of f at once (less than 1 means 1). At most n values have been pulled
// and not yet delivered, so a slow f holds up the ones behind it; values and
// results in that window are discarded when the stream ends early.
//
// The first error, in the order of src, ends the stream after the results
// before it: nothing more is pulled, the contexts of the other calls are
// cancelled, all are waited for, and src is aborted. A panic of f or of src is
// such an error, a [pull.PanicError]; io.EOF from f is io.ErrUnexpectedEOF, so
// that a failure cannot look like the end.
//
// src and f run in goroutines that start at the first call, as values need
// them, and have gone when the end is returned. Calls of src do not overlap.
// Their context is Parallel's own: it carries the values of the first call's
// context and is cancelled when the stream ends. An abort waits for all calls.
func Parallel[A, B any](
	src pull.Source[A], n int, f func(context.Context, A) (B, error),
) pull.Source[B] {
	n = max(n, 1)
	p := &parallel[A, B]{
		src:  src,
		f:    f,
		turn: make(chan struct{}, 1),
		room: make(chan struct{}, n),
		ring: make([]chan result[B], n),
	}
	return p.next
}

// errExited stands for a value whose goroutine was ended by runtime.Goexit.
var errExited = errors.New("through: runtime.Goexit in a parallel call")

// errPanicked is what Parallel has ended with if aborting src panics.
var errPanicked = errors.New("through: source panicked when it was aborted")

type parallel[A, B any] struct {
	src  pull.Source[A]
	f    func(context.Context, A) (B, error)
	turn chan struct{}    // holds a token; who has taken it may pull
	room chan struct{}    // one entry for each value pulled and not delivered
	ring []chan result[B] // value i goes to entry i modulo n, which room keeps free

	// Written once, by the first call.
	own    context.Context
	cancel context.CancelCauseFunc

	// Owned by who has the turn.
	pulled  int
	workers int
	srcEnd  error // what src has ended with
	cut     bool  // it ended after own was cancelled

	stopped atomic.Bool // no more pulling: src has ended or a call has failed
	running sync.WaitGroup

	// Owned by the reader.
	delivered int
	end       error
}

type result[B any] struct {
	value B
	err   error
	last  bool // err is src's own
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
		p.start(ctx)
	}
	select {
	case r := <-p.ring[p.delivered%len(p.ring)]:
		switch {
		case r.last:
			return zero, p.finish(r.err)
		case r.err != nil:
			return zero, p.stop(ctx, r.err)
		}
		p.delivered++
		<-p.room
		return r.value, nil
	case <-ctx.Done():
		return zero, p.stop(ctx, pull.Cause(ctx))
	}
}

func (p *parallel[A, B]) start(ctx context.Context) {
	p.own, p.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	for i := range p.ring {
		p.ring[i] = make(chan result[B], 1)
	}
	p.workers = 1
	p.running.Go(p.work)
	p.turn <- struct{}{}
}

// work pulls values and calls f until there is no more to pull.
func (p *parallel[A, B]) work() {
	var to chan result[B] // where the value at hand must arrive
	defer func() {
		if to != nil {
			p.stopped.Store(true)
			to <- result[B]{err: crash(recover())}
		}
	}()
	for p.take() {
		to = p.ring[p.pulled%len(p.ring)]
		to <- p.call(p.pull())
		to = nil
	}
}

// take waits for the turn and for room in the window. Who finds that there is
// nothing more to pull keeps the turn: cancelling own frees the others.
func (p *parallel[A, B]) take() bool {
	select {
	case <-p.turn:
	case <-p.own.Done():
		return false
	}
	select {
	case p.room <- struct{}{}:
	case <-p.own.Done():
		return false
	}
	return !p.stopped.Load()
}

// pull reads the next value and passes the turn on.
func (p *parallel[A, B]) pull() (A, error) {
	p.pulled++
	a, err := p.src(p.own)
	if err != nil {
		p.stopped.Store(true)
		p.srcEnd = err
		p.cut = p.own.Err() != nil
	} else if p.workers < len(p.ring) {
		p.workers++
		p.running.Go(p.work)
	}
	p.turn <- struct{}{}
	return a, err
}

func (p *parallel[A, B]) call(a A, err error) result[B] {
	if err != nil {
		return result[B]{err: err, last: true}
	}
	b, err := p.f(p.own, a)
	if err == nil {
		return result[B]{value: b}
	}
	p.stopped.Store(true)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return result[B]{err: err}
}

// finish ends the stream where src has: with its error, after its last value.
func (p *parallel[A, B]) finish(err error) error {
	p.end = err
	p.cancel(pull.ErrStopped)
	p.running.Wait()
	return err
}

// stop ends the stream with cause, and src if it has not ended.
func (p *parallel[A, B]) stop(ctx context.Context, cause error) error {
	p.end = errPanicked // stands only if src panics
	if p.own != nil {
		p.cancel(cause)
		p.running.Wait()
	}
	src := p.src
	if p.srcEnd != nil {
		src = p.replay
	}
	if err := pull.AbortIn(ctx, src, cause); err != nil {
		cause = stage.Released(err, cause)
	}
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
