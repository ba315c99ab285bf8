package window

import (
	"context"
	"errors"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/internal/stage"
)

// Tumbling returns the values of src in windows of n, each value in one of
// them; the last may be shorter. It is through.Batch by the name it has among
// windows.
func Tumbling[T any](src pull.Source[T], n int) pull.Source[[]T] { return through.Batch(src, n) }

// Sliding returns windows of n values (less than 1 means 1), each beginning
// step values (less than 1 means 1) behind the one before. With a step of less
// than n they overlap; with one of more, the values between are discarded. At
// the end or before a failure a shorter window comes if it holds a value that
// has been in none.
//
// It holds less than n values between calls.
func Sliding[T any](src pull.Source[T], n, step int) pull.Source[[]T] {
	s := &sliding[T]{Upstream: stage.Of(src), n: max(n, 1), step: max(step, 1)}
	return s.next
}

type sliding[T any] struct {
	*stage.Upstream[T]
	n, step int
	held    []T // the beginning of the next window
	skip    int // how many values there are before it
}

func (s *sliding[T]) next(ctx context.Context) ([]T, error) {
	if s.Stopped {
		return nil, s.Refuse(ctx)
	}
	for fresh := false; ; {
		v, err := s.Src(ctx)
		switch {
		case err != nil && (!fresh || cut(ctx, err)):
			s.held = nil
			return nil, s.End(err)
		case err != nil:
			s.Last(err)
			return s.held, nil
		case s.skip > 0:
			s.skip--
			continue
		}
		s.held, fresh = append(s.held, v), true
		if len(s.held) == s.n {
			return s.slide(), nil
		}
	}
}

// slide returns the window that is held, and begins the next one.
func (s *sliding[T]) slide() []T {
	window := s.held
	if s.step >= s.n {
		s.held, s.skip = nil, s.step-s.n
	} else {
		s.held = append(make([]T, 0, s.n), window[s.step:]...)
	}
	return window
}

// cut reports whether err is the end of a stream that was aborted.
func cut(ctx context.Context, err error) bool { return err != io.EOF && ctx.Err() != nil }

// Reduce returns, for each value from the n-th on (less than 1 means 1), what f
// makes of the last n values, oldest first, starting with init: a moving
// average, say. If src ends or fails with less than n values, these are
// reduced before that.
//
// It holds n values, and calls f n times a value; f must not modify init.
func Reduce[T, A any](src pull.Source[T], n int, init A, f func(A, T) A) pull.Source[A] {
	r := &reduce[T, A]{Upstream: stage.Of(src), n: max(n, 1), init: init, f: f}
	return r.next
}

var errPanicked = errors.New("window: the function of the last window panicked")

type reduce[T, A any] struct {
	*stage.Upstream[T]
	n      int
	init   A
	f      func(A, T) A
	ring   []T
	oldest int
}

func (r *reduce[T, A]) next(ctx context.Context) (A, error) {
	var zero A
	if r.Stopped {
		return zero, r.Refuse(ctx)
	}
	for {
		v, err := r.Src(ctx)
		switch {
		case err != nil && (len(r.ring) == 0 || len(r.ring) == r.n || cut(ctx, err)):
			r.ring = nil
			return zero, r.End(err)
		case err != nil:
			r.Last(errPanicked) // stands only if f panics
			a := r.fold()
			r.Last(err)
			return a, nil
		case len(r.ring) == r.n:
			r.ring[r.oldest] = v
			r.oldest = (r.oldest + 1) % r.n
		default:
			r.ring = append(r.ring, v)
		}
		if len(r.ring) == r.n {
			r.Stopped = true
			a := r.fold()
			r.Stopped = false
			return a, nil
		}
	}
}

func (r *reduce[T, A]) fold() A {
	a := r.init
	for i := range r.ring {
		a = r.f(a, r.ring[(r.oldest+i)%len(r.ring)])
	}
	return a
}
