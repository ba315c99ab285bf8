package fan

import (
	"context"
	"errors"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Race returns the values of whichever of srcs is first to have one. All of
// them are called at once, each in a goroutine; when one has returned a value,
// the others are aborted with [pull.ErrStopped], and values they had on their
// way are discarded. From then on no goroutine is left and nothing is read
// ahead: calls go straight to the winner.
//
// A source that ends or fails before it has a value leaves the race. If all do,
// the end is io.EOF, or what they failed with, joined where several did. If the
// release of a loser fails, the end of the stream tells it. A panic of a source
// in the race is a failure, a [pull.PanicError].
func Race[T any](srcs ...pull.Source[T]) pull.Source[T] {
	r := &race[T]{inputs: inputsOf(srcs), winner: -1}
	return stage.Run(&r.Many, r.next)
}

type race[T any] struct {
	*inputs[T]
	winner   int // -1: not yet
	cancels  []context.CancelCauseFunc
	runs     chan lap[T]
	running  int
	failures []error
}

// A lap is what the call of one source returned.
type lap[T any] struct {
	i       int
	v       T
	err     error // io.EOF if it was stopped
	release error // what went wrong in stopping it
}

func (r *race[T]) next(ctx context.Context) (T, error) {
	if r.winner < 0 {
		return r.first(ctx)
	}
	return r.read(ctx, r.winner)
}

// first runs the race.
func (r *race[T]) first(ctx context.Context) (v T, err error) {
	r.start(ctx)
	for r.running > 0 && r.winner < 0 {
		select {
		case l := <-r.runs:
			r.running--
			if l.err != nil {
				r.lose(l)
				continue
			}
			r.winner, v = l.i, l.v
		case <-ctx.Done():
			r.stop(ctx, pull.Cause(ctx))
			return v, pull.Cause(ctx)
		}
	}
	r.stop(ctx, pull.ErrStopped)
	switch {
	case r.winner >= 0:
		return v, nil
	case len(r.failures) == 0:
		return v, io.EOF
	case len(r.failures) == 1:
		return v, r.failures[0]
	}
	return v, errors.Join(r.failures...)
}

// start calls every source, under a context of its own.
func (r *race[T]) start(ctx context.Context) {
	r.runs = make(chan lap[T], len(r.srcs))
	r.running = len(r.srcs)
	for i, src := range r.srcs {
		own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
		r.cancels = append(r.cancels, cancel)
		go func() { r.runs <- run(own, i, src) }()
	}
}

// run calls src for its first value.
func run[T any](own context.Context, i int, src pull.Source[T]) (l lap[T]) {
	returned := false
	defer func() {
		if returned {
			return
		}
		l = lap[T]{i: i, err: crash(recover())}
		defer func() { _ = recover() }() // one panic is enough
		l.release = pull.AbortIn(own, src, l.err)
	}()
	v, err := src(own)
	returned = true
	l = lap[T]{i: i, v: v, err: err}
	if err != nil && own.Err() != nil {
		l.err, l.release = io.EOF, stage.Judge(err, pull.Cause(own))
	}
	return l
}

// errExited stands for a goroutine that was ended by runtime.Goexit.
var errExited = errors.New("fan: runtime.Goexit in a source")

// crash makes an error of what recover returned in a goroutine's last moments.
func crash(value any) error {
	if value == nil {
		value = errExited
	}
	return pull.NewPanicError(value)
}

// stop ends all sources but the winner, and waits for them.
func (r *race[T]) stop(ctx context.Context, cause error) {
	for i, cancel := range r.cancels {
		if i != r.winner {
			cancel(cause)
		}
	}
	for ; r.running > 0; r.running-- {
		l := <-r.runs
		if l.err != nil {
			r.lose(l)
			continue
		}
		r.gone(l.i, pull.AbortIn(ctx, r.srcs[l.i], cause))
	}
	for _, cancel := range r.cancels {
		cancel(cause) // the winner's call is over
	}
	r.cancels, r.runs = nil, nil
}

// lose takes out a source that has ended instead of returning a value.
func (r *race[T]) lose(l lap[T]) {
	if l.err != io.EOF {
		r.failures = append(r.failures, l.err)
	}
	r.gone(l.i, l.release)
}

// gone notes that source i has ended, and what went wrong in its release.
func (r *race[T]) gone(i int, err error) {
	r.Ended(i)
	r.srcs[i] = nil
	r.Note(err)
}
