package pull_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
)

// row: A13
// rule: 3.6, 3.7
func TestAbortSaysOnlyWhatIsNews(t *testing.T) {
	ctx := context.Background()
	wrapped := &fs.PathError{Op: "read", Path: "x", Err: errBoom}

	t.Run("an old failure that wraps something", func(t *testing.T) {
		src := (&probe{end: wrapped}).source()
		_, err := src(ctx)
		require.Equal(t, wrapped, err)
		require.NoError(t, pull.Abort(src, errClose))
	})
	t.Run("a failed release", func(t *testing.T) {
		p := &probe{n: 1, close: errClose}
		src := p.source()
		err := pull.Abort(src, errBoom)
		require.ErrorIs(t, err, errBoom)
		require.ErrorIs(t, err, errClose)
		require.Equal(t, err, pull.Abort(src, errBoom), "said again")
		p.released(t, errBoom)
	})
	t.Run("a release error of another type", func(t *testing.T) {
		src := pull.Source[int](func(ctx context.Context) (int, error) {
			return 0, fmt.Errorf("closing after %w: %w", ctx.Err(), errClose)
		})
		var release *pull.ReleaseError
		err := pull.Abort(src, errBoom)
		require.ErrorAs(t, err, &release)
		require.Equal(t, errBoom, release.Cause)
		require.ErrorIs(t, err, errClose)
	})
	t.Run("the context's error in other words", func(t *testing.T) {
		src := pull.Source[int](func(ctx context.Context) (int, error) {
			return 0, fmt.Errorf("reading: %w", ctx.Err())
		})
		require.NoError(t, pull.Abort(src, errBoom))
	})
	t.Run("a release that ran out of time", func(t *testing.T) {
		src := pull.From(func(context.Context) (int, error) { return 0, io.EOF },
			func(error) error { return context.DeadlineExceeded })
		require.ErrorIs(t, pull.Abort(src, nil), context.DeadlineExceeded)
	})
	t.Run("overlap", func(t *testing.T) {
		src := func(context.Context) (int, error) { return 0, pull.ErrOverlap }
		require.Equal(t, pull.ErrOverlap, pull.Abort(src, nil))
	})
	t.Run("a value", func(t *testing.T) {
		src := func(context.Context) (int, error) { return 0, nil }
		require.Error(t, pull.Abort(src, nil))
	})
}

// An incomparable error panics where it is compared with itself.
type incomparable []error

func (incomparable) Error() string { return "several" }

func TestAbortWithAnIncomparableCause(t *testing.T) {
	p := &probe{n: 1}
	require.NoError(t, pull.Abort(p.source(), incomparable{errBoom}))
	require.Len(t, p.causes, 1)

	err := pull.Each(context.Background(), (&probe{n: 1, close: errClose}).source(),
		func(int) error { return incomparable{errBoom} })
	require.ErrorIs(t, err, errClose)
}

// row: A12
func TestAbortInCarriesValuesAndCause(t *testing.T) {
	type key struct{}
	parent, cancel := context.WithCancelCause(context.WithValue(context.Background(), key{}, 1))
	cancel(errors.New("of the parent"))
	src := func(ctx context.Context) (int, error) {
		require.Equal(t, 1, ctx.Value(key{}))
		require.Error(t, ctx.Err())
		child, stop := context.WithCancel(ctx)
		defer stop()
		require.Equal(t, errBoom, context.Cause(child))
		<-child.Done()
		return 0, pull.Cause(ctx)
	}
	require.NoError(t, pull.AbortIn(parent, src, errBoom))
}

func TestCauseIsNeverAnEnd(t *testing.T) {
	require.Equal(t, pull.ErrStopped, pull.Cause(dead(io.EOF)))
	require.Equal(t, context.Canceled, pull.Cause(dead(nil)))
	var seen error
	src := func(ctx context.Context) (int, error) {
		seen = context.Cause(ctx)
		return 0, seen
	}
	for _, cause := range []error{nil, io.EOF} {
		require.NoError(t, pull.Abort(src, cause))
		require.Equal(t, pull.ErrStopped, seen)
	}
}

func TestErrorsMatch(t *testing.T) {
	e := &pull.ReleaseError{Cause: io.EOF, Err: errClose}
	require.NotErrorIs(t, e, io.EOF)
	require.ErrorIs(t, e, errClose)
	require.Contains(t, e.Error(), "close failed")

	require.ErrorIs(t, pull.NewPanicError(errBoom), errBoom)
	require.NotErrorIs(t, pull.NewPanicError(io.EOF), io.EOF)
	p := pull.NewPanicError("text")
	require.Contains(t, p.Error(), "text")
	require.Contains(t, string(p.Stack), "TestErrorsMatch")
}
