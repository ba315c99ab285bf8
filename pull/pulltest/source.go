package pulltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/weir-go/weir/pull"
)

// SourceOptions say what a source under test is expected to do.
type SourceOptions[T any] struct {
	// Want is every value, in order.
	Want []T

	// End is the error after the last value; nil means io.EOF.
	End error

	// Stalls says that a call after the last value blocks until its context
	// is done, instead of ending.
	Stalls bool

	// Endless says that more values follow those in Want.
	Endless bool

	// Held reports how many things the sources made so far hold (open files,
	// say); nil means that this is not checked. It must be 0 after the end
	// and, unless Holds, before the first call.
	Held func() int

	// Holds says that the source holds something before its first call.
	Holds bool

	// Token says that the second of two overlapping calls gets ErrOverlap.
	// It is checked together with Stalls.
	Token bool

	// Uninterruptible says that a blocked call may ignore its context, which
	// is then not checked; nor are calls under Stalls.
	Uninterruptible bool

	// Panic makes the source with a user function that panics in some call;
	// nil means that there is no user function.
	Panic func() pull.Source[T]

	// Quick makes the source for the endings, which run in real time; nil means
	// that fresh does not wait long for anything but what Stalls says.
	Quick func() pull.Source[T]

	// Goroutines says that the user function runs in a goroutine of the
	// source, so that its panic comes out as a pull.PanicError.
	Goroutines bool

	// Grace is how long release work may take after an abort; 0 means none.
	Grace time.Duration

	// RealTime runs the checks outside a bubble: for sources that block on
	// something outside the process. A prompt return is then one within a
	// second, and goroutines are not looked for, but by the profile goroutineleak.
	RealTime bool
}

// Source checks that the sources that fresh makes keep the contract, and
// fails t for each law that is broken. It must not be called in a bubble of
// testing/synctest.
func Source[T any](t *testing.T, fresh func() pull.Source[T], opts SourceOptions[T]) {
	t.Helper()
	fail(t, CheckSource(t, fresh, opts))
}

// CheckSource is [Source], except that it returns the violations and does not
// fail t.
func CheckSource[T any](
	t *testing.T, fresh func() pull.Source[T], opts SourceOptions[T],
) []Violation {
	want := make([]T, len(opts.Want))
	for i, v := range opts.Want {
		want[i] = clone(v)
	}
	opts.Want = want
	c := &sourceCheck[T]{fresh: fresh, SourceOptions: opts, bench: &bench{
		t: t, realTime: opts.RealTime, grace: opts.Grace, restless: opts.Holds}}
	c.reads()
	c.aborts()
	c.blocks()
	c.panicking()
	c.leaves()
	return c.violations()
}

type sourceCheck[T any] struct {
	*bench
	SourceOptions[T]
	fresh func() pull.Source[T]
}

// schedule runs f with a fresh source, and ends the source afterwards.
func (c *sourceCheck[T]) schedule(name string, f func(r *reader[T])) {
	c.scheduleOf(name, c.fresh, f)
}

func (c *sourceCheck[T]) scheduleOf(
	name string, fresh func() pull.Source[T], f func(r *reader[T]),
) {
	c.bench.schedule(name, func(run *run) {
		r := &reader[T]{run: run, src: fresh()}
		run.idle()
		if n := c.held(); n != 0 && !c.Holds {
			run.report(lawDemand, "holds %d things before the first call", n)
		}
		r.after = func(err error) {
			if n := c.held(); err != nil && n != 0 {
				run.report(lawAbort, "holds %d things after its end (%v)", n, err)
			}
		}
		f(r)
		r.finish()
	})
}

func (c *sourceCheck[T]) held() int {
	if c.Held == nil {
		return 0
	}
	return c.Held()
}

func (c *sourceCheck[T]) reads() {
	c.schedule("read all, each call's context cancelled after it", func(r *reader[T]) {
		c.readAll(r, r.read)
	})
	c.schedule("read all in one context", func(r *reader[T]) {
		c.readAll(r, func(n int) { r.readIn(context.Background(), n) })
	})
}

func (c *sourceCheck[T]) readAll(r *reader[T], read func(n int)) {
	read(len(c.Want))
	if !c.Stalls && !c.Endless {
		read(1)
		c.atEnd(r)
	}
	r.expect(c.Want, false)
}

func (c *sourceCheck[T]) atEnd(r *reader[T]) {
	switch {
	case r.hung:
	case r.end == nil:
		r.report(lawEnd, "more than the %d values wanted", len(c.Want))
	case c.End == nil && r.end != io.EOF:
		r.report(lawEnd, "ended with %v, want io.EOF", r.end)
	case c.End != nil && !errors.Is(r.end, c.End):
		r.report(lawEnd, "ended with %v, want %v", r.end, c.End)
	}
}

// aborts ends the source after a few values, for every reason.
func (c *sourceCheck[T]) aborts() {
	n := len(c.Want)
	for _, k := range places(n) {
		for _, why := range reasons {
			c.schedule(fmt.Sprintf("abort after %d, %s", k, why.name), func(r *reader[T]) {
				r.read(k)
				r.abort(why)
				r.expect(c.Want, true)
			})
		}
		c.schedule(fmt.Sprintf("pull.Abort after %d", k), func(r *reader[T]) {
			r.read(k)
			r.stop()
		})
	}
	if !c.Stalls && !c.Endless {
		c.schedule("abort after the end", func(r *reader[T]) {
			r.read(n + 1)
			r.abort(withCause)
		})
	}
}

// blocks cancels a call that has nothing to return.
func (c *sourceCheck[T]) blocks() {
	if !c.Stalls || c.Uninterruptible {
		return
	}
	for _, why := range cancellable {
		c.schedule("cancel a blocked call, "+why.name, func(r *reader[T]) {
			r.read(len(c.Want))
			if !r.block(why, 1, 0) && !r.hung {
				r.report(notALaw, "the source does not stall after its last value")
			}
			r.expect(c.Want, false)
		})
	}
	if c.Token {
		c.schedule("overlap a blocked call", c.overlap)
	}
}

func (c *sourceCheck[T]) overlap(r *reader[T]) {
	r.read(len(c.Want))
	ctx, cancel := r.live(withCause)
	first := start(func() (T, error) { return r.src(ctx) })
	r.blocked(first.done, 0)
	second := start(func() (T, error) { return r.src(context.Background()) })
	if !r.returnsSoon(second.done) {
		r.report(lawOneAtTime, "an overlapping call blocks")
	} else if second.err != pull.ErrOverlap {
		r.report(lawOneAtTime, "an overlapping call returned %v, want ErrOverlap", second.err)
	}
	r.interrupt(first, ctx, cancel)
}

func (c *sourceCheck[T]) panicking() {
	if c.Panic == nil {
		return
	}
	limit := len(c.Want) + 10
	c.scheduleOf("user function panics, read on", c.Panic, func(r *reader[T]) {
		r.blowUp(limit, c.Goroutines)
		r.afterPanic()
	})
	c.scheduleOf("user function panics, abort", c.Panic, func(r *reader[T]) {
		r.blowUp(limit, c.Goroutines)
		r.stop()
	})
}
