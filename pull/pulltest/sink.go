package pulltest

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-go/weir/pull"
)

// SinkOptions say what a sink under test is expected to do.
type SinkOptions[T any] struct {
	// Value makes the source's value i, counted from 0; see
	// [ThroughOptions].Value.
	Value func(i int) T

	// Early says that the sink may stop before the end of its own accord.
	Early bool

	// Fail is the sink with a user function, a writer or an input that fails
	// within the first five values; nil means that it cannot fail.
	Fail pull.Sink[T]

	// Panic is the sink with a user function that panics within the first
	// five values; nil means that there is no user function.
	Panic pull.Sink[T]

	// Goroutines says that the user function runs in a goroutine of the sink,
	// so that its panic comes out as a pull.PanicError.
	Goroutines bool

	// Stall is the sink writing to something that blocks for ever within the
	// first five values; nil means that it cannot block. A write that cannot
	// be interrupted has no Stall.
	Stall pull.Sink[T]

	// ReadAhead is how many values Stall may read beyond the one whose write
	// blocks; 0 means none, negative that it is not checked.
	ReadAhead int

	// Committed reports whether the last run kept what it wrote: it must be
	// true after success only. A nil Committed means that this is not checked.
	Committed func() bool

	// Grace is how long release work may take after an abort; 0 means none.
	Grace time.Duration

	// RealTime runs the checks outside a bubble: for sinks that block on
	// something outside the process. A prompt return is then one within a
	// second, and goroutines are not looked for, but by the profile goroutineleak.
	RealTime bool
}

// Sink checks that a sink keeps the contract over every schedule of its
// source and its context, and fails t for each law that is broken. It calls
// sink once for each schedule. It must not be called in a bubble of
// testing/synctest.
func Sink[T any](
	t *testing.T, sink func(context.Context, pull.Source[T]) error, opts SinkOptions[T],
) {
	t.Helper()
	fail(t, CheckSink(t, sink, opts))
}

// CheckSink is [Sink], except that it returns the violations and does not
// fail t.
func CheckSink[T any](
	t *testing.T, sink func(context.Context, pull.Source[T]) error, opts SinkOptions[T],
) []Violation {
	if opts.Value == nil {
		opts.Value = number[T]
	}
	c := &sinkCheck[T]{sink: sink, SinkOptions: opts,
		bench: &bench{t: t, realTime: opts.RealTime, grace: opts.Grace}}
	c.reads()
	c.aborts()
	c.blocks()
	c.fails()
	c.panicking()
	c.leaves()
	return c.violations()
}

type sinkCheck[T any] struct {
	*bench
	SinkOptions[T]
	sink pull.Sink[T]
}

// A sinkRun is one schedule of a sink.
type sinkRun[T any] struct {
	*run
	check *sinkCheck[T]
	sink  pull.Sink[T]
	root  *root[T]
	ctx   context.Context
	stop  func()
}

func (c *sinkCheck[T]) schedule(
	sink pull.Sink[T], s script, why reason, name string, f func(r *sinkRun[T]),
) {
	c.bench.schedule(s.String()+"; "+name, func(run *run) {
		root := newRoot(run, lawSink, s, c.Value)
		ctx, cancel := why.derive(root.calls.issue(context.Background()))
		defer cancel()
		f(&sinkRun[T]{run: run, check: c, sink: sink, root: root, ctx: ctx, stop: cancel})
	})
}

func (r *sinkRun[T]) start() *call[struct{}] {
	return start(func() (struct{}, error) { return struct{}{}, r.sink(r.ctx, r.root.next) })
}

// whole runs the sink to its return, and judges that; ok says that it came.
func (r *sinkRun[T]) whole() (err error, ok bool) {
	c := r.start()
	if !r.returns(c.done) {
		r.report(lawPrompt, "the sink did not return at all")
		return errHung, false
	}
	return r.judge(c)
}

// judge checks what holds for every return of a sink.
func (r *sinkRun[T]) judge(c *call[struct{}]) (err error, ok bool) {
	if c.panicked != nil {
		r.report(lawPanic, "the sink panicked: %v", c.panicked)
		return errPanicked, false
	}
	seen := r.root.seen()
	switch err = c.err; {
	case !seen.ended():
		r.report(lawSink, "walked away (%v): its source is neither ended nor aborted", err)
	case errors.Is(err, io.EOF):
		r.report(lawSink, "returned io.EOF (%v)", err)
	case err == nil && seen.end != io.EOF && !r.check.Early:
		r.report(lawSink, "returned nil, though its source ended with %v", seen.end)
	}
	if owed := r.root.owes(); owed != nil && !errors.Is(err, owed) {
		r.report(lawAbort, "a release failed (%v) and the sink returned %v", owed, err)
	}
	if f := r.check.Committed; f != nil && f() != (err == nil) {
		r.report(lawEarlyStop, "returned %v, committed: %v", err, f())
	}
	r.lookAgain(seen)
	return err, true
}

// lookAgain checks that the sink has let go of its source: nothing that
// happens to the context afterwards reaches it.
func (r *sinkRun[T]) lookAgain(before sight) {
	r.stop()
	if !r.realTime {
		synctest.Wait()
	}
	if after := r.root.seen(); after.calls != before.calls {
		r.report(lawScope, "its source was called after the sink had returned")
	}
}
