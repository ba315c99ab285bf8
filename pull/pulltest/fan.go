package pulltest

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-go/weir/pull"
)

// FanOptions say what a fan-out under test is expected to do.
type FanOptions[A any] struct {
	// Value makes the root's value i, counted from 0; see
	// [ThroughOptions].Value.
	Value func(i int) A

	// Grace is how long release work may take after an abort; 0 means none.
	Grace time.Duration
}

// Fan checks the law "fan-out" of what makes several sources of one, and
// fails t for each way in which it is broken: the readers come and go without
// the root noticing, until the last has gone. Fan calls fan once for each
// schedule; it must return as many sources each time, and 2 at least. Each
// source on its own is a matter for [Through]. Fan must not be called in a
// bubble of testing/synctest.
func Fan[A, B any](
	t *testing.T, fan func(pull.Source[A]) []pull.Source[B], opts FanOptions[A],
) {
	t.Helper()
	fail(t, CheckFan(t, fan, opts))
}

// CheckFan is [Fan], except that it returns the violations and does not fail t.
func CheckFan[A, B any](
	t *testing.T, fan func(pull.Source[A]) []pull.Source[B], opts FanOptions[A],
) []Violation {
	if opts.Value == nil {
		opts.Value = number[A]
	}
	c := &fanCheck[A, B]{bench: &bench{t: t, grace: opts.Grace}, fan: fan, value: opts.Value}
	c.schedule(script{n: many, end: io.EOF}, "all read at once", c.together)
	for _, why := range cancellable {
		c.schedule(script{n: 5}, "leave one by one, "+why.name,
			func(r *fanRun[A, B]) { r.leave(why) })
		c.schedule(script{n: 0}, "cancel one by one while blocked, "+why.name,
			func(r *fanRun[A, B]) { r.interrupt(why) })
	}
	c.schedule(script{n: 5, trouble: errTrouble}, "leave one by one",
		func(r *fanRun[A, B]) { r.leave(withCause) })
	c.leaves()
	return c.violations()
}

type fanCheck[A, B any] struct {
	*bench
	fan   func(pull.Source[A]) []pull.Source[B]
	value func(i int) A
}

type fanRun[A, B any] struct {
	*run
	root    *root[A]
	readers []*reader[B]
}

func (c *fanCheck[A, B]) schedule(s script, name string, f func(r *fanRun[A, B])) {
	c.bench.schedule(s.String()+"; "+name, func(run *run) {
		r := &fanRun[A, B]{run: run, root: newRoot(run, lawFanOut, s, c.value)}
		r.root.calls.any = true
		for _, src := range build(run, func() []pull.Source[B] { return c.fan(r.root.next) }) {
			r.readers = append(r.readers,
				&reader[B]{run: run, src: src, tickets: r.root.calls})
		}
		run.idle()
		if seen := r.root.seen(); seen.live > 0 || seen.ended() {
			run.report(lawDemand, "the root was called before the first call")
		}
		f(r)
		for _, reader := range r.readers {
			reader.finish()
		}
		if !r.root.seen().ended() {
			run.report(lawFanOut, "the root is neither ended nor aborted when all have gone")
		}
	})
}

// together has all readers read to the end at once: the root's calls must not
// overlap, and each reader gets the end.
func (c *fanCheck[A, B]) together(r *fanRun[A, B]) {
	done := make(chan struct{})
	for _, reader := range r.readers {
		go func() {
			defer func() { done <- struct{}{} }()
			reader.read(limit(many))
		}()
	}
	for range r.readers {
		<-done
	}
	for i, reader := range r.readers {
		if reader.end != io.EOF && !reader.hung {
			r.report(lawFanOut, "reader %d ended with %v, want io.EOF", i, reader.end)
		}
	}
}

// leave has one reader after another read a value and abort.
func (r *fanRun[A, B]) leave(why reason) {
	r.readers[len(r.readers)-1].trouble = r.root.owes
	for i, reader := range r.readers {
		reader.read(1)
		reader.abort(why)
		r.gone(i, why)
	}
}

// interrupt cancels one reader after another, while all of them are blocked.
func (r *fanRun[A, B]) interrupt(why reason) {
	calls := make([]func(), len(r.readers))
	for i, reader := range r.readers {
		ctx, cancel := reader.live(why)
		c := start(func() (B, error) { return reader.src(ctx) })
		synctest.Wait()
		calls[i] = func() { reader.interrupt(c, ctx, cancel) }
	}
	for i, cancel := range calls {
		cancel()
		r.gone(i, why)
	}
}

// gone checks the root when reader i has gone.
func (r *fanRun[A, B]) gone(i int, why reason) {
	seen, last := r.root.seen(), i == len(r.readers)-1
	switch {
	case r.readers[i].hung:
	case !last && seen.ended():
		r.report(lawFanOut, "the root has ended (%v) though only reader %d of %d has gone",
			seen.end, i+1, len(r.readers))
	case last && !seen.ended():
		r.report(lawFanOut, "the last reader has gone (%s), and the root is not ended", why.name)
	case last && seen.cause != nil && !same(seen.cause, rootCause(r.readers[i].end)):
		r.report(lawFanOut, "the root was aborted because of %v, the last reader because of %v",
			seen.cause, r.readers[i].end)
	}
}
