package pulltest

import (
	"context"
	"io"
	"sync"

	"github.com/weir-go/weir/pull"
)

// An ending is one of the ways in which the life of a stream is over. Endings
// run outside a bubble; nothing is judged but what is left of the stream.
type ending struct {
	name string
	run  func()
}

const neverStarted = "never started"

// endings runs all of them one by one, and looks for goroutines after each.
// Where a law is seen broken already they may hang, and say nothing new.
func (b *bench) endings(all []ending) {
	before, profiled := leaked()
	if len(b.violations()) > 0 || b.realTime && !profiled {
		return
	}
	known := len(before)
	for _, e := range all {
		r := &run{bench: b, name: "in real time: " + e.name}
		c, label := marked(e.run)
		if !within(c.done, realPatience) {
			r.report(lawPrompt, "does not come to its end: see Quick if it has to wait")
			return
		}
		if c.panicked != nil {
			r.report(lawPanic, "panicked: %v", c.panicked)
		}
		if !b.realTime { // what it blocks on may well go on
			r.leaves("goroutines left: %s", e.name, left(label))
		}
		if now, _ := leaked(); len(now) > known {
			known = len(now)
			r.leaves("goroutines that nothing can wake: %s", e.name, now)
		}
	}
	how := "goroutines"
	if profiled {
		how = "goroutines and the profile goroutineleak"
	}
	b.t.Logf("%d endings, looked at %s after each", len(all), how)
}

func (r *run) leaves(format, ending string, found []string) {
	law := lawAbort
	if ending == neverStarted {
		law = lawDemand
	}
	if len(found) > 0 {
		r.report(law, format, few(found))
	}
}

// A making makes the streams of an ending of a source that ends as last says
// after n values.
type making[T any] func(n int, last func(context.Context) error) []pull.Source[T]

func ends(context.Context) error    { return io.EOF }
func fails(context.Context) error   { return errRoot }
func panics(context.Context) error  { panic("pulltest: the root panics") }
func refuses[T any](T) error        { return errAbort }
func explodes[T any](T) error       { panic("pulltest: the reader panics") }
func accepts[T any](T) error        { return nil }
func quietly(f func())              { defer func() { _ = recover() }(); f() }
func live() context.Context         { return context.Background() }
func first[T any](s pull.Source[T]) { _, _ = s(live()) }

// each reads to the end, or until f fails or panics.
func each[T any](f func(T) error) func(pull.Source[T]) {
	return func(src pull.Source[T]) {
		quietly(func() { _ = pull.Each(live(), src, f) })
	}
}

// aborted reads one value, and aborts.
func aborted[T any](src pull.Source[T]) {
	first(src)
	unread(src)
}

// unread aborts what may never have been read.
func unread[T any](src pull.Source[T]) { _ = pull.Abort(src, errAbort) }

// together has all streams read at once.
func together[T any](streams []pull.Source[T], read func(pull.Source[T])) {
	var all sync.WaitGroup
	for _, src := range streams {
		all.Go(func() { read(src) })
	}
	all.Wait()
}

// outlet is the source of a making.
func outlet[A any](
	value func(int) A, n int, last func(context.Context) error,
) pull.Source[A] {
	i := 0
	return pull.From(func(ctx context.Context) (v A, err error) {
		if i == n {
			return v, last(ctx)
		}
		i++
		return value(i - 1), nil
	}, nil)
}

// stalling is a last that says once that it blocks, until its context is done.
func stalling() (last func(context.Context) error, stalled <-chan struct{}) {
	ch := make(chan struct{})
	var once sync.Once
	return func(ctx context.Context) error {
		once.Do(func() { close(ch) })
		<-ctx.Done()
		return pull.Cause(ctx)
	}, ch
}

// cancelled reads until the root blocks or all have ended, and cancels.
func cancelled[T any](open making[T]) {
	last, stalled := stalling()
	ctx, cancel := context.WithCancelCause(live())
	defer cancel(nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		together(open(3, last), func(src pull.Source[T]) { _ = pull.Drain(ctx, src) })
	}()
	select {
	case <-stalled:
	case <-done:
	}
	cancel(errAbort)
	<-done
}

// derived are the endings of streams that are made of a source.
func derived[T any](open making[T]) []ending {
	read := func(n int, last func(context.Context) error, f func(pull.Source[T])) func() {
		return func() { together(open(n, last), f) }
	}
	return []ending{
		{"end", read(5, ends, each(accepts[T]))},
		{"error from above", read(3, fails, each(accepts[T]))},
		{"error from below", read(5, ends, each(refuses[T]))},
		{"abort", read(5, ends, aborted[T])},
		{"abort before the first call", read(5, ends, unread[T])},
		{"cancel", func() { cancelled(open) }},
		{"panic above", read(2, panics, each(accepts[T]))},
		{"panic below", read(5, ends, each(explodes[T]))},
		{neverStarted, func() { open(5, ends) }},
	}
}

func (c *throughCheck[A, B]) leaves() {
	open := func(through pull.Through[A, B]) making[B] {
		return func(n int, last func(context.Context) error) []pull.Source[B] {
			return []pull.Source[B]{through(outlet(c.Value, n, last))}
		}
	}
	through := c.through
	if c.Quick != nil {
		through = c.Quick
	}
	all := derived(open(through))
	for name, odd := range map[string]pull.Through[A, B]{"own error": c.Fail, "own panic": c.Panic} {
		if odd != nil {
			all = append(all, ending{name, func() { together(open(odd)(5, ends), each(accepts[B])) }})
		}
	}
	c.endings(all)
}

func (c *fanCheck[A, B]) leaves() {
	c.endings(derived(func(n int, last func(context.Context) error) []pull.Source[B] {
		return c.fan(outlet(c.value, n, last))
	}))
}

func (c *sourceCheck[T]) leaves() {
	fresh := c.fresh
	if c.Quick != nil {
		fresh = c.Quick
	}
	read := func(f func(pull.Source[T])) func() { return func() { f(fresh()) } }
	all := []ending{{"abort before the first call", read(unread[T])}}
	if len(c.Want) > 0 || !c.Stalls {
		all = append(all, ending{"error from below", read(each(refuses[T]))},
			ending{"abort", read(aborted[T])}, ending{"panic below", read(each(explodes[T]))})
	}
	switch {
	case c.Stalls && !c.Uninterruptible:
		all = append(all, ending{"cancel", read(c.interrupted)})
	case !c.Stalls && !c.Endless:
		all = append(all, ending{"end, or own error", read(each(accepts[T]))})
	}
	if !c.Holds {
		all = append(all, ending{neverStarted, func() { fresh() }})
	}
	if c.Panic != nil {
		all = append(all, ending{"own panic", func() { each(accepts[T])(c.Panic()) }})
	}
	c.endings(all)
}

// interrupted cancels the call after the last value, which blocks.
func (c *sourceCheck[T]) interrupted(src pull.Source[T]) {
	for range c.Want {
		first(src)
	}
	ctx, cancel := context.WithCancelCause(live())
	call := start(func() (T, error) { return src(ctx) })
	within(call.done, realBlocked)
	cancel(errAbort)
	<-call.done
}

func (c *sinkCheck[T]) leaves() {
	run := func(sink pull.Sink[T], n int, last func(context.Context) error) func() {
		return func() { quietly(func() { _ = sink(live(), outlet(c.Value, n, last)) }) }
	}
	all := []ending{
		{"end", run(c.sink, 5, ends)},
		{"error from above", run(c.sink, 3, fails)},
		{"panic above", run(c.sink, 2, panics)},
		{"cancel", func() { last, stalled := stalling(); c.stopped(c.sink, last, stalled) }},
		{"abort before the first call", func() {
			_ = c.sink(dead(), outlet(c.Value, 5, ends))
		}},
	}
	for name, odd := range map[string]pull.Sink[T]{"own error": c.Fail, "own panic": c.Panic} {
		if odd != nil {
			all = append(all, ending{name, run(odd, 5, ends)})
		}
	}
	if c.Stall != nil {
		all = append(all, ending{"cancel a write", func() { c.stopped(c.Stall, ends, nil) }})
	}
	c.endings(all)
}

// stopped cancels a sink that waits, for a stalled source or in a write.
func (c *sinkCheck[T]) stopped(
	sink pull.Sink[T], last func(context.Context) error, stalled <-chan struct{},
) {
	ctx, cancel := context.WithCancelCause(live())
	call := start(func() (struct{}, error) {
		return struct{}{}, sink(ctx, outlet(c.Value, 5, last))
	})
	if stalled == nil {
		within(call.done, realBlocked)
	} else {
		select {
		case <-stalled:
		case <-call.done:
		}
	}
	cancel(errAbort)
	<-call.done
}

func dead() context.Context {
	ctx, cancel := context.WithCancelCause(live())
	cancel(errAbort)
	return ctx
}
