package pull_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
)

// row: C1, A15
// rule: 1.5, 1.7
func TestSmallSourcesEndAndStayEnded(t *testing.T) {
	for name, fresh := range small() {
		t.Run(name, func(t *testing.T) {
			src := fresh()
			vs, err := pull.Collect(context.Background(), src)
			require.NoError(t, err)
			assert.Equal(t, []int{0, 1, 2}, vs)
			for range 2 {
				_, err = src(context.Background())
				assert.Equal(t, io.EOF, err)
			}
			_, err = src(dead(errBoom))
			assert.Equal(t, io.EOF, err, "an end is final, also under an abort")
			assert.NoError(t, pull.Abort(src, errBoom))
		})
	}
}

// row: C3, A11
func TestSmallSourcesAborted(t *testing.T) {
	causes := map[string]struct{ cause, want error }{
		"a cause": {errBoom, errBoom},
		"nil":     {nil, context.Canceled}, // CancelCauseFunc reads nil so
		"io.EOF":  {io.EOF, pull.ErrStopped},
	}
	for name, fresh := range small() {
		for what, c := range causes {
			for before := range 4 {
				t.Run(name+"/"+what, func(t *testing.T) {
					src := fresh()
					for i := range before {
						v, err := src(context.Background())
						require.NoError(t, err)
						require.Equal(t, i, v)
					}
					_, err := src(dead(c.cause))
					require.Equal(t, c.want, err)
					_, err = src(dead(errors.New("another")))
					require.Equal(t, c.want, err, "the first cause stays")
					v, err := src(context.Background())
					require.Equal(t, c.want, err)
					require.Zero(t, v)
				})
			}
		}
	}
}

func TestCancelBetweenCallsMeansNothing(t *testing.T) {
	for name, fresh := range small() {
		t.Run(name, func(t *testing.T) {
			src := fresh()
			for i := range 3 {
				ctx, cancel := context.WithCancel(context.Background())
				v, err := src(ctx)
				cancel()
				require.NoError(t, err)
				require.Equal(t, i, v)
			}
			_, err := src(context.Background())
			require.Equal(t, io.EOF, err)
		})
	}
}

// row: C6
func TestCountOfNothing(t *testing.T) {
	for _, n := range []int{0, -1} {
		vs, err := pull.Collect(context.Background(), pull.Count(n))
		assert.NoError(t, err)
		assert.Nil(t, vs)
	}
}

// row: C8, C9
func TestEmptyAndError(t *testing.T) {
	ctx := context.Background()
	_, err := pull.Empty[int]()(ctx)
	assert.Equal(t, io.EOF, err)
	_, err = pull.Empty[int]()(dead(errBoom))
	assert.Equal(t, errBoom, err)

	src := pull.Error[int](errBoom)
	for range 2 {
		_, err = src(ctx)
		assert.Equal(t, errBoom, err)
	}
	_, err = pull.Error[int](errBoom)(dead(errClose))
	assert.Equal(t, errClose, err, "aborted before it could fail")
	_, err = pull.Error[int](io.EOF)(ctx)
	assert.Equal(t, io.EOF, err)
	assert.Panics(t, func() { pull.Error[int](nil) })
}

func TestFromSeqIsLazyAndStopped(t *testing.T) {
	started, stopped := 0, 0
	seq := func(yield func(int) bool) {
		started++
		defer func() { stopped++ }()
		for i := 0; yield(i); i++ {
			continue
		}
	}
	src := pull.FromSeq(seq)
	require.NoError(t, pull.Abort(src, nil))
	require.Zero(t, started, "aborted before the first call")

	src = pull.FromSeq(seq)
	_, err := src(context.Background())
	require.NoError(t, err)
	require.Equal(t, 1, started)
	require.Zero(t, stopped)
	require.NoError(t, pull.Abort(src, errBoom))
	require.Equal(t, 1, stopped)
	require.NoError(t, pull.Abort(src, errBoom))
	require.Equal(t, 1, stopped)
}

func TestPanicOfASourceFunction(t *testing.T) {
	sources := map[string]func(released *int) pull.Source[int]{
		"FromSeq": func(*int) pull.Source[int] {
			return pull.FromSeq(func(func(int) bool) { panic("seq") })
		},
		"Generate": func(*int) pull.Source[int] {
			return pull.Generate(func(context.Context, func(int) bool) error { panic("gen") })
		},
		"From": func(released *int) pull.Source[int] {
			return pull.From(func(context.Context) (int, error) { panic("from") },
				func(error) error { *released++; return nil })
		},
	}
	for name, fresh := range sources {
		t.Run(name, func(t *testing.T) {
			released := 0
			src := fresh(&released)
			assert.Panics(t, func() { _, _ = src(context.Background()) })
			_, first := src(context.Background())
			assert.Error(t, first)
			assert.NotEqual(t, io.EOF, first)
			_, err := src(context.Background())
			assert.Equal(t, first, err)
			if name == "From" {
				assert.Equal(t, 1, released)
			}
			// And where an abort is what follows the panic:
			released = 0
			src = fresh(&released)
			assert.Panics(t, func() { _, _ = src(context.Background()) })
			_, err = src(dead(errBoom))
			assert.Equal(t, errBoom, err)
			if name == "From" {
				assert.Equal(t, 1, released)
			}
		})
	}
}

func TestFromChanClosedUnderADeadContext(t *testing.T) {
	ch := make(chan int)
	close(ch)
	src := pull.FromChan(ch)
	_, err := src(dead(errBoom))
	require.Equal(t, errBoom, err)
	_, err = src(context.Background())
	require.Equal(t, errBoom, err)
}

func TestFromChanLeavesValuesToOthers(t *testing.T) {
	ch := make(chan int, 1)
	ch <- 7
	require.NoError(t, pull.Abort(pull.FromChan(ch), nil))
	require.Len(t, ch, 1)
}

func TestPanicOfARelease(t *testing.T) {
	src := pull.From(pull.Empty[int](), func(error) error { panic("release") })
	assert.PanicsWithValue(t, "release", func() { _, _ = src(context.Background()) })
	_, err := src(context.Background())
	assert.Error(t, err)
	assert.NotEqual(t, io.EOF, err)
}

func TestFromReleasesOnce(t *testing.T) {
	ctx := context.Background()
	t.Run("end", func(t *testing.T) {
		p := &probe{n: 1}
		src := p.source()
		require.NoError(t, pull.Drain(ctx, src))
		require.NoError(t, pull.Abort(src, errBoom))
		require.Equal(t, []error{io.EOF}, p.causes)
		require.Equal(t, 2, p.calls)
	})
	t.Run("failure", func(t *testing.T) {
		p := &probe{n: 1, end: errBoom, close: errClose}
		err := pull.Drain(ctx, p.source())
		require.ErrorIs(t, err, errBoom)
		require.ErrorIs(t, err, errClose)
		p.released(t, errBoom)
	})
	t.Run("clean end with a failed release", func(t *testing.T) {
		p := &probe{close: errClose}
		err := pull.Drain(ctx, p.source())
		require.ErrorIs(t, err, errClose)
		require.NotErrorIs(t, err, io.EOF)
	})
	t.Run("before the first call", func(t *testing.T) {
		p := &probe{n: 1}
		_, err := p.source()(dead(errBoom))
		require.Equal(t, errBoom, err)
		require.Zero(t, p.calls)
		p.released(t, errBoom)
	})
	t.Run("interrupted, whatever f returns", func(t *testing.T) {
		own, cancel := context.WithCancelCause(ctx)
		src := pull.From(func(context.Context) (int, error) {
			cancel(errBoom)
			return 0, io.EOF
		}, nil)
		_, err := src(own)
		require.Equal(t, errBoom, err)
	})
}

// f may read another source, which is interrupted and cannot release.
func TestFromKeepsAReleaseErrorOfItsFunction(t *testing.T) {
	errInner, errOuter := errors.New("inner"), errors.New("outer")
	type releaseOf = func(inner pull.Source[int]) func(error) error
	fixed := func(err error) releaseOf {
		return func(pull.Source[int]) func(error) error {
			return func(error) error { return err }
		}
	}
	for name, release := range map[string]releaseOf{
		"no release":    func(pull.Source[int]) func(error) error { return nil },
		"release":       fixed(nil),
		"release fails": fixed(errOuter),
		"release aborts": func(inner pull.Source[int]) func(error) error {
			return func(cause error) error { return pull.Abort(inner, cause) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(context.Background())
			inner := pull.From(func(ctx context.Context) (int, error) {
				cancel(errBoom)
				return 0, pull.Cause(ctx)
			}, func(error) error { return errInner })
			src := pull.From(inner, release(inner))
			_, err := src(ctx)
			var rel *pull.ReleaseError
			require.ErrorAs(t, err, &rel)
			assert.Equal(t, errBoom, rel.Cause)
			require.ErrorIs(t, err, errInner)
			assert.Equal(t, name == "release fails", errors.Is(err, errOuter))
			assert.Equal(t, err, pull.Abort(src, nil), "told once more")
		})
	}
}
