package pulltest

import (
	"context"
	"errors"
	"io"
	"reflect"
	"sync"
	"time"

	"github.com/weir-go/weir/pull"
)

// A reader reads what is tested, and judges every call.
type reader[T any] struct {
	*run
	src     pull.Source[T]
	tickets *tickets
	after   func(err error) // looks around after each call
	over    func() bool     // whether its source has ended by itself; nil: it has none
	trouble func() error    // a failure of release that must be told, or nil

	end    error // the first error
	values []kept[T]
	panics any  // what the last call panicked with
	daring bool // a panic is expected
	hung   bool
	told   bool // trouble was among the errors
}

// live returns the context of a call, and what cancels it.
func (r *reader[T]) live(why reason) (context.Context, context.CancelFunc) {
	ctx, cancel := why.derive(context.Background())
	if r.tickets != nil {
		ctx = r.tickets.issue(ctx)
	}
	return ctx, cancel
}

// next makes one call under a fresh context that is cancelled when the call
// has returned, which means nothing.
func (r *reader[T]) next() error { return r.series(1, r.lateContext) }

// read makes up to n calls as next does, and stops at the end.
func (r *reader[T]) read(n int) {
	if r.end == nil && !r.hung {
		_ = r.series(n, r.lateContext)
	}
}

// readIn is read with one context for all calls.
func (r *reader[T]) readIn(ctx context.Context, n int) {
	if r.end == nil && !r.hung {
		_ = r.series(n, func() (context.Context, context.CancelFunc) { return ctx, func() {} })
	}
}

func (r *reader[T]) lateContext() (context.Context, context.CancelFunc) { return r.live(tooLate) }

// series makes up to n calls until one fails, in a goroutine that is given up
// if one hangs.
func (r *reader[T]) series(
	n int, fresh func() (context.Context, context.CancelFunc),
) error {
	var mu sync.Mutex // held while judging, so that giving up is clean
	var gone bool
	var err error
	c := start(func() (struct{}, error) {
		for i := 0; i < n && err == nil; i++ {
			ctx, cancel := fresh()
			c := attempt(func() (T, error) { return r.src(ctx) })
			mu.Lock()
			if gone {
				err = errHung
			} else {
				err = r.judgeLive(c)
			}
			mu.Unlock()
			cancel()
		}
		return struct{}{}, nil
	})
	if !r.returns(c.done) {
		mu.Lock()
		defer mu.Unlock()
		gone = true
		r.report(lawPrompt, "a call did not return at all")
		return r.hang()
	}
	return err
}

// judgeLive is judge for a call whose context was live until it returned.
func (r *reader[T]) judgeLive(c *call[T]) error {
	ended := r.end != nil
	err := r.judge(c)
	if !ended && (errors.Is(err, errScope) || errors.Is(err, context.Canceled)) {
		r.report(lawScope, "a call with a live context returned %q: that of an earlier one", err)
	}
	return err
}

func (r *reader[T]) hang() error {
	r.hung = true
	if r.end == nil {
		r.end = errHung
	}
	return errHung
}

// judge checks what a call returned.
func (r *reader[T]) judge(c *call[T]) error {
	r.panics = c.panicked
	if c.panicked != nil {
		if !r.daring {
			r.report(lawPanic, "a call panicked: %v", c.panicked)
		}
		return errPanicked
	}
	err := c.err
	r.note(err)
	switch {
	case err != nil && !reflect.ValueOf(&c.value).Elem().IsZero():
		r.report(lawEnd, "value %v came together with the error %v", c.value, err)
	case err != io.EOF && errors.Is(err, io.EOF):
		r.report(lawEnd, "the error %q wraps io.EOF", err)
	}
	switch {
	case r.end != nil && err == nil:
		r.report(lawFinality, "value %v after the end (%v)", c.value, r.end)
	case r.end != nil && !same(err, r.end):
		r.report(lawFinality, "ended with %v, then returned %v", r.end, err)
	case r.end == nil && err == nil:
		r.values = append(r.values, keep(c.value))
	}
	if r.end == nil {
		r.end = err
	}
	if r.after != nil {
		r.after(err)
	}
	return err
}

// note looks for the release trouble in what a call returned.
func (r *reader[T]) note(err error) {
	if r.trouble == nil || err == nil {
		return
	}
	if trouble := r.trouble(); trouble != nil && errors.Is(err, trouble) {
		r.told = true
	}
}

var errPanicked = errors.New("pulltest: the call panicked")

// abort makes a call with a context that is done.
func (r *reader[T]) abort(why reason) {
	if r.hung {
		return
	}
	ctx, cancel := r.live(why)
	cancel()
	had, over := r.end, r.over != nil && r.over()
	c := start(func() (T, error) { return r.src(ctx) })
	if !r.returnsSoon(c.done) {
		r.report(lawPrompt, "a call with a done context (%s) does not return", why.name)
		r.hang()
		return
	}
	r.judge(c)
	if had == nil && over && c.err == io.EOF {
		r.report(lawAbort, "the root had ended, but not yet the stage (which may hold values): "+
			"its next call was an abort (%v) and got io.EOF, as if all had been delivered; "+
			"want the cause itself", pull.Cause(ctx))
	} else if had == nil {
		r.aborted(c, pull.Cause(ctx))
	}
}

// aborted judges the answer to the first abort.
func (r *reader[T]) aborted(c *call[T], cause error) {
	switch err := c.err; {
	case c.panicked != nil:
		r.report(lawPanic, "an abort panicked: %v", c.panicked)
	case err == nil:
		r.report(lawAbort, "an abort was answered with the value %v", c.value)
	case err == io.EOF:
		r.report(lawAbort, "an abort (%v) looks like a clean end", cause)
	case r.owed() != nil && !(errors.Is(err, r.owed()) && errors.Is(err, cause)):
		r.report(lawAbort, "the abort's error %q must match the failed release (%v) and the "+
			"cause (%v)", err, r.owed(), cause)
	case r.owed() == nil && !same(err, cause):
		r.report(lawAbort, "an abort returned %q, not context.Cause itself (%q)", err, cause)
	}
}

func (r *reader[T]) owed() error {
	if r.trouble == nil {
		return nil
	}
	return r.trouble()
}

// block reads until a call blocks for as long as given, then cancels it. It
// says whether one did.
func (r *reader[T]) block(why reason, limit int, long time.Duration) bool {
	for range limit {
		ctx, cancel := r.live(why)
		c := start(func() (T, error) { return r.src(ctx) })
		if !r.blocked(c.done, long) {
			cancel()
			if r.judge(c) != nil {
				return false
			}
			continue
		}
		r.interrupt(c, ctx, cancel)
		return true
	}
	return false
}

// interrupt cancels a blocked call. It may return a last value, and leave the
// cause to the next call.
func (r *reader[T]) interrupt(c *call[T], ctx context.Context, cancel context.CancelFunc) {
	cancel()
	if !r.returnsSoon(c.done) {
		r.report(lawPrompt, "a blocked call does not return when its context is done")
		r.hang()
		return
	}
	if r.judge(c) == nil {
		next, cancel := r.live(noCause)
		defer cancel()
		c = start(func() (T, error) { return r.src(next) })
		if !r.returns(c.done) {
			r.report(lawPrompt, "the call after an interrupted one does not return")
			r.hang()
			return
		}
		r.judge(c)
	}
	r.aborted(c, pull.Cause(ctx))
}
