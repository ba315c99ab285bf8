package fan

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/internal/stage"
)

// CombineLatest returns, whenever a value of a or b arrives, the latest value
// of both, once both have one. Each value of a source takes part, so a source
// is held back by a slow reader: up to 2 values of each are read ahead.
//
// The end comes when both have ended, or when one ends without a value, since
// there is no pair then; the other is aborted. A failure ends the stream after
// the pairs of what had arrived before it. Goroutines, panics: as in [Merge].
func CombineLatest[A, B any](a pull.Source[A], b pull.Source[B]) pull.Source[Pair[A, B]] {
	type either struct {
		Pair[A, B]
		second bool
	}
	both := ahead([]pull.Source[either]{
		through.Map(notEmpty(a), func(v A) either { return either{Pair: Pair[A, B]{A: v}} }),
		through.Map(notEmpty(b), func(v B) either {
			return either{Pair: Pair[A, B]{B: v}, second: true}
		}),
	}, 1)
	var latest Pair[A, B]
	var hasA, hasB bool
	return latestOf(both, func(v either) (Pair[A, B], bool) {
		if v.second {
			latest.B, hasB = v.B, true
		} else {
			latest.A, hasA = v.A, true
		}
		return latest, hasA && hasB
	})
}

// CombineLatestAll is [CombineLatest] for any number of sources of one type.
// Each value is a new slice, as long as srcs. Without sources it ends at once.
func CombineLatestAll[T any](srcs ...pull.Source[T]) pull.Source[[]T] {
	type numbered struct {
		i int
		v T
	}
	tagged := make([]pull.Source[numbered], len(srcs))
	for i, src := range srcs {
		tagged[i] = through.Map(notEmpty(src), func(v T) numbered { return numbered{i, v} })
	}
	latest, has := make([]T, len(srcs)), make([]bool, len(srcs))
	return latestOf(ahead(tagged, 1), func(n numbered) ([]T, bool) {
		latest[n.i], has[n.i] = n.v, true
		if slices.Contains(has, false) {
			return nil, false
		}
		return slices.Clone(latest), true
	})
}

// errNothing is why the other sources are aborted when one ends without a value.
var errNothing = errors.New("fan: another source has ended without a value")

// notEmpty is src, except that an end without a value is a failure.
func notEmpty[T any](src pull.Source[T]) pull.Source[T] {
	empty := true
	return func(ctx context.Context) (T, error) {
		v, err := src(ctx)
		if empty && err == io.EOF {
			err = errNothing
		}
		empty = false
		return v, err
	}
}

// latestOf returns what add makes of each value, unless it says no.
func latestOf[A, B any](a *pull.Ahead[A], add func(A) (B, bool)) pull.Source[B] {
	var end error
	return func(ctx context.Context) (B, error) {
		var zero B
		for end == nil {
			v, err := a.Next(ctx)
			if err != nil {
				end = withoutNothing(err)
				break
			}
			if combined, ok := add(v); ok {
				return combined, nil
			}
		}
		return zero, end
	}
}

// withoutNothing makes a clean end of errNothing.
func withoutNothing(err error) error {
	release, ok := err.(*pull.ReleaseError)
	switch {
	case err == errNothing:
		return io.EOF
	case ok && release.Cause == errNothing:
		return stage.Released(release, io.EOF)
	}
	return err
}
