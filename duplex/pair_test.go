package duplex_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
)

var errBoom = errors.New("boom")

// probe is a source that records how it was ended.
type probe struct {
	vals    []int
	end     error // after vals; nil means it blocks
	calls   int
	aborted []error
}

func (p *probe) next(ctx context.Context) (int, error) {
	p.calls++
	if ctx.Err() != nil {
		p.aborted = append(p.aborted, pull.Cause(ctx))
		p.vals, p.end = nil, pull.Cause(ctx)
	}
	if len(p.vals) > 0 {
		v := p.vals[0]
		p.vals = p.vals[1:]
		return v, nil
	}
	if p.end == nil {
		<-ctx.Done()
		p.aborted = append(p.aborted, pull.Cause(ctx))
		p.end = pull.Cause(ctx)
	}
	return 0, p.end
}

// async runs f beside the test and returns what waits for its result.
func async(f func() error) (result func() error) {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return func() error { return <-c }
}

func canceled(cause error) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	return ctx
}

// row: F5
func TestPairCarriesBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		a, b := duplex.Pair[int, string]()
		toB := async(func() error { return a.Sink(ctx, pull.Values("x", "y")) })
		toA := async(func() error { return b.Sink(ctx, pull.Count(3)) })
		ints, err := pull.Collect(ctx, a.Source)
		require.NoError(t, err)
		strings, err := pull.Collect(ctx, b.Source)
		require.NoError(t, err)
		assert.Equal(t, []int{0, 1, 2}, ints)
		assert.Equal(t, []string{"x", "y"}, strings)
		assert.NoError(t, toA())
		assert.NoError(t, toB())
		_, err = a.Source(ctx)
		assert.Equal(t, io.EOF, err, "the end is final")
	})
}

func TestPairHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair[int, int]()
		p := &probe{vals: []int{1, 2, 3}, end: io.EOF}
		sent := async(func() error { return b.Sink(t.Context(), p.next) })
		synctest.Wait()
		assert.Zero(t, p.calls, "pulled before anyone read")
		for want := 1; want <= 3; want++ {
			v, err := a.Source(t.Context())
			require.NoError(t, err)
			assert.Equal(t, want, v)
			synctest.Wait()
			assert.Equal(t, want, p.calls, "read ahead")
		}
		assert.Equal(t, io.EOF, second(a.Source(t.Context())))
		assert.NoError(t, sent())
	})
}

func second[T any](_ T, err error) error { return err }

// row: F5
func TestPairFailureReachesTheReader(t *testing.T) {
	a, b := duplex.Pair[int, int]()
	p := &probe{vals: []int{1}, end: errBoom}
	sent := async(func() error { return b.Sink(t.Context(), p.next) })
	got, err := pull.Collect(t.Context(), a.Source)
	assert.Equal(t, []int{1}, got)
	assert.Equal(t, errBoom, err)
	assert.Equal(t, errBoom, sent())
	calls := p.calls
	assert.Equal(t, errBoom, second(a.Source(t.Context())))
	assert.Equal(t, calls, p.calls, "a failed source was called again")
}

func TestPairAbortAfterAFailureIsNoNews(t *testing.T) {
	a, b := duplex.Pair[int, int]()
	failed := fmt.Errorf("reading: %w", errBoom)
	sent := async(func() error { return b.Sink(t.Context(), pull.Error[int](failed)) })
	assert.Equal(t, failed, second(a.Source(t.Context())))
	assert.NoError(t, pull.Abort(a.Source, nil))
	assert.Equal(t, failed, sent())
}

// row: A12, F5
func TestPairReaderAborts(t *testing.T) {
	for _, cause := range []error{errBoom, pull.ErrStopped} {
		for name, before := range map[string]int{"first call": 0, "between": 1} {
			t.Run(name+" "+cause.Error(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, b := duplex.Pair[int, int]()
					p := &probe{vals: []int{1, 2, 3}}
					sent := async(func() error { return b.Sink(t.Context(), p.next) })
					synctest.Wait()
					for range before {
						require.NoError(t, second(a.Source(t.Context())))
					}
					assert.NoError(t, pull.Abort(a.Source, cause))
					assert.Equal(t, []error{cause}, p.aborted, "upstream ends before the call returns")
					assert.Equal(t, cause, sent())
				})
			})
		}
	}
}

func TestPairReaderAbortsWhileBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair[int, int]()
		p := &probe{}
		sent := async(func() error { return b.Sink(t.Context(), p.next) })
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errBoom)
		defer cancel()
		assert.Equal(t, errBoom, second(a.Source(ctx)))
		assert.Equal(t, []error{errBoom}, p.aborted)
		assert.Equal(t, errBoom, sent())
	})
}

// row: F5
func TestPairReaderLeavesBeforeTheSinkComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair[int, int]()
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errBoom)
		defer cancel()
		assert.Equal(t, errBoom, second(a.Source(ctx)))
		p := &probe{vals: []int{1}}
		assert.Equal(t, errBoom, b.Sink(t.Context(), p.next))
		assert.Equal(t, []error{errBoom}, p.aborted)
		assert.Equal(t, 1, p.calls)
	})
}

func TestPairSinkCancelled(t *testing.T) {
	for _, reading := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			a, b := duplex.Pair[int, int]()
			p := &probe{}
			ctx, cancel := context.WithCancelCause(t.Context())
			sent := async(func() error { return b.Sink(ctx, p.next) })
			synctest.Wait()
			var got func() error
			read := func() error { return second(a.Source(t.Context())) }
			if reading {
				got = async(read)
				synctest.Wait()
			}
			cancel(io.EOF) // the worst of causes: it must not look like the end
			assert.Equal(t, pull.ErrStopped, sent())
			assert.Equal(t, []error{pull.ErrStopped}, p.aborted)
			if !reading {
				got = read
			}
			assert.Equal(t, pull.ErrStopped, got())
		})
	}
}

func TestPairCancelledSinkNeverLooksLikeTheEnd(t *testing.T) {
	a, b := duplex.Pair[int, int]()
	src := pull.Empty[int]()
	require.Equal(t, io.EOF, second(src(t.Context())))
	// What it lends says io.EOF whatever it is asked, but not because of this sink.
	assert.Equal(t, errBoom, b.Sink(canceled(errBoom), src))
	assert.Equal(t, errBoom, second(a.Source(t.Context())))
}

func TestPairBothCancelled(t *testing.T) {
	a, b := duplex.Pair[int, int]()
	p := &probe{}
	other := errors.New("other")
	sent := async(func() error { return b.Sink(canceled(other), p.next) })
	err := second(a.Source(canceled(errBoom)))
	assert.Contains(t, []error{errBoom, other}, err, "whichever came first")
	assert.Equal(t, err, second(a.Source(t.Context())), "final")
	assert.Equal(t, other, sent())
	assert.Len(t, p.aborted, 1)
}

func TestPairCancelAfterTheCallMeansNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair[int, int]()
		sent := async(func() error { return b.Sink(t.Context(), pull.Count(3)) })
		for range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			require.NoError(t, second(a.Source(ctx)))
			cancel()
			synctest.Wait()
		}
		assert.Equal(t, io.EOF, second(a.Source(t.Context())))
		assert.NoError(t, sent())
	})
}

// row: B6
// rule: 1.3, 1.10, 2.5, 2.12
func TestPairOverlapAndReuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair[int, int]()
		blocked := async(func() error { return second(a.Source(t.Context())) })
		synctest.Wait()
		assert.Equal(t, pull.ErrOverlap, second(a.Source(t.Context())))

		sent := async(func() error { return b.Sink(t.Context(), pull.Count(1)) })
		assert.NoError(t, blocked(), "an overlap is not the end")
		p := &probe{}
		assert.Equal(t, duplex.ErrUsed, b.Sink(t.Context(), p.next))
		assert.Equal(t, []error{duplex.ErrUsed}, p.aborted)
		assert.Equal(t, io.EOF, second(a.Source(t.Context())))
		assert.NoError(t, sent())
	})
}

func TestPairReleaseErrorReachesBoth(t *testing.T) {
	a, b := duplex.Pair[int, int]()
	failed := errors.New("release")
	src := pull.From(func(context.Context) (int, error) { return 1, nil },
		func(error) error { return failed })
	sent := async(func() error { return b.Sink(t.Context(), src) })
	require.NoError(t, second(a.Source(t.Context())))
	assert.ErrorIs(t, pull.Abort(a.Source, errBoom), failed)
	err := sent()
	assert.ErrorIs(t, err, failed)
	assert.ErrorIs(t, err, errBoom)
}

func TestPairPanicGoesToTheReader(t *testing.T) {
	a, b := duplex.Pair[int, int]()
	var aborted []error
	src := func(ctx context.Context) (int, error) {
		if ctx.Err() != nil {
			aborted = append(aborted, pull.Cause(ctx))
			return 0, pull.Cause(ctx)
		}
		panic("ouch")
	}
	sent := async(func() error { return b.Sink(t.Context(), src) })
	assert.PanicsWithValue(t, "ouch", func() { _, _ = a.Source(t.Context()) })
	var p *pull.PanicError
	require.ErrorAs(t, sent(), &p)
	assert.Equal(t, []error{p}, aborted)
	assert.Equal(t, error(p), second(a.Source(t.Context())))
}

func TestPairGoexitEndsBothSides(t *testing.T) {
	a, b := duplex.Pair[int, int]()
	src := func(ctx context.Context) (int, error) {
		if ctx.Err() == nil {
			runtime.Goexit()
		}
		return 0, pull.Cause(ctx)
	}
	sent := async(func() error { return b.Sink(t.Context(), src) })
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = a.Source(t.Context())
	}()
	<-gone
	assert.Error(t, sent())
	assert.NotEqual(t, io.EOF, second(a.Source(t.Context())))
}

func TestCloseEndsBothDirections(t *testing.T) {
	a, b := duplex.Pair[int, int]()
	require.NoError(t, a.Close(nil))
	require.NoError(t, a.Close(nil), "twice")
	assert.Equal(t, pull.ErrStopped, second(b.Source(t.Context())))
	p := &probe{vals: []int{1}}
	assert.Equal(t, pull.ErrStopped, b.Sink(t.Context(), p.next))
	assert.Equal(t, []error{pull.ErrStopped}, p.aborted)
	assert.NoError(t, duplex.Duplex[int, int]{}.Close(nil), "nothing there")
}
