package pull

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
)

// Tee is the sink that gives every value to all sinks, each of which runs in a
// goroutine of its own. A value is read when every sink has asked for it, so
// the slowest sets the pace, nothing is read ahead and at most one value is
// held; each costs a switch of goroutines and more, so give it batches where
// values are small. Values are shared, not copied: a sink must not change the bytes of a
// slice it is given.
//
// The end, or the failure, of the source is that of all sinks. A sink that
// returns nil or [ErrStopped] before that is done, and the others go on; after
// the last the source is aborted with ErrStopped. A sink that fails cancels the
// context of the others, with its error as cause, and aborts the source with
// it; a sink that panics does so with a [PanicError].
//
// Tee returns when all sinks have returned: the source's failure, or else the
// first one of a sink, or nil; [Cause] of ctx when that is done. Of no sinks it
// aborts the source at once.
func Tee[T any](sinks ...Sink[T]) Sink[T] {
	return func(ctx context.Context, src Source[T]) error {
		t := &tee[T]{ctx: ctx, src: src, over: make(chan struct{}), live: len(sinks)}
		t.readers.Store(int32(len(sinks)))
		// Each branch has at most two events on the way: it asks, and it leaves.
		t.events = make(chan teeEvent[T], 2*len(sinks))
		t.own, t.cancel = context.WithCancelCause(ctx)
		defer t.cancel(nil)
		t.reading, t.enough = context.WithCancelCause(t.own)
		return t.run(sinks)
	}
}

// A tee is one run of the sink, on the goroutine of its caller.
type tee[T any] struct {
	ctx     context.Context // the caller's, for as long as its call
	src     Source[T]
	ended   bool            // src has, or its abort has begun
	own     context.Context // of the sinks; done when one of them has failed
	cancel  context.CancelCauseFunc
	reading context.Context // of the source; done when all sinks have left as well
	enough  context.CancelCauseFunc

	events  chan teeEvent[T]
	live    int // branches that have not been seen to leave
	asked   []*teeBranch[T]
	readers atomic.Int32 // branches that have not left
	running sync.WaitGroup

	over chan struct{} // closed once end is set
	end  error         // what every branch returns from then on

	once    sync.Once
	failure error // of the first sink that failed; read it after running.Wait
}

// A teeEvent says that a branch wants a value, or that it has left.
type teeEvent[T any] struct {
	branch *teeBranch[T]
	left   bool
}

func (t *tee[T]) run(sinks []Sink[T]) error {
	done := false
	defer t.giveUpUnlessDone(&done)
	if len(sinks) == 0 {
		t.enough(ErrStopped)
	}
	for _, sink := range sinks {
		b := &teeBranch[T]{t: t, give: make(chan T, 1)}
		t.running.Go(func() { b.run(sink) })
	}
	err := t.distribute()
	done = true
	return err
}

func (t *tee[T]) distribute() error {
	for t.demand() {
		v, err := t.src(t.reading)
		if err == nil {
			t.give(v)
			continue
		}
		t.ended = true
		if t.reading.Err() != nil {
			return t.stopped(ended(t.reading, err))
		}
		return t.finished(err)
	}
	t.ended = true
	cause := Cause(t.reading)
	if err := AbortIn(t.ctx, t.src, cause); err != nil {
		cause = err
	}
	return t.stopped(cause)
}

// finished ends the branches after the source has ended with err.
func (t *tee[T]) finished(err error) error {
	t.close(err)
	switch {
	case err != io.EOF:
		return err
	case t.failure != nil:
		return ended(t.own, t.failure)
	}
	return nil
}

// demand waits until every sink that still reads has asked for a value, and
// says whether one is to be read.
func (t *tee[T]) demand() bool {
	for t.reading.Err() == nil {
		if t.live > 0 && len(t.asked) == t.live {
			return true
		}
		select {
		case e := <-t.events:
			t.note(e)
		case <-t.reading.Done():
		}
	}
	return false
}

func (t *tee[T]) note(e teeEvent[T]) {
	if !e.left {
		t.asked = append(t.asked, e.branch)
		return
	}
	t.live--
	t.asked = slices.DeleteFunc(t.asked, func(b *teeBranch[T]) bool { return b == e.branch })
}

func (t *tee[T]) give(v T) {
	for _, b := range t.asked {
		b.give <- v
	}
	clear(t.asked)
	t.asked = t.asked[:0]
}

// stopped ends the branches of a source that was stopped before its end, and
// has ended with err.
func (t *tee[T]) stopped(err error) error {
	cancelled := t.own.Err() != nil
	t.close(err)
	result := t.failure
	if cancelled {
		result = Cause(t.own)
	}
	if same(err, Cause(t.reading)) {
		return result
	}
	var release *ReleaseError
	if errors.As(err, &release) {
		err = release.Err
	}
	return &ReleaseError{Cause: result, Err: err}
}

// close ends all branches, and waits for the sinks.
func (t *tee[T]) close(end error) {
	t.end = end
	close(t.over)
	t.running.Wait()
}

// giveUpUnlessDone ends everything when the source has panicked.
func (t *tee[T]) giveUpUnlessDone(done *bool) {
	if *done {
		return
	}
	v := recover()
	var err error = errExited
	if v != nil {
		err = NewPanicError(v)
	}
	t.cancel(err)
	if t.end == nil {
		t.close(err)
	}
	if !t.ended {
		_ = AbortIn(t.ctx, t.src, err)
	}
	if v != nil {
		panic(v)
	}
}
