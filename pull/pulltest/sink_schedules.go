package pulltest

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/weir-go/weir/pull"
)

// reads lets the sink read to the end, over sources that end and that fail.
func (c *sinkCheck[T]) reads() {
	for _, n := range sizes {
		for _, s := range []script{{n: n, end: io.EOF}, {n: n, end: errRoot}} {
			c.schedule(c.sink, s, noCause, "read all", c.toEnd)
		}
	}
	for _, s := range []script{{n: 5, end: io.EOF, delay: time.Millisecond},
		{n: 5, end: io.EOF, trouble: errTrouble}} {
		c.schedule(c.sink, s, noCause, "read all", c.toEnd)
	}
}

func (c *sinkCheck[T]) toEnd(r *sinkRun[T]) {
	err, ok := r.whole()
	seen := r.root.seen()
	switch {
	case !ok || !seen.ended():
	case seen.cause != nil && err != nil && r.root.owes() == nil:
		r.report(lawSink, "failed of its own accord: %v", err)
	case seen.cause != nil && !c.Early:
		r.report(lawSink, "stopped after %d values", seen.values)
	case seen.end == io.EOF && err != nil:
		r.report(lawSink, "its source ended cleanly, and it returned %v", err)
	case seen.end == errRoot && !errors.Is(err, errRoot):
		r.report(lawSink, "its source failed, and it returned %v", err)
	}
}

// aborts cancels the sink's context before it begins and between two values.
func (c *sinkCheck[T]) aborts() {
	for _, s := range []script{{n: 0, end: io.EOF}, {n: 5, end: io.EOF}, {n: 5, end: errRoot},
		{n: 5, end: io.EOF, trouble: errTrouble}} {
		for _, why := range reasons {
			c.schedule(c.sink, s, why, "context done before the call, "+why.name,
				func(r *sinkRun[T]) {
					r.stop()
					r.cancelled(r.start())
					if seen := r.root.seen(); seen.live > 0 {
						r.report(lawAbort, "read %d times under a done context", seen.live)
					}
				})
		}
	}
	for at := range 3 {
		for _, why := range cancellable {
			for _, notices := range []bool{false, true} {
				s := script{n: many, end: io.EOF, hookAt: at, notices: notices}
				name := fmt.Sprintf("context done while value %d is on its way, %s", at, why.name)
				c.schedule(c.sink, s, why, name, func(r *sinkRun[T]) {
					r.root.script.hook = r.stop
					r.cancelled(r.start())
				})
			}
		}
	}
}

// cancelled judges a sink whose context is done.
func (r *sinkRun[T]) cancelled(c *call[struct{}]) {
	if !r.returnsSoon(c.done) {
		r.report(lawPrompt, "does not return though its context is done")
		return
	}
	err, ok := r.judge(c)
	if !ok || r.check.Early && err == nil {
		return
	}
	seen, cause := r.root.seen(), pull.Cause(r.ctx)
	owed := r.root.owes()
	switch {
	case err == nil:
		r.report(lawEarlyStop, "returned nil though its context is done (%v)", cause)
	case owed != nil && !errors.Is(err, cause):
		r.report(lawAbort, "returned %v, which does not match the cause %v", err, cause)
	case owed == nil && !same(err, cause):
		r.report(lawAbort, "returned %q, not context.Cause itself (%q)", err, cause)
	case seen.cause != nil && !same(seen.cause, cause):
		r.report(lawAbort, "its source was aborted because of %v, itself because of %v",
			seen.cause, cause)
	}
}

// blocks cancels a sink that waits for its source, or for what it writes to.
func (c *sinkCheck[T]) blocks() {
	for _, s := range []script{{n: 0}, {n: 1}, {n: 5}, {n: 5, trouble: errTrouble}} {
		for _, why := range cancellable {
			c.schedule(c.sink, s, why, "cancel a sink that waits for its source, "+why.name,
				func(r *sinkRun[T]) { r.interrupt(r.start(), c.Early) })
		}
	}
	if c.Stall == nil {
		return
	}
	for _, s := range []script{{n: many, end: io.EOF}, {n: 5},
		{n: many, end: io.EOF, trouble: errTrouble}} {
		for _, why := range cancellable {
			c.schedule(c.Stall, s, why, "cancel a sink whose write blocks, "+why.name,
				func(r *sinkRun[T]) {
					call := r.start()
					if !r.blocked(call.done, 0) {
						r.report(notALaw, "the sink in Stall does not block: %v", call.err)
						return
					}
					r.ahead()
					r.interrupt(call, false)
				})
		}
	}
}

// ahead checks how far a sink that cannot write has read.
func (r *sinkRun[T]) ahead() {
	const most = 5 // the last value whose write may be the one that blocks
	if a := r.check.ReadAhead; a >= 0 && r.root.seen().values > most+a {
		r.report(lawDemand, "read %d values while it cannot write", r.root.seen().values)
	}
}

func (r *sinkRun[T]) interrupt(c *call[struct{}], early bool) {
	if !r.blocked(c.done, 0) {
		if !early {
			r.report(lawSink, "returned before the end: %v", c.err)
		}
		r.judge(c)
		return
	}
	r.stop()
	r.cancelled(c)
}

// fails runs the variant that fails by itself.
func (c *sinkCheck[T]) fails() {
	if c.Fail == nil {
		return
	}
	for _, s := range []script{{n: many, end: io.EOF}, {n: 5},
		{n: many, end: io.EOF, trouble: errTrouble}} {
		c.schedule(c.Fail, s, noCause, "the sink fails", func(r *sinkRun[T]) {
			err, ok := r.whole()
			seen := r.root.seen()
			switch {
			case !ok:
			case err == nil:
				r.report(notALaw, "the sink in Fail returned nil, not a failure")
			case seen.cause != nil && !errors.Is(err, seen.cause):
				r.report(lawSink, "failed with %v, but aborted its source because of %v",
					err, seen.cause)
			}
		})
	}
}

// panicking runs the variant whose user function panics.
func (c *sinkCheck[T]) panicking() {
	if c.Panic == nil {
		return
	}
	s := script{n: many, end: io.EOF}
	c.schedule(c.Panic, s, noCause, "user function panics", func(r *sinkRun[T]) {
		call := r.start()
		if !r.returns(call.done) {
			r.report(lawPrompt, "the sink did not return at all")
			return
		}
		var asError *pull.PanicError
		seen := r.root.seen()
		switch {
		case !seen.ended():
			r.report(lawPanic, "walked away with a panic: its source is not aborted")
		case c.Goroutines && !errors.As(call.err, &asError):
			r.report(lawPanic, "returned %v, want a pull.PanicError", call.err)
		case !c.Goroutines && call.panicked == nil:
			r.report(lawPanic, "the user function's panic did not come out (%v)", call.err)
		case !errors.As(seen.cause, &asError):
			r.report(lawPanic, "its source was aborted because of %v, want a pull.PanicError",
				seen.cause)
		}
	})
}
