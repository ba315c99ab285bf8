package pull

import (
	"context"
	"errors"
	"io"
)

var errPanicked = errors.New("pull: source panicked in an earlier call")

// From makes a source of f, which is called for each value and may return
// io.EOF for the end, and of release, which runs exactly once when the source
// ends, however it ends, with the reason: io.EOF at a clean end, f's failure,
// or the cause of the abort. A nil release means nothing to let go of.
//
// From adds what a plain function lacks: an aborted source never calls f, the
// first error is final, an abort returns context.Cause(ctx) whatever f made of
// its context, and a release that fails becomes a [ReleaseError]; one that f
// returns, because it reads another source, is kept. f should honour its
// context, else an abort waits for it.
//
// If f already holds something before the first call (a connection, a file),
// the source must be aborted even if it is never read.
func From[T any](
	f func(ctx context.Context) (T, error), release func(cause error) error,
) Source[T] {
	s := &fromSource[T]{f: f, release: release}
	return s.next
}

type fromSource[T any] struct {
	f       func(ctx context.Context) (T, error)
	release func(cause error) error
	end     error
	running bool // still set on entry: f panicked in an earlier call
}

func (s *fromSource[T]) next(ctx context.Context) (T, error) {
	var zero T
	switch {
	case s.end != nil:
		return zero, s.end
	case ctx.Err() != nil:
		return zero, s.finish(Cause(ctx), nil)
	case s.running:
		return zero, s.finish(errPanicked, nil)
	}
	s.running = true
	v, err := s.f(ctx)
	s.running = false
	switch {
	case err == nil:
		return v, nil
	case ctx.Err() != nil:
		var inner *ReleaseError
		if errors.As(err, &inner) {
			return zero, s.finish(Cause(ctx), inner.Err)
		}
		err = Cause(ctx)
	}
	return zero, s.finish(err, nil)
}

// finish ends the source with err and releases once; trouble is what f could
// not release. The end is set first, so that a release which panics leaves an
// ended source behind.
func (s *fromSource[T]) finish(err, trouble error) error {
	release := s.release
	s.end, s.f, s.release = err, nil, nil
	if err == io.EOF {
		s.end = errPanicked // until the release has returned
	}
	if release != nil {
		switch rerr := release(err); {
		case rerr == nil:
		case trouble == nil || errors.Is(rerr, trouble): // as when it aborts what f reads
			trouble = rerr
		default:
			trouble = errors.Join(trouble, rerr)
		}
	}
	if trouble != nil {
		err = &ReleaseError{Cause: err, Err: trouble}
	}
	s.end = err
	return err
}
