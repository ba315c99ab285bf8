package pull_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
)

// sinks are all that read ints, as one shape.
func sinks() map[string]pull.Sink[int] {
	return map[string]pull.Sink[int]{
		"Each": func(ctx context.Context, src pull.Source[int]) error {
			return pull.Each(ctx, src, func(int) error { return nil })
		},
		"Collect": func(ctx context.Context, src pull.Source[int]) error {
			_, err := pull.Collect(ctx, src)
			return err
		},
		"Reduce": func(ctx context.Context, src pull.Source[int]) error {
			_, err := pull.Reduce(ctx, src, 0, func(a, v int) int { return a + v })
			return err
		},
		"Drain": pull.Drain[int],
		"All": func(ctx context.Context, src pull.Source[int]) (last error) {
			for _, err := range src.All(ctx) {
				last = err
			}
			return last
		},
	}
}

func TestSinksReadToTheEnd(t *testing.T) {
	for name, sink := range sinks() {
		t.Run(name, func(t *testing.T) {
			p := &probe{n: 3}
			require.NoError(t, sink(context.Background(), p.source()))
			require.Equal(t, []error{io.EOF}, p.causes)

			p = &probe{n: 3, end: errBoom}
			require.Equal(t, errBoom, sink(context.Background(), p.source()))
			require.Equal(t, 4, p.calls)
		})
	}
}

// row: E4
func TestSinksUnderADeadContext(t *testing.T) {
	for name, sink := range sinks() {
		t.Run(name, func(t *testing.T) {
			for cause, want := range map[error]error{
				errBoom: errBoom, io.EOF: pull.ErrStopped, pull.ErrStopped: pull.ErrStopped,
			} {
				p := &probe{n: 3}
				require.Equal(t, want, sink(dead(cause), p.source()))
				require.Zero(t, p.calls)
				p.released(t, want)
			}
			require.Equal(t, errBoom, sink(dead(errBoom), ended(t)))
			// Sources that make something else of their context.
			sloppy := func(ctx context.Context) (int, error) {
				return 0, fmt.Errorf("read: %w", ctx.Err())
			}
			require.Equal(t, errBoom, sink(dead(errBoom), sloppy))
			err := sink(dead(errBoom), (&probe{close: errClose}).source())
			require.ErrorIs(t, err, errClose, "a failed release is not hidden")
			require.ErrorIs(t, err, errBoom)
			err = sink(dead(errBoom), (&probe{close: context.Canceled}).source())
			require.ErrorIs(t, err, context.Canceled, "not even where it looks like the abort")
		})
	}
}

func ended(t *testing.T) pull.Source[int] {
	src := pull.Empty[int]()
	require.NoError(t, pull.Drain(context.Background(), src))
	return src
}

// row: E3
func TestSinksCancelledAtWork(t *testing.T) {
	for name, sink := range sinks() {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(context.Background())
			var causes []error
			i := 0
			src := pull.From(func(context.Context) (int, error) {
				if i++; i == 3 {
					cancel(errBoom)
				}
				return i, nil
			}, func(cause error) error { causes = append(causes, cause); return nil })
			require.Equal(t, errBoom, sink(ctx, src))
			require.Equal(t, []error{errBoom}, causes)
			require.Equal(t, 3, i)
		})
	}
}

// row: E1, E2
func TestEachStops(t *testing.T) {
	ctx := context.Background()
	wrapped := fmt.Errorf("wrapped: %w", pull.ErrStopped)
	for _, c := range []struct {
		name    string
		f, want error
	}{
		{"stopped", pull.ErrStopped, nil},
		{"failed", errBoom, errBoom},
		{"wrapped", wrapped, wrapped},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &probe{n: 3}
			err := pull.Each(ctx, p.source(), func(v int) error {
				if v == 1 {
					return c.f
				}
				return nil
			})
			require.Equal(t, c.want, err)
			require.Equal(t, 2, p.calls)
			p.released(t, c.f)

			p = &probe{n: 3, close: errClose}
			err = pull.Each(ctx, p.source(), func(int) error { return c.f })
			require.ErrorIs(t, err, errClose)
			require.ErrorIs(t, err, c.f)
			require.Len(t, p.causes, 1)
		})
	}
	t.Run("cancelled by f", func(t *testing.T) {
		for _, ferr := range []error{errClose, pull.ErrStopped, context.Canceled} {
			own, cancel := context.WithCancelCause(ctx)
			p := &probe{n: 3}
			err := pull.Each(own, p.source(), func(int) error { cancel(errBoom); return ferr })
			require.Equal(t, errBoom, err)
			p.released(t, errBoom)
		}
	})
}

// row: E6, E7, A14
// rule: 4.2
func TestPartialResults(t *testing.T) {
	ctx := context.Background()
	vs, err := pull.Collect(ctx, (&probe{n: 2, end: errBoom}).source())
	assert.Equal(t, errBoom, err)
	assert.Equal(t, []int{0, 1}, vs)
	sum, err := pull.Reduce(ctx, (&probe{n: 3, end: errBoom}).source(), 10,
		func(a, v int) int { return a + v })
	assert.Equal(t, errBoom, err)
	assert.Equal(t, 13, sum)
	vs, err = pull.Collect(ctx, pull.Empty[int]())
	assert.NoError(t, err)
	assert.Nil(t, vs)
}

// row: D2
// rule: 2.13
func TestSinkPanicsAbortAndGoOn(t *testing.T) {
	ctx := context.Background()
	bad := func() { panic("user") }
	panics := map[string]func(src pull.Source[int]){
		"Each": func(src pull.Source[int]) {
			_ = pull.Each(ctx, src, func(int) error { bad(); return nil })
		},
		"Reduce": func(src pull.Source[int]) {
			_, _ = pull.Reduce(ctx, src, 0, func(int, int) int { bad(); return 0 })
		},
		"All": func(src pull.Source[int]) {
			for range src.All(ctx) {
				bad()
			}
		},
	}
	for name, run := range panics {
		t.Run(name, func(t *testing.T) {
			p := &probe{n: 3, close: errClose}
			require.PanicsWithValue(t, "user", func() { run(p.source()) })
			require.Len(t, p.causes, 1)
			var perr *pull.PanicError
			require.ErrorAs(t, p.causes[0], &perr)
			require.Equal(t, "user", perr.Value)
			require.Contains(t, string(perr.Stack), "TestSinkPanicsAbortAndGoOn")
		})
	}
	for name, sink := range sinks() {
		t.Run(name+" over a panicking source", func(t *testing.T) {
			var causes []error
			src := pull.From(func(context.Context) (int, error) { panic("source") },
				func(cause error) error { causes = append(causes, cause); return nil })
			require.PanicsWithValue(t, "source", func() { _ = sink(ctx, src) })
			require.Len(t, causes, 1)
		})
	}
}

func TestSinkAbortsAtGoexit(t *testing.T) {
	p := &probe{n: 3}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = pull.Each(context.Background(), p.source(), func(int) error { runtime.Goexit(); return nil })
	}()
	<-exited
	require.Len(t, p.causes, 1)
	require.Error(t, p.causes[0])
	require.NotErrorIs(t, p.causes[0], pull.ErrStopped)
}

func TestAll(t *testing.T) {
	ctx := context.Background()
	t.Run("break", func(t *testing.T) {
		p := &probe{n: 3}
		for v, err := range p.source().All(ctx) {
			require.NoError(t, err)
			if v == 1 {
				break
			}
		}
		p.released(t, pull.ErrStopped)
		require.Equal(t, 2, p.calls)
	})
	t.Run("failure is the last pair", func(t *testing.T) {
		var errs []error
		for v, err := range (&probe{n: 2, end: errBoom}).source().All(ctx) {
			if err != nil {
				require.Zero(t, v)
			}
			errs = append(errs, err)
		}
		require.Equal(t, []error{nil, nil, errBoom}, errs)
	})
	t.Run("break at the failure", func(t *testing.T) {
		p := &probe{end: errBoom}
		for _, err := range p.source().All(ctx) {
			require.Equal(t, errBoom, err)
			break
		}
		require.Len(t, p.causes, 1)
	})
	t.Run("reads nothing before it is ranged over", func(t *testing.T) {
		p := &probe{n: 1}
		_ = p.source().All(ctx)
		require.Zero(t, p.calls)
	})
}

func TestOverlapIsPassedOnWithoutAnAbort(t *testing.T) {
	calls := 0
	src := func(context.Context) (int, error) { calls++; return 0, pull.ErrOverlap }
	err := pull.Drain(context.Background(), src)
	require.True(t, errors.Is(err, pull.ErrOverlap))
	require.Equal(t, 1, calls)
}
