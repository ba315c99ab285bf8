package pull_test

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

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

func aheadConforms(t *testing.T) {
	for _, n := range []int{0, 1, 2, 7} {
		pulltest.Through(t, func(src pull.Source[int]) pull.Source[int] {
			return pull.NewAhead(src, n, nil).Next
		}, pulltest.ThroughOptions[int, int]{
			Want:       func(in []int) []int { return in },
			ReadAhead:  2*max(n, 1) - 1,
			Goroutines: true,
			Panic: func(src pull.Source[int]) pull.Source[int] {
				return pull.NewAhead(panicking(src), n, nil).Next
			},
		})
	}
}

// panicking is src, except that its fourth call panics.
func panicking(src pull.Source[int]) pull.Source[int] {
	calls := 0
	return func(ctx context.Context) (int, error) {
		if calls++; calls == 4 {
			panic("boom")
		}
		return src(ctx)
	}
}

// aheadAddConforms has a second source beside the root.
func aheadAddConforms(t *testing.T) {
	pulltest.Through(t, func(src pull.Source[int]) pull.Source[int] {
		a := pull.NewAhead(src, 2, nil)
		a.Add(pull.Empty[int]())
		return a.Next
	}, pulltest.ThroughOptions[int, int]{
		Want:       func(in []int) []int { return in },
		ReadAhead:  3,
		Goroutines: true,
		Fail: func(src pull.Source[int]) pull.Source[int] {
			a := pull.NewAhead(src, 2, nil)
			a.Add(pull.Error[int](errBoom))
			return a.Next
		},
	})
}

// A reader of Ahead that takes batches, or gives up after a second.
func TestAheadIsReadOnReadiness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ch := make(chan int)
		a := pull.NewAhead(pull.FromChan(ch), 3, nil)
		ctx := t.Context()
		require.NoError(t, a.Start(ctx))
		batch, err := a.Take(nil)
		require.NoError(t, err)
		require.Empty(t, batch)
		for i := range 3 {
			ch <- i
		}
		synctest.Wait()
		select {
		case ch <- 3:
			t.Fatal("read beyond the bound")
		default:
		}
		<-a.Ready()
		batch, err = a.Take(batch)
		require.NoError(t, err)
		require.Equal(t, []int{0, 1, 2}, batch)
		batch, err = a.Take(batch)
		require.NoError(t, err)
		require.Empty(t, batch)
		ch <- 3
		close(ch)
		synctest.Wait()
		batch, err = a.Take(batch)
		require.NoError(t, err)
		require.Equal(t, []int{3}, batch)
		_, err = a.Take(batch)
		require.Equal(t, io.EOF, err)
		require.Equal(t, io.EOF, a.Abort(ctx, errBoom), "an end is final")
		require.Equal(t, io.EOF, a.Start(ctx))
	})
}

// What has been read and is not returned is given to drop, all of it.
func TestAheadDropsWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dropped []int
		drop := func(v int) { dropped = append(dropped, v) }
		a := pull.NewAhead(pull.Count(100), 4, drop)
		v, err := a.Next(t.Context())
		require.NoError(t, err)
		require.Zero(t, v)
		synctest.Wait()
		require.Equal(t, errBoom, a.Abort(t.Context(), errBoom))
		for i, v := range dropped {
			require.Equal(t, i+1, v, "in order, without a gap")
		}
		require.GreaterOrEqual(t, len(dropped), 4)
		require.LessOrEqual(t, len(dropped), 2*4-1)
	})
}

// A value on its way when the stream is stopped is dropped as well.
func TestAheadDropsWhatIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dropped []int
		p := &probe{n: 5}
		root := p.source()
		slow := func(ctx context.Context) (int, error) {
			if ctx.Err() == nil {
				time.Sleep(time.Second) // virtual, and deaf to ctx
			}
			return root(context.WithoutCancel(ctx))
		}
		aborted := 0
		src := pull.From(slow, func(error) error { aborted++; return nil })
		a := pull.NewAhead(src, 2, func(v int) { dropped = append(dropped, v) })
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, errBoom)
		defer cancel()
		_, err := a.Next(ctx)
		require.Equal(t, errBoom, err)
		require.Equal(t, []int{0}, dropped)
		require.Equal(t, 1, aborted)
	})
}

// The first failure stops the other sources, which are told why.
func TestAheadStopsSiblings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := make(chan error, 1)
		waits := pull.From(func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}, func(err error) error {
			cause <- err
			return errClose
		})
		a := pull.NewAhead(waits, 1, nil)
		a.Add(pull.Error[int](errBoom))
		_, err := a.Next(t.Context())
		require.ErrorIs(t, err, errBoom)
		require.ErrorIs(t, err, errClose, "a failed release is told")
		require.Equal(t, errBoom, <-cause)
	})
}

// Sources that are added before the first call, and never read, are aborted.
func TestAheadNeverStarted(t *testing.T) {
	p, q := &probe{n: 1}, &probe{n: 1, close: errClose}
	a := pull.NewAhead(p.source(), 1, nil)
	a.Add(q.source())
	_, err := a.Next(dead(errBoom))
	require.ErrorIs(t, err, errBoom)
	require.ErrorIs(t, err, errClose)
	p.released(t, errBoom)
	q.released(t, errBoom)

	late := &probe{n: 1}
	a.Add(late.source())
	late.released(t, errBoom)
}

// A source may add others while it is read.
func TestAheadAddWhileRead(t *testing.T) {
	var a *pull.Ahead[int]
	left := 3
	a = pull.NewAhead(func(ctx context.Context) (int, error) {
		if left == 0 {
			return 0, io.EOF
		}
		left--
		a.Add(pull.Values(left))
		return 10 + left, nil
	}, 1, nil)
	got, err := pull.Collect(t.Context(), a.Next)
	require.NoError(t, err)
	require.ElementsMatch(t, []int{12, 11, 10, 2, 1, 0}, got)
}

func TestAheadPanics(t *testing.T) {
	t.Run("in a call", func(t *testing.T) {
		p := &probe{n: 100}
		a := pull.NewAhead(panicking(p.source()), 2, nil)
		got, err := pull.Collect(t.Context(), a.Next)
		var asError *pull.PanicError
		require.ErrorAs(t, err, &asError)
		assert.Equal(t, "boom", asError.Value)
		assert.Equal(t, []int{0, 1, 2}, got)
		p.released(t, asError)
	})
	t.Run("in its abort", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			calls := 0
			a := pull.NewAhead(func(ctx context.Context) (int, error) {
				if ctx.Err() != nil {
					calls++
					panic("boom")
				}
				return 1, nil
			}, 2, nil)
			_, err := a.Next(t.Context())
			require.NoError(t, err)
			synctest.Wait()
			err = a.Abort(t.Context(), errBoom)
			var asError *pull.PanicError
			require.ErrorAs(t, err, &asError)
			require.ErrorIs(t, err, errBoom)
			require.Equal(t, 1, calls, "it is not aborted twice")
		})
	})
	t.Run("Goexit", func(t *testing.T) {
		p := &probe{n: 100}
		root := p.source()
		a := pull.NewAhead(func(ctx context.Context) (int, error) {
			if ctx.Err() == nil {
				runtime.Goexit()
			}
			return root(ctx)
		}, 2, nil)
		_, err := a.Next(t.Context())
		require.ErrorContains(t, err, "Goexit")
		require.Len(t, p.causes, 1)
	})
}

// The order of arrival counts: what came before a failure is delivered.
func TestAheadFailsAfterItsValues(t *testing.T) {
	p := &probe{n: 10, end: errBoom}
	got, err := pull.Collect(t.Context(), pull.NewAhead(p.source(), 4, nil).Next)
	require.Len(t, got, 10)
	require.Equal(t, errBoom, err)
	p.released(t, errBoom)
}

// A failure that is overtaken by an abort keeps its release error.
func TestAheadAbortAfterFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := &pull.ReleaseError{Cause: errors.New("broken"), Err: errClose}
		a := pull.NewAhead(pull.Error[int](failed), 4, nil)
		require.NoError(t, a.Start(t.Context()))
		synctest.Wait()
		err := a.Abort(t.Context(), errBoom)
		require.ErrorIs(t, err, errBoom)
		require.ErrorIs(t, err, errClose)
	})
}

func TestAheadAllocatesNothing(t *testing.T) {
	a := pull.NewAhead(pull.Count(1<<40), 64, nil)
	ctx := t.Context()
	allocs := testing.AllocsPerRun(10_000, func() { _, _ = a.Next(ctx) })
	require.NoError(t, pull.Abort(a.Next, nil))
	require.Less(t, allocs, 0.5)
}

func BenchmarkAhead(b *testing.B) {
	for _, n := range []int{1, 32, 64, 512} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			_ = pull.Drain(b.Context(), pull.NewAhead(pull.Count(b.N), n, nil).Next)
		})
	}
	b.Run("channel of 64", func(b *testing.B) {
		ch := make(chan int, 64)
		go func() {
			defer close(ch)
			for i := range b.N {
				ch <- i
			}
		}()
		for range ch {
			continue
		}
	})
}

func ExampleNewAhead() {
	ahead := pull.NewAhead(pull.Count(3), 64, nil)
	fmt.Println(pull.Collect(context.Background(), ahead.Next))
	// Output: [0 1 2] <nil>
}

func ExampleAhead_Add() {
	ahead := pull.NewAhead(pull.Values("a"), 1, nil)
	ahead.Add(pull.Values("b"))
	got, err := pull.Collect(context.Background(), ahead.Next)
	fmt.Println(len(got), err)
	// Output: 2 <nil>
}

// A batch of what arrives within a second.
func ExampleAhead_Take() {
	ahead := pull.NewAhead(pull.Count(3), 64, nil)
	ctx := context.Background()
	if err := ahead.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	enough := time.After(time.Second)
	for sum := 0; ; {
		batch, err := ahead.Take(nil)
		for _, v := range batch {
			sum += v
		}
		if err != nil {
			fmt.Println(sum, err)
			return
		}
		select {
		case <-ahead.Ready():
		case <-enough:
			fmt.Println(sum, ahead.Abort(ctx, nil))
			return
		}
	}
	// Output: 3 EOF
}
