package pulltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"testing/synctest"
	"time"

	"github.com/weir-go/weir/pull"
)

const many = 1000

var sizes = []int{0, 1, 5, many}

// limit is more calls than any through should answer with a value.
func limit(n int) int { return 100*n + 10000 }

// reads reads to the end, over roots that end and that fail.
func (c *throughCheck[A, B]) reads() {
	for _, n := range sizes {
		for _, end := range []error{io.EOF, errRoot} {
			s := script{n: n, end: end}
			c.schedule(s, "read all, each call's context cancelled after it",
				func(r *throughRun[A, B]) { c.toEnd(r, s, r.read) })
			c.schedule(s, "read all in one context", func(r *throughRun[A, B]) {
				ctx := r.root.calls.issue(context.Background())
				c.toEnd(r, s, func(n int) { r.readIn(ctx, n) })
			})
		}
	}
	for _, s := range []script{{n: 5, end: io.EOF, delay: time.Millisecond},
		{n: 5, end: io.EOF, trouble: errTrouble}} {
		c.schedule(s, "read all", func(r *throughRun[A, B]) { c.toEnd(r, s, r.read) })
	}
	for at := range 3 {
		for _, notices := range []bool{false, true} {
			c.interrupted(script{n: 5, end: io.EOF, hookAt: at, notices: notices})
		}
	}
}

func (c *throughCheck[A, B]) toEnd(r *throughRun[A, B], s script, read func(n int)) {
	read(limit(s.n))
	c.expect(r, s.n, s.end, false)
	root, want := r.root.seen(), c.ending(s.n, s.end)
	switch {
	case want != s.end && errors.Is(r.end, want):
	case want != s.end && root.cause == nil && r.end != nil:
		r.report(lawEnd, "the root ended with %v, the through with %v, want %v",
			root.end, r.end, want)
	case r.hung:
	case r.end == nil:
		r.report(lawEnd, "no end after %d calls", limit(s.n))
	case root.cause != nil && r.end != io.EOF && r.owed() == nil:
		r.report(lawThrough, "failed of its own accord: %v", r.end)
	case root.end == io.EOF && r.end != io.EOF:
		r.report(lawEnd, "the root ended cleanly, the through with %v", r.end)
	case root.end == errRoot && root.cause == nil && !errors.Is(r.end, errRoot):
		r.report(lawEnd, "the root failed, the through ended with %v", r.end)
	}
}

// interrupted cancels a call's context while a value is on its way: the
// through may go on, or end because of it, but must not lose a value and go on.
func (c *throughCheck[A, B]) interrupted(s script) {
	name := fmt.Sprintf("context done while value %d is on its way", s.hookAt)
	c.schedule(s, name, func(r *throughRun[A, B]) {
		dying, cancel := context.WithCancelCause(context.Background())
		r.root.script.hook = func() { cancel(errAbort) }
		for range limit(s.n) {
			parent := context.Background()
			if dying.Err() == nil {
				parent = dying
			}
			if r.readIn(r.root.calls.issue(parent), 1); r.end != nil {
				break
			}
		}
		want := c.ending(s.n, s.end)
		whole := r.end == io.EOF || want != s.end && errors.Is(r.end, want)
		if !whole && !r.hung && !same(r.end, errAbort) {
			r.report(lawAbort, "ended with %v, want the cause of the abort", r.end)
		}
		c.expect(r, s.n, s.end, !whole)
	})
}

// demand reads slowly, and looks at how far the root was read.
func (c *throughCheck[A, B]) demand() {
	if c.unchecked() {
		return
	}
	const n = 24
	allowed := c.allowance(n)
	s := script{n: n, end: io.EOF}
	c.schedule(s, "look at the root after each value", func(r *throughRun[A, B]) {
		for k := range allowed {
			if r.next() != nil {
				return
			}
			synctest.Wait()
			if used := r.root.seen().values; used > allowed[k]+c.ReadAhead {
				r.report(lawDemand, "%d of the root's values were read for %d values, want at most %d",
					used, k+1, allowed[k]+c.ReadAhead)
				return
			}
		}
	})
}

// allowance says for each value how many of the root's values settle it.
func (c *throughCheck[A, B]) allowance(n int) []int {
	prefixes := make([][]B, n+1)
	for m := range prefixes {
		prefixes[m] = c.values(m, nil)
	}
	all := c.values(n, io.EOF)
	allowed := make([]int, len(all))
	m := 0
	for k := range all {
		for m < n && !c.settles(prefixes[m], all, k+1) {
			m++
		}
		allowed[k] = m
	}
	return allowed
}

func (c *throughCheck[A, B]) settles(part, all []B, k int) bool {
	if len(part) < k {
		return false
	}
	return c.Unordered || reflect.DeepEqual(part[:k], all[:k])
}

// aborts ends the through after a few values, for every reason, over roots
// whose release works and fails.
func (c *throughCheck[A, B]) aborts() {
	for _, s := range []script{{n: 0, end: io.EOF}, {n: 1, end: io.EOF}, {n: 5, end: io.EOF},
		{n: 5, end: errRoot}, {n: 5, end: io.EOF, trouble: errTrouble}} {
		for _, k := range places(s.n) {
			for _, why := range reasons {
				c.abortAfter(s, k, why)
			}
			c.schedule(s, fmt.Sprintf("pull.Abort after %d", k), func(r *throughRun[A, B]) {
				r.read(k)
				r.stop()
			})
		}
	}
	if !c.unchecked() {
		s := script{n: 5, end: io.EOF} // each of its values may be held beside others
		for k := range min(len(c.values(s.n, s.end)), 20) {
			if !slices.Contains(places(s.n), k) {
				c.abortAfter(s, k, withCause)
			}
		}
	}
	for _, s := range []script{{n: many, end: io.EOF},
		{n: many, end: errRoot, trouble: errTrouble}} {
		c.abortAfter(s, many/2, withCause)
		c.abortAfter(s, many-1, noCause)
	}
}

// joined aborts the through while it holds what is left of a chunk: chunks may
// come joined, and only then a stage that does not look at its context itself
// is seen not to. What it makes of them is not looked at.
func (c *throughCheck[A, B]) joined() {
	each, ok := any(c.Value).(func(int) []byte)
	if !ok {
		return
	}
	const lot = 24
	all := *c
	all.Want, all.WantEnd = nil, nil
	all.Value, _ = any(func(i int) (chunk []byte) {
		for k := range lot {
			chunk = append(chunk, each(lot*i+k)...)
		}
		return chunk
	}).(func(int) A)
	for k := 1; k <= 3; k++ {
		name := fmt.Sprintf("each joined of %d; abort after %d", lot, k)
		all.schedule(script{n: 2, end: io.EOF}, name, func(r *throughRun[A, B]) {
			r.read(k)
			r.abort(withCause)
		})
	}
}

func places(n int) []int {
	places := []int{0, 1, 2, n / 2, n - 1, n}
	slices.Sort(places)
	return slices.DeleteFunc(slices.Compact(places), func(k int) bool { return k < 0 || k > n })
}

func (c *throughCheck[A, B]) abortAfter(s script, k int, why reason) {
	c.schedule(s, fmt.Sprintf("abort after %d, %s", k, why.name), func(r *throughRun[A, B]) {
		r.read(k)
		before, ended := r.root.seen(), r.end != nil
		r.abort(why)
		c.expect(r, s.n, s.end, true)
		if after := r.root.seen(); !ended && !before.ended() && !r.hung {
			c.sawAbort(r, before, after)
		}
	})
}

// sawAbort checks what reached the root of an abort.
func (c *throughCheck[A, B]) sawAbort(r *throughRun[A, B], before, after sight) {
	if after.live > before.live && !c.Goroutines && c.ReadAhead == 0 {
		r.report(lawAbort, "the root was read on during an abort")
	}
	if cause := rootCause(r.end); after.cause != nil && !same(after.cause, cause) &&
		!errors.Is(r.end, after.cause) {
		r.report(lawAbort, "the root was aborted because of %v, the through because of %v",
			after.cause, cause)
	}
}

func rootCause(err error) error {
	var release *pull.ReleaseError
	if errors.As(err, &release) {
		return release.Cause
	}
	return err
}

// blocks cancels a call that waits for the root: at once, and after an hour.
func (c *throughCheck[A, B]) blocks() {
	for _, s := range []script{{n: 0}, {n: 1}, {n: 5}, {n: 5, trouble: errTrouble}} {
		for _, why := range cancellable {
			c.schedule(s, "cancel a blocked call, "+why.name, func(r *throughRun[A, B]) {
				if r.block(why, limit(s.n), 0) && !r.hung {
					c.sawAbort(r, sight{}, sight{cause: r.root.seen().cause})
				}
				c.expect(r, s.n, nil, true)
			})
		}
		c.schedule(s, "cancel a call that is blocked for an hour", func(r *throughRun[A, B]) {
			if r.block(withCause, limit(s.n), time.Hour) {
				c.expectSettled(r, s.n)
			}
		})
	}
}

// expectSettled checks that a stalled root's values were passed on as far as
// they were settled.
func (c *throughCheck[A, B]) expectSettled(r *throughRun[A, B], n int) {
	if c.unchecked() || r.hung {
		return
	}
	part, more := c.values(n, nil), c.values(n+many, nil)
	settled := len(part)
	if !c.Unordered {
		settled = 0
		for settled < min(len(part), len(more)) &&
			reflect.DeepEqual(part[settled], more[settled]) {
			settled++
		}
	}
	if got := len(r.values); got < settled {
		r.report(lawEnd, "only %d values came before the root stalled, want %d", got, settled)
	}
}

// fails runs the variant that fails by itself.
func (c *throughCheck[A, B]) fails() {
	if c.Fail == nil {
		return
	}
	for _, s := range []script{{n: 5, end: io.EOF}, {n: many, end: io.EOF},
		{n: many, end: io.EOF, trouble: errTrouble}} {
		c.scheduleOf(c.Fail, s, "the stage fails", func(r *throughRun[A, B]) {
			r.read(limit(s.n))
			root := r.root.seen()
			switch {
			case r.hung:
			case r.end == nil || r.end == io.EOF:
				r.report(notALaw, "the through in Fail ended with %v, not with a failure", r.end)
			case root.cause != nil && !errors.Is(r.end, root.cause):
				r.report(lawThrough, "failed with %v, but aborted the root because of %v",
					r.end, root.cause)
			}
		})
	}
}

// panicking runs the variant whose user function panics.
func (c *throughCheck[A, B]) panicking() {
	if c.Panic == nil {
		return
	}
	s := script{n: many, end: io.EOF}
	c.scheduleOf(c.Panic, s, "user function panics, read on", func(r *throughRun[A, B]) {
		r.blowUp(limit(5), c.Goroutines)
		r.afterPanic()
	})
	c.scheduleOf(c.Panic, s, "user function panics, abort", func(r *throughRun[A, B]) {
		r.blowUp(limit(5), c.Goroutines)
		r.stop()
	})
}
