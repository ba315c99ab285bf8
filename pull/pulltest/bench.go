package pulltest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// How long a call may take: in a bubble that is virtual time, which passes
// only while everything waits.
const (
	patience     = 24 * time.Hour
	realPatience = 10 * time.Second
	realPrompt   = time.Second
	realBlocked  = 50 * time.Millisecond // of silence: the call is blocked
)

// A bench runs schedules and collects the violations they report.
type bench struct {
	t        *testing.T
	realTime bool
	grace    time.Duration // for release work
	restless bool          // may run goroutines before the first call
	alone    int           // goroutines in a bubble that runs nothing else

	leaky   int // schedules that left goroutines behind
	lost    int // how many those were
	skipped bool

	mu    sync.Mutex
	found []Violation
}

// Schedules that leave goroutines behind make each later one slower, so not
// many of them are run.
const (
	mostLeaky = 8
	mostLost  = 500
)

// A run is one schedule under way.
type run struct {
	*bench
	name    string
	release []func() // lets everything go that the schedule still blocks
	left    bool     // it has left goroutines behind
}

func (r *run) report(law, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := Violation{Law: law, Schedule: r.name, Detail: fmt.Sprintf(format, args...), kind: format}
	if format == "%s" {
		v.kind = v.Detail
	}
	r.found = append(r.found, v)
}

// goesOn says what comes at the end of the schedule, once.
func (r *run) goesOn(step string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !strings.HasSuffix(r.name, step) {
		r.name += step
	}
}

// violations returns what was found so far.
func (b *bench) violations() []Violation {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.found)
}

// schedule runs f in a bubble of its own, and looks for goroutines that it
// left behind.
func (b *bench) schedule(name string, f func(r *run)) {
	r := &run{bench: b, name: name}
	if b.leaky >= mostLeaky || b.lost >= mostLost {
		if !b.skipped {
			r.report(lawAbort, "goroutines were left so often that this schedule, and those "+
				"after it, were not run")
		}
		b.skipped = true
		return
	}
	if b.realTime {
		f(r)
		r.letGo()
		return
	}
	defer func() {
		if p := recover(); p != nil && !r.left { // else it says the same again
			r.report(lawPrompt, "something is blocked for ever: %v", p)
		}
	}()
	synctest.Test(b.t, func(*testing.T) {
		if b.alone == 0 {
			b.alone = len(bubbled())
		}
		f(r)
		synctest.Wait()
		if left := bubbled(); len(left) > b.alone {
			r.report(lawAbort, "goroutines left after the end: %s", summary(left))
			r.left = true
			b.leaky++
			b.lost += len(left) - b.alone
			r.letGo()
			time.Sleep(patience)
		}
		r.letGo()
	})
}

func (r *run) letGo() {
	for _, f := range r.release {
		f()
	}
	r.release = nil
}

// idle checks that nothing was started by building a stream.
func (r *run) idle() {
	if r.realTime {
		return
	}
	synctest.Wait()
	if now := bubbled(); len(now) > r.alone && !r.restless {
		r.report(lawDemand, "goroutines started before the first call: %s", summary(now))
	}
}

// A call is a call under way in a goroutine of its own.
type call[T any] struct {
	done     chan struct{}
	value    T
	err      error
	panicked any
}

func start[T any](f func() (T, error)) *call[T] {
	c := &call[T]{done: make(chan struct{})}
	go func() {
		defer close(c.done)
		c.make(f)
	}()
	return c
}

// attempt is start without the goroutine.
func attempt[T any](f func() (T, error)) *call[T] {
	c := &call[T]{}
	c.make(f)
	return c
}

func (c *call[T]) make(f func() (T, error)) {
	defer func() { c.panicked = recover() }()
	c.value, c.err = f()
}

// blocked says whether done does not happen by itself, in whatever time is
// given beyond a moment.
func (r *run) blocked(done <-chan struct{}, long time.Duration) bool {
	if r.realTime {
		return !within(done, realBlocked+long)
	}
	synctest.Wait()
	return !within(done, long)
}

// returnsSoon says whether done happens without any time passing but the
// grace that release work may take.
func (r *run) returnsSoon(done <-chan struct{}) bool {
	if r.realTime {
		return within(done, realPrompt+r.grace)
	}
	synctest.Wait()
	return within(done, 0) || r.grace > 0 && within(done, r.grace+time.Millisecond)
}

// returns says whether done happens at all; time may pass.
func (r *run) returns(done <-chan struct{}) bool {
	if r.realTime {
		return within(done, realPatience)
	}
	return within(done, patience)
}

func within(done <-chan struct{}, d time.Duration) bool {
	select {
	case <-done:
		return true
	default:
	}
	if d == 0 {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// build makes what is to be tested. That may not block, not even on a root
// that does.
func build[T any](r *run, f func() T) T {
	c := start(func() (T, error) { return f(), nil })
	if !r.returns(c.done) {
		r.report(lawDemand, "building the stream blocks")
		r.letGo()
		<-c.done
	}
	if c.panicked != nil {
		r.report(lawPanic, "building the stream panicked: %v", c.panicked)
	}
	return c.value
}
