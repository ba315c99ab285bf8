package pull

import (
	"context"
	"io"
)

// Values is the source of vs, in order. It does not copy vs and lets go of it
// at the end; do not change it meanwhile.
func Values[T any](vs ...T) Source[T] {
	var end error
	i := 0
	return func(ctx context.Context) (T, error) {
		// An ended source has no values left, so end need not be looked at.
		if i < len(vs) && ctx.Err() == nil {
			v := vs[i]
			i++
			return v, nil
		}
		vs = nil
		var zero T
		return zero, latch(ctx, &end)
	}
}

// Count is the source of 0, 1, … n-1; of nothing if n is 0 or less.
func Count(n int) Source[int] {
	var end error
	i := 0
	return func(ctx context.Context) (int, error) {
		if i < n && ctx.Err() == nil {
			v := i
			i++
			return v, nil
		}
		n = 0
		return 0, latch(ctx, &end)
	}
}

// Empty is the source that ends at once.
func Empty[T any]() Source[T] { return Values[T]() }

// Once is the source of v alone, whatever v is: a zero or nil v is a value too.
func Once[T any](v T) Source[T] { return Values(v) }

// Forever is the source of what f returns, call for call, without an end. For
// an f that can fail, wait or end use [From].
func Forever[T any](f func() T) Source[T] {
	return From(func(context.Context) (T, error) { return f(), nil }, nil)
}

// Error is the source that fails at once with err; io.EOF makes it the same
// as [Empty]. It panics if err is nil.
func Error[T any](err error) Source[T] {
	if err == nil {
		panic("pull: Error of a nil error")
	}
	return From(func(context.Context) (T, error) {
		var zero T
		return zero, err
	}, nil)
}

// latch is the end of a source that holds nothing: the first call that finds
// no value decides what it is.
func latch(ctx context.Context, end *error) error {
	if *end == nil {
		*end = io.EOF
		if ctx.Err() != nil {
			*end = Cause(ctx)
		}
	}
	return *end
}
