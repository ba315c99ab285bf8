package pull_test

import (
	"context"
	"net"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
)

// A counting context knows how many functions wait for it to be done.
type counting struct {
	context.Context
	done    chan struct{}
	waiting *int
}

func (c counting) Done() <-chan struct{} { return c.done }

func (c counting) AfterFunc(func()) func() bool {
	*c.waiting++
	return func() bool { *c.waiting--; return true }
}

// What has ended must not be kept alive by a context that lives on.
// rule: 3.13
func TestLetGoOfTheContextAtTheEnd(t *testing.T) {
	a, b := net.Pipe()
	defer func() { _, _ = a.Close(), b.Close() }()
	ctx := counting{context.Background(), make(chan struct{}), new(int)}

	gen := pull.Generate(func(_ context.Context, yield func(int) bool) error {
		for yield(1) {
			continue
		}
		return nil
	})
	_, err := gen(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, *ctx.waiting)
	require.NoError(t, pull.Abort(gen, nil))
	require.Zero(t, *ctx.waiting)

	go func() { _, _ = b.Write([]byte("x")) }()
	src := pull.Reader(a)
	_, err = src(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, *ctx.waiting)
	require.NoError(t, pull.Abort(src, nil))
	require.Zero(t, *ctx.waiting)

	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = b.Read(make([]byte, 1))
	}()
	require.NoError(t, pull.Writer(a)(ctx, chunks("x")))
	require.Zero(t, *ctx.waiting)
	<-read
}

func TestLetGoOfTheContextInGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := counting{context.Background(), make(chan struct{}), new(int)}
		ch, stop := pull.Chan(ctx, pull.Count(3))
		require.Equal(t, 1, *ctx.waiting)
		for range ch {
			continue
		}
		synctest.Wait()
		require.Zero(t, *ctx.waiting, "at the end, before stop")
		require.NoError(t, stop())

		drain := pull.Sink[int](pull.Drain[int])
		require.NoError(t, pull.Tee(drain, drain)(ctx, pull.Count(3)))
		require.Zero(t, *ctx.waiting)

		r := pull.NewReader(ctx, chunks("x"))
		require.Equal(t, 1, *ctx.waiting)
		require.NoError(t, r.Close())
		require.Zero(t, *ctx.waiting)
	})
}
