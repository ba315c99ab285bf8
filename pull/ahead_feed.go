package pull

import (
	"context"
	"io"
)

// A feed is a source while a goroutine reads it.
type feed[T any] struct {
	src Source[T] // nil once it has ended or is being aborted

	// How many of the values waiting are its own, unless there was a Take.
	n, takes int
}

// read reads src until it ends or the Ahead does.
func (a *Ahead[T]) read(src Source[T]) {
	f, done := &feed[T]{src: src}, false
	defer func() {
		if !done {
			a.crashed(f.src, recover())
		}
	}()
	for a.step(f) {
		continue
	}
	done = true
}

// step reads one value and puts it with those waiting, then waits for room.
// It reports whether to go on; the source has ended if not.
func (a *Ahead[T]) step(f *feed[T]) bool {
	v, err := f.src(a.own)
	if err != nil {
		a.ended(err, a.own.Err() != nil)
		return false
	}
	if a.store(v, f) {
		return true
	}
	src := f.src
	f.src = nil
	a.note(AbortIn(a.own, src, a.cause))
	a.ended(io.EOF, false)
	return false
}

// store reports whether there is room for another value.
func (a *Ahead[T]) store(v T, f *feed[T]) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cause != nil {
		a.late = append(a.late, v)
		return false
	}
	if f.takes != a.takes {
		f.n, f.takes = 0, a.takes
	}
	f.n++
	a.waiting = append(a.waiting, v)
	if len(a.waiting) == 1 {
		a.signal()
	}
	for f.n == a.n && f.takes == a.takes && a.cause == nil {
		a.room.Wait()
	}
	return a.cause == nil
}

// ended notes that a source has ended with err; cut says that it was stopped.
func (a *Ahead[T]) ended(err error, cut bool) {
	a.mu.Lock()
	a.live--
	cause := a.cause
	failed := err != io.EOF && cause == nil
	if failed {
		a.cause, a.failure = err, err
	}
	if failed || a.live == 0 {
		a.signal()
	}
	a.mu.Unlock()
	switch {
	case failed:
		a.halt(err)
	case cause != nil:
		a.note(judge(err, cause, cut))
	}
}

// judge returns what err, the end of a source, says of its release: Abort can
// tell, if it is answered with err.
func judge(err, cause error, cut bool) error {
	return Abort(func(ctx context.Context) (struct{}, error) {
		if cut {
			_ = ctx.Err() // an answer to an abort has asked for it
		}
		return struct{}{}, err
	}, cause)
}

// crashed notes a panic with value, or an exit (nil), of a goroutine, and aborts
// its source, unless that is what has panicked (nil).
func (a *Ahead[T]) crashed(src Source[T], value any) {
	if value == nil {
		value = errExited
	}
	err := NewPanicError(value)
	if a.own.Err() != nil {
		a.note(err) // a stop is under way, and asks for what went wrong in it
	}
	a.ended(err, false)
	if src == nil {
		return
	}
	defer func() { _ = recover() }() // one panic is enough
	a.note(AbortIn(a.own, src, err))
}

// signal says that there is something to take.
func (a *Ahead[T]) signal() {
	select {
	case a.ready <- struct{}{}:
	default:
	}
}

// note keeps what went wrong in aborting a source; nil is nothing.
func (a *Ahead[T]) note(err error) {
	if err == nil {
		return
	}
	if release, ok := err.(*ReleaseError); ok {
		err = release.Err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.releases = append(a.releases, err)
}
