package pulltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
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
	had := r.end
	c := start(func() (T, error) { return r.src(ctx) })
	if !r.returnsSoon(c.done) {
		r.report(lawPrompt, "a call with a done context (%s) does not return", why.name)
		r.hang()
		return
	}
	r.judge(c)
	if had == nil {
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
		r.report(lawAbort, "the abort's error %q must match both the failed release (%v) and the cause (%v)",
			err, r.owed(), cause)
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

// settle calls an ended source again: nothing may change.
func (r *reader[T]) settle() {
	if r.hung || r.end == nil {
		return
	}
	r.next()
	r.abort(again)
	r.next()
	if err := pull.Abort(r.src, errSecond); err != nil && !unwraps(r.end) {
		r.report(lawEarlyStop, "Abort of an ended source returned %v, want nil", err)
	}
	r.owned()
}

// unwraps says whether err wraps anything: Abort takes the final answer of a
// source that ended so for a failed release.
func unwraps(err error) bool {
	switch err.(type) {
	case interface{ Unwrap() error }, interface{ Unwrap() []error }:
		return true
	}
	return false
}

// finish ends the source at the end of a schedule.
func (r *reader[T]) finish() {
	if r.end == nil && !r.hung {
		r.abort(withCause)
	}
	r.settle()
	if r.owed() != nil && !r.told && !r.hung {
		r.report(lawAbort, "a release failed (%v) and nobody was told", r.owed())
	}
}

// got returns the values as they were when they were returned.
func (r *reader[T]) got() []T {
	got := make([]T, len(r.values))
	for i, v := range r.values {
		got[i] = v.copy
	}
	return got
}

// expect compares what was read with want; a prefix will do if partial.
func (r *reader[T]) expect(want []T, partial bool) {
	got := r.got()
	if partial && len(got) < len(want) {
		want = want[:len(got)]
	}
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if !reflect.DeepEqual(got, slices.Clone(want)) {
		r.report(lawEnd, "read %s, want %s", brief(got), brief(want))
	}
}

// stop ends the source with pull.Abort.
func (r *reader[T]) stop() {
	if r.hung {
		return
	}
	had := r.end
	c := start(func() (error, error) { return pull.Abort(r.src, errAbort), nil })
	if !r.returnsSoon(c.done) {
		r.report(lawPrompt, "pull.Abort does not return")
		r.hang()
		return
	}
	err := c.value
	r.note(err)
	switch {
	case c.panicked != nil:
		r.report(lawPanic, "pull.Abort panicked: %v", c.panicked)
	case r.owed() != nil && !r.told && !errors.Is(err, r.owed()):
		r.report(lawEarlyStop, "pull.Abort returned %v, want the failed release (%v)",
			err, r.owed())
	case r.owed() == nil && had == nil && err != nil:
		r.report(lawEarlyStop, "pull.Abort returned %v, want nil", err)
	}
	if had == nil {
		r.next()
	}
	if r.end == io.EOF && had == nil {
		r.report(lawAbort, "after pull.Abort, the source seems to have ended cleanly")
	}
}

// blowUp reads until the user function panics.
func (r *reader[T]) blowUp(limit int, goroutines bool) {
	r.daring = true
	r.read(limit)
	r.daring = false
	var asError *pull.PanicError
	switch {
	case r.hung:
	case goroutines && r.panics != nil:
		r.report(lawPanic, "the panic of a goroutine's user function came out as a panic: %v",
			r.panics)
	case goroutines && !errors.As(r.end, &asError):
		r.report(lawPanic, "ended with %v, want a pull.PanicError", r.end)
	case !goroutines && r.panics == nil:
		r.report(lawPanic, "the user function's panic did not come out (%v)", r.end)
	}
}

// afterPanic reads on: there must be an error, and no clean end.
func (r *reader[T]) afterPanic() {
	if r.hung {
		return
	}
	n := len(r.values)
	err := r.next()
	switch {
	case len(r.values) > n:
		r.report(lawPanic, "a value after a panic")
	case err == io.EOF:
		r.report(lawPanic, "io.EOF after a panic")
	}
}

// expectSet is expect for values in any order.
func (r *reader[T]) expectSet(want []T, partial bool) {
	got := r.got()
	if len(got) != len(want) && !(partial && len(got) < len(want)) {
		r.report(lawEnd, "read %s, want %s", brief(got), brief(want))
		return
	}
	left := map[string]int{}
	for _, v := range want {
		left[fmt.Sprintf("%#v", v)]++
	}
	for _, v := range got {
		key := fmt.Sprintf("%#v", v)
		if left[key]--; left[key] < 0 {
			r.report(lawEnd, "the value %v was read more often than wanted", v)
			return
		}
	}
}
