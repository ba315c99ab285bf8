package through

import (
	"context"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Scan folds the values of src as a reduce does, and returns every result: for
// each value v, f of the result before it (init for the first) and v. What is
// returned is also the state; f must not modify what it was given if the
// reader keeps it.
func Scan[T, A any](src pull.Source[T], init A, f func(A, T) A) pull.Source[A] {
	state := init
	return Map(src, func(v T) A {
		state = f(state, v)
		return state
	})
}

// Pairwise returns each value of src together with the one before it. There is
// one pair less than values; it remembers one value.
func Pairwise[T any](src pull.Source[T]) pull.Source[[2]T] {
	up := stage.Of(src)
	var last T
	begun := false
	return func(ctx context.Context) ([2]T, error) {
		if up.Stopped {
			return [2]T{}, up.Refuse(ctx)
		}
		for {
			v, err := up.Src(ctx)
			if err != nil {
				var zero T
				last = zero
				return [2]T{}, up.End(err)
			}
			pair, whole := [2]T{last, v}, begun
			last, begun = v, true
			if whole {
				return pair, nil
			}
		}
	}
}
