package pull_test

import (
	"context"
	"io"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
)

// row: F6
// rule: 1.9
func TestLateOpensAtTheFirstCall(t *testing.T) {
	p := &probe{n: 1}
	opened := 0
	src := pull.Late(func(context.Context) (pull.Source[int], error) {
		opened++
		return p.source(), nil
	})
	require.Zero(t, opened)
	vs, err := pull.Collect(context.Background(), src)
	require.NoError(t, err)
	require.Equal(t, []int{0}, vs)
	require.Equal(t, 1, opened)
	p.released(t, io.EOF)
}

// row: A10, F6
func TestLateAbortedOpensNothing(t *testing.T) {
	src := pull.Late(func(context.Context) (pull.Source[int], error) {
		t.Error("opened")
		return nil, nil
	})
	_, err := src(dead(errBoom))
	require.Equal(t, errBoom, err)
	_, err = src(context.Background())
	require.Equal(t, errBoom, err)
}

// row: F6
func TestLateThatCannotOpen(t *testing.T) {
	for name, opened := range map[string]struct {
		src pull.Source[int]
		err error
	}{
		"an error":       {nil, errBoom},
		"both":           {pull.Count(1), errBoom},
		"neither":        {nil, nil},
		"the end":        {nil, io.EOF},
		"nothing in it":  {pull.Empty[int](), nil},
		"an early death": {pull.Error[int](errBoom), nil},
	} {
		t.Run(name, func(t *testing.T) {
			src := pull.Late(func(context.Context) (pull.Source[int], error) {
				return opened.src, opened.err
			})
			_, err := src(context.Background())
			require.Error(t, err)
			_, again := src(context.Background())
			require.Equal(t, err, again)
		})
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	_, err := pull.Late(func(ctx context.Context) (pull.Source[int], error) {
		cancel(errBoom)
		return nil, ctx.Err()
	})(ctx)
	require.Equal(t, errBoom, err, "cancelled while it opens")

	p := &probe{n: 1}
	ctx, cancel = context.WithCancelCause(context.Background())
	_, err = pull.Late(func(context.Context) (pull.Source[int], error) {
		cancel(errBoom)
		return p.source(), nil
	})(ctx)
	require.Equal(t, errBoom, err, "cancelled, and opened all the same")
	p.released(t, errBoom)
}

func TestLatePanics(t *testing.T) {
	src := pull.Late(func(context.Context) (pull.Source[int], error) { panic("open") })
	require.PanicsWithValue(t, "open", func() { _, _ = src(context.Background()) })
	_, err := src(context.Background())
	require.Error(t, err)
	require.NotEqual(t, io.EOF, err)
}

// row: B10, H4
// rule: 1.11, 2.5
func TestRepeatMakesFreshSources(t *testing.T) {
	var made []*probe
	open := func(context.Context) (pull.Source[int], error) {
		made = append(made, &probe{n: 2})
		return made[len(made)-1].source(), nil
	}
	vs, err := pull.Collect(context.Background(), pull.Repeat(open, 3))
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 0, 1, 0, 1}, vs)
	require.Len(t, made, 3)
	for _, p := range made {
		p.released(t, io.EOF)
	}
	for _, n := range []int{0, -1} {
		vs, err = pull.Collect(context.Background(), pull.Repeat(open, n))
		require.NoError(t, err)
		require.Empty(t, vs)
	}
	require.Len(t, made, 3)
}

func TestRepeatStopsAtAFailure(t *testing.T) {
	n := 0
	src := pull.Repeat(func(context.Context) (pull.Source[int], error) {
		if n++; n == 2 {
			return (&probe{n: 1, end: errBoom}).source(), nil
		}
		return pull.Count(1), nil
	}, 5)
	vs, err := pull.Collect(context.Background(), src)
	require.Equal(t, errBoom, err)
	require.Equal(t, []int{0, 0}, vs)
	require.Equal(t, 2, n)
}

// row: I1
// rule: 3.2
func TestRepeatOfNothingCanBeAborted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	n := 0
	src := pull.Repeat(func(context.Context) (pull.Source[int], error) {
		if n++; n == 1_000_000 { // and the stack does not grow
			cancel(errBoom)
		}
		return pull.Empty[int](), nil
	}, math.MaxInt)
	_, err := src(ctx)
	require.Equal(t, errBoom, err)
	require.Equal(t, 1_000_000, n)
}

func TestTickerKeepsOneTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		src := pull.Ticker(time.Second)
		time.Sleep(time.Minute)
		start := time.Now()
		at := func() time.Duration {
			tick, err := src(ctx)
			require.NoError(t, err)
			require.WithinRange(t, tick, start, time.Now())
			return time.Since(start)
		}
		require.Equal(t, time.Second, at(), "it begins with the first call")
		require.Equal(t, 2*time.Second, at())
		time.Sleep(3500 * time.Millisecond)
		require.Equal(t, 5500*time.Millisecond, at(), "one has waited")
		require.Equal(t, 6*time.Second, at(), "and two are gone")
		ctx, cancel := context.WithTimeoutCause(ctx, time.Millisecond, errBoom)
		defer cancel()
		_, err := src(ctx)
		require.Equal(t, errBoom, err)
		require.Equal(t, 6001*time.Millisecond, time.Since(start))
	})
	require.Panics(t, func() { pull.Ticker(0) })
	require.Panics(t, func() { pull.Ticker(-1) })
}

// row: C2, C4
func TestKeysAndEntries(t *testing.T) {
	m := map[string]int{"a": 1, "b": 2, "c": 3}
	keys, err := pull.Collect(context.Background(), pull.Keys(m))
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"a", "b", "c"}, keys)
	back, err := pull.ToMap(context.Background(), pull.Entries(m),
		func(e pull.KeyValue[string, int]) (string, int) { return e.Key, e.Value })
	require.NoError(t, err)
	require.Equal(t, m, back)
	n, err := pull.Len(context.Background(), pull.Keys(map[int]int(nil)))
	require.NoError(t, err)
	require.Zero(t, n)
}

// row: C5, C10
func TestOnceOfAnything(t *testing.T) {
	vs, err := pull.Collect(context.Background(), pull.Once[error](nil))
	require.NoError(t, err)
	require.Equal(t, []error{nil}, vs)
}

// row: C7
func TestForeverUntilItIsEnough(t *testing.T) {
	p := 0
	v, ok, err := pull.Find(context.Background(), pull.Forever(func() int { p++; return p }),
		func(v int) bool { return v == 1_000_000 })
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, 1_000_000, v)
	require.Equal(t, v, p, "and no further")
}
