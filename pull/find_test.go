package pull_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
)

// row: E10
// rule: 2.6
func TestFindStopsAtItsHit(t *testing.T) {
	is := func(want int) func(int) bool { return func(v int) bool { return v == want } }
	p := &probe{n: 5}
	v, ok, err := pull.Find(context.Background(), p.source(), is(2))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, 2, v)
	require.Equal(t, 3, p.calls)
	p.released(t, pull.ErrStopped)

	p = &probe{n: 2}
	_, ok, err = pull.Find(context.Background(), p.source(), is(2))
	require.NoError(t, err)
	require.False(t, ok)

	p = &probe{n: 5, close: errClose}
	v, ok, err = pull.Find(context.Background(), p.source(), is(2))
	require.ErrorIs(t, err, errClose)
	require.True(t, ok, "it was found all the same")
	require.Equal(t, 2, v)

	p = &probe{n: 1, end: errBoom}
	_, ok, err = pull.Find(context.Background(), p.source(), is(2))
	require.Equal(t, errBoom, err)
	require.False(t, ok)
}

// row: E8
func TestLastAndLen(t *testing.T) {
	ctx := context.Background()
	v, ok, err := pull.Last(ctx, pull.Values(3, 0))
	require.NoError(t, err)
	require.True(t, ok, "a zero value is a value")
	require.Zero(t, v)
	_, ok, err = pull.Last(ctx, pull.Empty[int]())
	require.NoError(t, err)
	require.False(t, ok)
	v, ok, err = pull.Last(ctx, (&probe{n: 2, end: errBoom}).source())
	require.Equal(t, errBoom, err)
	require.True(t, ok)
	require.Equal(t, 1, v)
	n, err := pull.Len(ctx, (&probe{n: 2, end: errBoom}).source())
	require.Equal(t, errBoom, err)
	require.Equal(t, 2, n)
}

func TestCollectNHasABound(t *testing.T) {
	for _, c := range []struct{ n, max, calls int }{
		{3, 3, 4}, {4, 3, 4}, {0, 0, 1}, {1, 0, 1}, {1, -1, 1}, {9, 3, 4},
	} {
		p := &probe{n: c.n}
		vs, err := pull.CollectN(context.Background(), p.source(), c.max)
		require.Len(t, vs, min(c.n, max(c.max, 0)))
		require.Equal(t, c.calls, p.calls)
		if c.n <= c.max {
			require.NoError(t, err)
			continue
		}
		var many *pull.TooManyError
		require.ErrorAs(t, err, &many)
		require.Equal(t, c.max, many.Max)
		p.released(t, many)
	}
}

func TestGroupHasABound(t *testing.T) {
	odd := func(v int) bool { return v%2 == 1 }
	groups, err := pull.Group(context.Background(), pull.Count(5), 5, odd)
	require.NoError(t, err)
	require.Equal(t, map[bool][]int{false: {0, 2, 4}, true: {1, 3}}, groups)

	p := &probe{n: 6}
	groups, err = pull.Group(context.Background(), p.source(), 5, odd)
	var many *pull.TooManyError
	require.ErrorAs(t, err, &many)
	require.Len(t, groups[false], 3)
	p.released(t, many)

	groups, err = pull.Group(context.Background(), pull.Empty[int](), 0, odd)
	require.NoError(t, err)
	require.NotNil(t, groups)
}

func TestToMapKeepsTheLast(t *testing.T) {
	m, err := pull.ToMap(context.Background(), (&probe{n: 5, end: errBoom}).source(),
		func(v int) (bool, int) { return v%2 == 1, v })
	require.Equal(t, errBoom, err)
	require.Equal(t, map[bool]int{false: 4, true: 3}, m)
}

func TestToChanInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		p := &probe{n: 5}
		ch := make(chan int, 1)
		errs := make(chan error)
		go func() { errs <- pull.ToChan(ctx, p.source(), ch) }()
		synctest.Wait()
		require.Equal(t, 2, p.calls, "one in the channel, one on its way")
		cancel(errBoom)
		require.Equal(t, errBoom, <-errs)
		p.released(t, errBoom)
		require.Equal(t, 0, <-ch)
		require.Empty(t, ch, "and it is open")
	})
}

func TestChan(t *testing.T) {
	for name, c := range map[string]struct {
		p     probe
		read  int // 0: to the end
		cause error
		want  error
	}{
		"to the end": {p: probe{n: 3}, cause: io.EOF},
		"a failure":  {p: probe{n: 3, end: errBoom}, cause: errBoom, want: errBoom},
		"left":       {p: probe{n: 3}, read: 1, cause: pull.ErrStopped},
		"a release failed": {p: probe{n: 3, close: errClose}, read: 1,
			cause: pull.ErrStopped, want: errClose},
		"the last was read":  {p: probe{n: 3, end: errBoom}, read: 3, cause: errBoom, want: errBoom},
		"nothing to be read": {cause: io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ch, stop := pull.Chan(context.Background(), c.p.source())
				n := 0
				for v := range ch {
					require.Equal(t, n, v)
					if n++; n == c.read {
						break
					}
				}
				synctest.Wait()
				for range 2 {
					err := stop()
					if c.want == nil {
						require.NoError(t, err)
					}
					require.ErrorIs(t, err, c.want)
				}
				c.p.released(t, c.cause)
				_, open := <-ch
				require.False(t, open)
			})
		})
	}
}

func TestChanCancelled(t *testing.T) {
	for _, cause := range []error{errBoom, pull.ErrStopped} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(context.Background())
			p := &probe{n: 3}
			ch, stop := pull.Chan(ctx, p.source())
			cancel(cause)
			synctest.Wait()
			_, open := <-ch
			require.False(t, open)
			require.Equal(t, cause, stop(), "ErrStopped is nil only where stop was its cause")
			p.released(t, cause)
		})
	}
}

func TestChanOfAPanickingSource(t *testing.T) {
	var causes []error
	src := pull.From(func(context.Context) (int, error) { panic("source") },
		func(cause error) error { causes = append(causes, cause); return nil })
	ch, stop := pull.Chan(context.Background(), src)
	_, open := <-ch
	require.False(t, open)
	var perr *pull.PanicError
	require.ErrorAs(t, stop(), &perr)
	require.Equal(t, "source", perr.Value)
	require.Len(t, causes, 1)
}
