package pull

import (
	"context"
	"errors"
	"io"
	"sync"
)

// An Ahead reads sources ahead of their reader, each in a goroutine of its own.
// It is the boundary that everything with a goroutine is built on: its reader
// can wait for values, for a timer and for its context at once, which nobody
// can who calls a source. Batches cross the boundary, never single values.
//
// [Ahead.Next] is the plain source of the values. A stage that has to wait for
// something else as well begins each of its calls with Start, then takes what
// is there, and waits where nothing is:
//
//	if err := a.Start(ctx); err != nil {
//		return zero, err
//	}
//	for {
//		batch, err = a.Take(batch)
//		// return a value, or err, or go on to wait
//		select {
//		case <-a.Ready():
//		case <-timer.C:
//		case <-ctx.Done():
//			return zero, a.Abort(ctx, pull.Cause(ctx))
//		}
//	}
//
// The sources are called under a context of Ahead's own, which carries the
// values of the context that Start was given first. Values of one source keep
// their order; those of several come in order of arrival. When every source has
// ended, the end is io.EOF. The first failure, after what had arrived before
// it, is the end as well: the other sources are aborted because of it. A panic
// of a source is such a failure, a [PanicError].
//
// All but Add is for one goroutine at a time.
type Ahead[T any] struct {
	n     int
	drop  func(T)
	added []Source[T] // before the start
	ready chan struct{}

	// Written once, by the start.
	own     context.Context
	cancel  context.CancelCauseFunc
	running sync.WaitGroup

	mu       sync.Mutex
	room     sync.Cond // where goroutines wait when their source's n are waiting
	waiting  []T
	takes    int
	live     int     // sources that have not ended
	cause    error   // why no more is read: a failure, or an abort's cause
	failure  error   // the first one
	late     []T     // arrived after cause was set
	releases []error // what went wrong in aborting

	// Owned by the reader.
	batch []T // Next's, of which the first given have been returned
	given int
	end   error
}

// NewAhead returns an Ahead that has read nothing yet. At most n values of src
// (less than 1 means 1) wait to be taken, counting the one that is being read.
// A drop that is not nil is given every value that has been read and will not
// be returned, by the call that ends the Ahead.
func NewAhead[T any](src Source[T], n int, drop func(T)) *Ahead[T] {
	a := &Ahead[T]{n: max(n, 1), drop: drop, ready: make(chan struct{}, 1)}
	a.room.L = &a.mu
	a.added = append(a.added, src)
	return a
}

// Add has src read as well, ahead by as many values as the others. It may be
// called between the reader's calls, and at any time by a source that is being
// read itself. When the Ahead has ended, Add aborts src instead.
func (a *Ahead[T]) Add(src Source[T]) {
	a.mu.Lock()
	cause, started := a.cause, a.own != nil
	switch {
	case cause != nil:
	case started:
		a.live++
	default:
		a.added = append(a.added, src)
	}
	a.mu.Unlock()
	switch {
	case cause != nil:
		a.note(AbortIn(a.values(), src, cause))
	case started:
		a.running.Go(func() { a.read(src) })
	}
}

// values is a context for its values only.
func (a *Ahead[T]) values() context.Context {
	if a.own == nil {
		return context.Background()
	}
	return a.own
}

// Start begins a call of the reader, under its context. The first one starts
// the reading. It returns nil, or what the Ahead has ended with; a ctx that is
// done ends it.
func (a *Ahead[T]) Start(ctx context.Context) error {
	switch {
	case a.end != nil:
		return a.end
	case ctx.Err() != nil:
		return a.Abort(ctx, Cause(ctx))
	case a.own != nil:
		return nil
	}
	a.own, a.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	sources := a.added
	a.added = nil
	a.live = len(sources)
	for _, src := range sources {
		a.running.Go(func() { a.read(src) })
	}
	return nil
}

// Ready returns the channel, always the same, that can be received from when
// there is something to take, the end included. There may turn out to be
// nothing.
func (a *Ahead[T]) Ready() <-chan struct{} { return a.ready }

// Take returns all values that are waiting, in a slice that is the caller's
// until the next Take, which is given it back to use again (or nil). If nothing
// waits, the slice is empty and the error nil, or the end: no goroutine is left
// then. Start must have been called.
func (a *Ahead[T]) Take(back []T) ([]T, error) {
	if a.end != nil {
		return nil, a.end
	}
	clear(back) // let go of what was in it
	a.mu.Lock()
	got, over := a.waiting, a.live == 0 || a.cause != nil
	if len(got) > 0 {
		a.waiting = back[:0]
		a.takes++
	}
	a.mu.Unlock()
	switch {
	case len(got) > 0:
		a.room.Broadcast()
		return got, nil
	case over:
		return nil, a.finish()
	}
	return back[:0], nil
}

// Next returns the values one at a time, from a batch that it has taken: up to
// 2n-1 values of a source are then ahead of its reader. As a method value it is
// a [Source].
func (a *Ahead[T]) Next(ctx context.Context) (T, error) {
	if a.given < len(a.batch) && ctx.Err() == nil {
		a.given++
		return a.batch[a.given-1], nil
	}
	var zero T
	if err := a.Start(ctx); err != nil {
		return zero, err
	}
	for {
		var err error
		if a.batch, err = a.Take(a.batch); err != nil {
			return zero, err
		}
		if len(a.batch) > 0 {
			a.given = 1
			return a.batch[0], nil
		}
		a.given = 0
		select {
		case <-a.ready:
		case <-ctx.Done():
			return zero, a.Abort(ctx, Cause(ctx))
		}
	}
}

// Abort ends the Ahead with cause, unless it has ended, and returns what it has
// ended with: cause, or a [ReleaseError] with it if a source's release failed.
// The sources have ended then, no goroutine is left, and drop has been given
// what was waiting. Before the start, the sources are aborted without a read.
func (a *Ahead[T]) Abort(ctx context.Context, cause error) error {
	if a.end != nil {
		return a.end
	}
	cause = stopCause(cause)
	a.halt(cause)
	a.end = errPanicked // stands only if a source, or drop, panics
	sources := a.added
	a.added = nil
	if a.own == nil {
		for _, src := range sources {
			a.note(AbortIn(ctx, src, cause))
		}
	}
	return a.settle(cause)
}

// finish ends the Ahead where its sources have.
func (a *Ahead[T]) finish() error {
	a.end = errPanicked // stands only if drop panics
	a.running.Wait()
	cause := io.EOF
	if a.failure != nil {
		cause = a.failure
	}
	a.failure = nil // is told
	a.halt(ErrStopped)
	return a.settle(cause)
}

// halt makes every goroutine end, as soon as its source lets it.
func (a *Ahead[T]) halt(cause error) {
	a.mu.Lock()
	if a.cause == nil {
		a.cause = cause
	}
	a.mu.Unlock()
	a.room.Broadcast()
	if a.cancel != nil {
		a.cancel(cause)
	}
}

// settle waits for the goroutines, drops what is left and sets the end.
func (a *Ahead[T]) settle(cause error) error {
	a.running.Wait()
	left := [][]T{a.batch[a.given:], a.waiting, a.late}
	a.batch, a.waiting, a.late, a.given = nil, nil, nil, 0
	for _, values := range left {
		for _, v := range values {
			if a.drop != nil {
				a.drop(v)
			}
		}
	}
	if release := new(ReleaseError); errors.As(a.failure, &release) {
		a.releases = append(a.releases, release.Err) // nobody was told
	}
	if len(a.releases) > 0 {
		cause = withReleases(cause, a.releases)
	}
	a.end = cause
	return cause
}

// withReleases joins failed releases to why a stage ended, which may be a
// failed release itself.
func withReleases(cause error, errs []error) error {
	if release, ok := cause.(*ReleaseError); ok {
		cause, errs = release.Cause, append([]error{release.Err}, errs...)
	}
	err := errs[0]
	if len(errs) > 1 {
		err = errors.Join(errs...)
	}
	return &ReleaseError{Cause: cause, Err: err}
}
