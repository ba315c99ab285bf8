package fan

import (
	"context"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// A Pair is a value of each of two sources.
type Pair[A, B any] struct {
	A A // of the first source
	B B // of the second
}

// Zip returns the first values of a and b together, then the second ones, and
// so on. For each pair it reads a, then b, and nothing ahead. The end of one is
// the end; the other one is aborted with [pull.ErrStopped]. Where a has a value
// and b has none, that value is dropped.
func Zip[A, B any](a pull.Source[A], b pull.Source[B]) pull.Source[Pair[A, B]] {
	var many stage.Many
	first, second := stage.Add(&many, a), stage.Add(&many, b)
	return stage.Run(&many, func(ctx context.Context) (Pair[A, B], error) {
		va, err := a(ctx)
		if err != nil {
			many.Ended(first)
			return Pair[A, B]{}, err
		}
		vb, err := b(ctx)
		if err != nil {
			many.Ended(second)
			return Pair[A, B]{}, err
		}
		return Pair[A, B]{va, vb}, nil
	})
}

// ZipAll is [Zip] for any number of sources of one type. Each value is a new
// slice, as long as srcs. Without sources it ends at once.
func ZipAll[T any](srcs ...pull.Source[T]) pull.Source[[]T] {
	in := inputsOf(srcs)
	return stage.Run(&in.Many, func(ctx context.Context) ([]T, error) {
		if len(srcs) == 0 {
			return nil, io.EOF
		}
		row := make([]T, len(srcs))
		for i := range row {
			v, err := in.read(ctx, i)
			if err != nil {
				return nil, err
			}
			row[i] = v
		}
		return row, nil
	})
}
