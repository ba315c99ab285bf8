package pull_test

import (
	"context"
	"io"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/pull"
)

// row: F9
func TestPushableBlocksWhileItIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		p := pull.NewPushable[int](2, nil)
		pushed := 0
		go func() {
			for i := range 5 {
				require.NoError(t, p.Push(ctx, i))
				pushed = i + 1
			}
			p.End()
		}()
		src := p.Source()
		for i := range 5 {
			synctest.Wait()
			require.Equal(t, min(i+2, 5), pushed)
			v, err := src(ctx)
			require.NoError(t, err)
			require.Equal(t, i, v)
		}
		_, err := src(ctx)
		require.Equal(t, io.EOF, err)
		require.Equal(t, pull.ErrEnded, p.Push(ctx, 6))
		require.NoError(t, pull.Abort(src, errBoom))
		_, err = src(ctx)
		require.Equal(t, io.EOF, err)
	})
}

// Whatever frees several pushers at once frees them all.
func TestPushableFreesEveryPusher(t *testing.T) {
	frees := map[string]func(p *pull.Pushable[int]) (want error){
		"a reader": func(p *pull.Pushable[int]) error {
			for range 4 {
				_, err := p.Source()(context.Background())
				require.NoError(t, err)
			}
			return nil
		},
		"End":  func(p *pull.Pushable[int]) error { p.End(); return pull.ErrEnded },
		"Fail": func(p *pull.Pushable[int]) error { p.Fail(errBoom); return pull.ErrEnded },
		"an abort": func(p *pull.Pushable[int]) error {
			require.NoError(t, pull.Abort(p.Source(), errBoom))
			return errBoom
		},
	}
	for name, free := range frees {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pull.NewPushable[int](4, nil)
				for i := range 4 {
					require.NoError(t, p.Push(context.Background(), i))
				}
				errs := make(chan error, 4)
				for i := range 4 {
					go func() { errs <- p.Push(context.Background(), i) }()
				}
				synctest.Wait()
				require.Empty(t, errs)
				want := free(p)
				for range 4 {
					require.Equal(t, want, <-errs)
				}
			})
		})
	}
}

func TestPushableAPushThatGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pull.NewPushable[int](1, nil)
		require.NoError(t, p.Push(context.Background(), 1))
		require.Equal(t, errBoom, p.Push(dead(errBoom), 2))
		ctx, cancel := context.WithCancelCause(context.Background())
		errs := make(chan error, 2)
		go func() { errs <- p.Push(ctx, 3) }()
		synctest.Wait()
		cancel(errBoom)
		require.Equal(t, errBoom, <-errs)
		p.End()
		vs, err := pull.Collect(context.Background(), p.Source())
		require.NoError(t, err)
		require.Equal(t, []int{1}, vs)
	})
}

// row: F9
func TestPushableFailsAfterItsValues(t *testing.T) {
	for _, c := range []struct{ fail, want error }{
		{errBoom, errBoom}, {nil, pull.ErrStopped}, {io.EOF, pull.ErrStopped},
	} {
		p := pull.NewPushable[int](2, nil)
		require.NoError(t, p.Push(context.Background(), 1))
		p.Fail(c.fail)
		p.End() // changes nothing
		vs, err := pull.Collect(context.Background(), p.Source())
		require.Equal(t, c.want, err)
		require.Equal(t, []int{1}, vs)
	}
}

// row: F9
// rule: 2.8
func TestPushableAbortDropsWhatWaits(t *testing.T) {
	var dropped []int
	p := pull.NewPushable(9, func(v int) {
		dropped = append(dropped, v)
		if v == 3 {
			panic("drop")
		}
	})
	for i := range 7 {
		require.NoError(t, p.Push(context.Background(), i))
	}
	src := p.Source()
	_, err := src(context.Background())
	require.NoError(t, err)
	p.End()
	require.PanicsWithValue(t, "drop", func() { _ = pull.Abort(src, errBoom) })
	require.Equal(t, []int{1, 2, 3}, dropped)
	_, err = src(context.Background())
	require.Equal(t, errBoom, err)
	require.Equal(t, []int{1, 2, 3, 4, 5, 6}, dropped)
	require.Equal(t, errBoom, p.Push(context.Background(), 1))
}

// rule: 1.3, 2.12
func TestPushableHasOneReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pull.NewPushable[int](1, nil)
		got := make(chan int)
		go func() {
			v, err := p.Source()(context.Background())
			require.NoError(t, err)
			got <- v
		}()
		synctest.Wait()
		_, err := p.Source()(context.Background())
		require.Equal(t, pull.ErrOverlap, err)
		require.Equal(t, pull.ErrOverlap, pull.Abort(p.Source(), errBoom))
		require.NoError(t, p.Push(context.Background(), 5))
		require.Equal(t, 5, <-got)
	})
}

// rule: 3.9
func TestPushableHasABound(t *testing.T) {
	require.Panics(t, func() { pull.NewPushable[int](0, nil) })
	require.Panics(t, func() { pull.NewPushable[int](-1, nil) })
}

// Against a slice: everything pushed comes out once and in order.
func TestPushableIsAQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 20).Draw(t, "size")
		p := pull.NewPushable[int](size, nil)
		src := p.Source()
		var model []int
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				v := rapid.Int().Draw(t, "v")
				ok, err := p.TryPush(v)
				require.NoError(t, err)
				require.Equal(t, len(model) < size, ok)
				if ok {
					model = append(model, v)
				}
			},
			"pull": func(t *rapid.T) {
				if len(model) == 0 {
					t.Skip()
				}
				v, err := src(context.Background())
				require.NoError(t, err)
				require.Equal(t, model[0], v)
				model = model[1:]
			},
		})
	})
}

// row: I4
func TestPushableDrainsInLinearTime(t *testing.T) {
	const n = 1 << 18 // where each step moved the rest, this would be a minute
	p := pull.NewPushable[int](n, nil)
	for i := range n {
		ok, err := p.TryPush(i)
		require.True(t, ok)
		require.NoError(t, err)
	}
	p.End()
	got, err := pull.Len(context.Background(), p.Source())
	require.NoError(t, err)
	require.Equal(t, n, got)
}

// row: I6
// rule: 2.11
func TestPushableUnderManyHands(t *testing.T) {
	const pushers, each = 8, 2_000
	p := pull.NewPushable[[2]int](3, nil)
	var running sync.WaitGroup
	for i := range pushers {
		running.Go(func() {
			for j := range each {
				if p.Push(context.Background(), [2]int{i, j}) != nil {
					return
				}
			}
		})
	}
	go func() { running.Wait(); p.End() }()
	var next [pushers]int
	err := pull.Each(context.Background(), p.Source(), func(v [2]int) error {
		require.Equal(t, next[v[0]], v[1], "the order of each")
		next[v[0]]++
		return nil
	})
	require.NoError(t, err)
	for _, n := range next {
		require.Equal(t, each, n)
	}
}
