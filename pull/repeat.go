package pull

import (
	"context"
	"errors"
	"io"
)

var errNoSource = errors.New("pull: no source was opened")

// Late is the source that open makes in the first call, under that call's
// context; what open may open (a file, a connection) is so not held before. An
// error of open is the source's end. After open has returned, its context
// means nothing to it any more: the source made must not depend on it.
//
// An aborted source never calls open. A panic of open reaches the caller, and
// the source has then failed.
func Late[T any](open func(ctx context.Context) (Source[T], error)) Source[T] {
	return Repeat(open, 1)
}

// Repeat is n sources in turn, each made by open as [Late] does, when the one
// before has ended: the first failure, of a source or of open, ends it all. At
// most one of them is open at any time. Of nothing if n is 0 or less; for ever
// is math.MaxInt. An abort ends the one that is open.
//
// Sources that are empty for ever are no way out: Repeat looks at the context
// before each, so that an abort ends it.
func Repeat[T any](open func(ctx context.Context) (Source[T], error), n int) Source[T] {
	r := &repeated[T]{open: open, left: n}
	return r.next
}

type repeated[T any] struct {
	open func(ctx context.Context) (Source[T], error)
	left int       // how many are still to be opened
	src  Source[T] // the one that is open
	end  error
}

func (r *repeated[T]) next(ctx context.Context) (T, error) {
	var zero T
	if r.end != nil {
		return zero, r.end
	}
	for {
		if r.src == nil {
			if r.end = r.reopen(ctx); r.end != nil {
				r.open = nil
				return zero, r.end
			}
		}
		v, err := r.src(ctx)
		switch err {
		case nil:
			return v, nil
		case io.EOF:
			r.src = nil
		default:
			r.src, r.open, r.end = nil, nil, err
			return zero, err
		}
	}
}

// reopen makes the next source, or returns why there is none.
func (r *repeated[T]) reopen(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return Cause(ctx)
	case r.left <= 0:
		return io.EOF
	}
	r.left--
	r.end = errPanicked // stands only if open panics
	src, err := r.open(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return Cause(ctx)
	case err != nil:
		return err
	case src == nil:
		return errNoSource
	}
	r.src = src
	return nil
}
