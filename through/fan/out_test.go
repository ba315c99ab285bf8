package fan_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/fan"
)

// parts are all operators that give one source to two readers; the values
// alternate where each goes to one.
var parts = map[string]func(src source) sources{
	"Tee":       func(src source) sources { return fan.Tee(src, 2) },
	"Broadcast": func(src source) sources { return fan.Broadcast(src, 2, 4) },
	"BroadcastLossy": func(src source) sources {
		all := fan.BroadcastLossy(src, 2, 4)
		return sources{all[0].Next, all[1].Next}
	},
	"Partition": func(src source) sources {
		a, b := fan.Partition(src, 4, odd)
		return sources{a, b}
	},
	"Route": func(src source) sources {
		return fan.Route(src, 2, 4, func(v int) int { return v % 2 })
	},
}

// collect reads all sources at once.
func collect(ctx context.Context, srcs sources) (got [][]int, errs []error) {
	got, errs = make([][]int, len(srcs)), make([]error, len(srcs))
	var all sync.WaitGroup
	for i, src := range srcs {
		all.Go(func() { got[i], errs[i] = pull.Collect(ctx, src) })
	}
	all.Wait()
	return got, errs
}

// Without a live call nothing is read, and the last that leaves ends the source.
//
// row: A10, F10
// rule: 1.9
func TestReadersNeverStarted(t *testing.T) {
	for name, part := range parts {
		r := &root{n: 3, release: errRelease}
		readers := part(r.source())
		require.NoError(t, pull.Abort(readers[0], nil), name)
		require.Empty(t, r.causes, name)
		_, err := readers[1](dead())
		require.ErrorIs(t, err, errBroken, name)
		require.ErrorIs(t, err, errRelease, name)
		require.Equal(t, []error{errBroken}, r.causes, name)
		require.Zero(t, r.pulled, name)
	}
}

// A failure, a panic or an exit reaches every reader, and ends the source.
func TestReadersAllFail(t *testing.T) {
	for name, part := range parts {
		t.Run(name, func(t *testing.T) {
			_, errs := collect(t.Context(), part((&root{n: 4, end: errBroken}).source()))
			require.Equal(t, []error{errBroken, errBroken}, errs)

			r := &root{n: 9, release: errRelease}
			_, errs = collect(t.Context(), part(panicking(r.source())))
			for _, err := range errs {
				var asError *pull.PanicError
				require.ErrorAs(t, err, &asError)
				require.ErrorIs(t, err, errRelease)
			}
			require.Len(t, r.causes, 1)
		})
	}
}

// A failure that nobody has read is told by the last one that leaves, if it is
// a release that failed.
func TestReadersAbortAfterFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := &pull.ReleaseError{Cause: errors.New("end"), Err: errRelease}
		readers := fan.Broadcast(fan.Concat(pull.Values(1), pull.Error[int](failed)), 2, 8)
		_, err := readers[0](t.Context())
		require.NoError(t, err)
		synctest.Wait()
		require.NoError(t, pull.Abort(readers[0], nil))
		_, err = readers[1](dead())
		require.ErrorIs(t, err, errBroken)
		require.ErrorIs(t, err, errRelease)
	})
}

// One goroutine can read all by turns, and nothing is read ahead.
//
// rule: 1.1, 2.1
func TestTeeInStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := ending(3)
		readers := fan.Tee(r.source(), 2)
		for i := range 3 {
			for _, reader := range readers {
				v, err := reader(t.Context())
				require.NoError(t, err)
				require.Equal(t, i, v)
				synctest.Wait()
				require.Equal(t, i+1, r.pulled)
			}
		}
		for _, reader := range readers {
			_, err := reader(t.Context())
			require.Equal(t, io.EOF, err)
		}
	})
}

// A reader that is a value further waits for the other, until that leaves.
func TestTeeWaitsForTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := ending(5)
		readers := fan.Tee(r.source(), 2)
		_, err := readers[0](t.Context())
		require.NoError(t, err)
		got := make(chan int)
		go func() {
			v, _ := readers[0](t.Context())
			got <- v
		}()
		synctest.Wait()
		require.Equal(t, 1, r.pulled)
		require.NoError(t, pull.Abort(readers[1], nil))
		require.Equal(t, 1, <-got)
		require.NoError(t, pull.Abort(readers[0], nil))
	})
}

// row: I5
func TestBroadcastHoldsUp(t *testing.T) {
	for _, n := range []int{1, 2, 5} {
		synctest.Test(t, func(t *testing.T) {
			r := &root{n: 1000}
			readers := fan.Broadcast(r.source(), 2, n)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			done := make(chan error, 1)
			go func() { done <- pull.Drain(ctx, readers[0]) }()
			synctest.Wait()
			require.LessOrEqual(t, r.pulled, n, "the other has read nothing")
			require.NotZero(t, r.pulled)
			for range 10 {
				_, err := readers[1](t.Context())
				require.NoError(t, err)
				synctest.Wait()
			}
			require.LessOrEqual(t, r.pulled, 10+n)
			require.NoError(t, pull.Abort(readers[1], nil))
			synctest.Wait()
			require.Equal(t, 1000, r.pulled, "who has left holds up nobody")
			require.Empty(t, r.causes)
			cancel(errBroken)
			require.Equal(t, errBroken, <-done)
			require.Equal(t, []error{errBroken}, r.causes)
		})
	}
}

// Values that are missed are counted, and those that are read are in order.
func TestBroadcastLossyMisses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := ending(100)
		readers := fan.BroadcastLossy(r.source(), 2, 8)
		quick, slow := readers[0], readers[1]
		v, err := slow.Next(t.Context())
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, 100, r.pulled, "nobody is held up")
		rest, err := pull.Collect(t.Context(), slow.Next)
		require.NoError(t, err)
		got := append([]int{v}, rest...)
		require.True(t, slices.IsSorted(got))
		require.LessOrEqual(t, len(got), 9)
		require.Equal(t, 100, len(got)+slow.Missed())
		late, err := pull.Collect(t.Context(), quick.Next)
		require.NoError(t, err)
		require.Equal(t, []int{0, 1, 2, 3}, late)
		require.Equal(t, 96, quick.Missed())
	})
}

func TestPartition(t *testing.T) {
	a, b := fan.Partition(pull.Count(1000), 4, odd)
	got, errs := collect(t.Context(), sources{a, b})
	require.Equal(t, []error{nil, nil}, errs)
	require.Len(t, got[0], 500)
	require.Len(t, got[1], 500)
	for i := range got[0] {
		require.Equal(t, []int{2*i + 1, 2 * i}, []int{got[0][i], got[1][i]})
	}
}

// What is for a reader that has left, or for none, is discarded.
func TestRouteDiscards(t *testing.T) {
	readers := fan.Route(pull.Count(10), 2, 1, func(v int) int { return v%4 - 1 })
	require.NoError(t, pull.Abort(readers[0], nil))
	got, err := pull.Collect(t.Context(), readers[1])
	require.NoError(t, err)
	require.Equal(t, []int{2, 6}, got)
}

// A reader that is full holds up the other.
func TestRouteIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := ending(100)
		readers := fan.Route(r.source(), 2, 4, func(v int) int { return min(v/50, 1) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := readers[1](ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.LessOrEqual(t, r.pulled, 4)
		require.NoError(t, pull.Abort(readers[0], nil))
	})
}

// row: F10
func TestHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var roots []*root
		hub := fan.NewHub(func() source {
			roots = append(roots, &root{n: 6})
			return roots[len(roots)-1].source()
		}, fan.HubOptions{Ahead: 2})
		read := func(r *fan.Reader[int]) int {
			v, err := r.Next(t.Context())
			require.NoError(t, err)
			synctest.Wait()
			return v
		}
		first, second := hub.Subscribe(), hub.Subscribe()
		require.Empty(t, roots, "not opened yet")
		require.Equal(t, 0, read(first))
		require.Equal(t, 1, read(first))
		late := make(chan int, 1)
		go func() {
			v, _ := second.Next(t.Context())
			late <- v
		}()
		synctest.Wait()
		for i := 2; i < 5; i++ {
			require.Equal(t, i, read(first))
		}
		require.Equal(t, 3, <-late, "2 had been pulled before it came")
		require.Len(t, roots, 1)
		require.NoError(t, pull.Abort(first.Next, nil))
		require.Empty(t, roots[0].causes, "there is one left")
		require.NoError(t, pull.Abort(second.Next, errBroken))
		require.Equal(t, []error{errBroken}, roots[0].causes)
		third := hub.Subscribe()
		require.Equal(t, 0, read(third), "opened again")
		require.Len(t, roots, 2)
		require.NoError(t, pull.Abort(third.Next, nil))
		require.NoError(t, pull.Abort(hub.Subscribe().Next, nil), "never joined")
		require.Len(t, roots, 2)
	})
}

// row: F10
func TestHubReplays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := fan.NewHub(func() source { return (&root{n: 20}).source() },
			fan.HubOptions{Ahead: 1, Replay: 3})
		first := hub.Subscribe()
		for i := range 11 {
			v, err := first.Next(t.Context())
			require.NoError(t, err)
			require.Equal(t, i, v)
		}
		synctest.Wait() // 11 has been pulled, and waits
		second := hub.Subscribe()
		var got []int
		for range 4 {
			v, err := second.Next(t.Context())
			require.NoError(t, err)
			got = append(got, v)
			if len(got) == 3 {
				_, err = first.Next(t.Context())
				require.NoError(t, err)
			}
		}
		require.Equal(t, []int{9, 10, 11, 12}, got)
		require.NoError(t, pull.Abort(first.Next, nil))
		require.NoError(t, pull.Abort(second.Next, nil))
	})
}

// A source is opened when the one before has been released, or not at all.
func TestHubOpensOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open, most := 0, 0
		hub := fan.NewHub(func() source {
			open++
			most = max(most, open)
			return pull.From(func(ctx context.Context) (int, error) {
				<-ctx.Done()
				return 0, ctx.Err()
			}, func(error) error {
				time.Sleep(time.Second) // a slow release
				open--
				return nil
			})
		}, fan.HubOptions{})
		ctx, cancel := context.WithCancelCause(t.Context())
		first := make(chan error)
		go func() {
			_, err := hub.Subscribe().Next(ctx)
			first <- err
		}()
		synctest.Wait()
		cancel(errBroken)
		synctest.Wait()

		impatient, give := context.WithTimeout(t.Context(), time.Millisecond)
		defer give()
		start := time.Now()
		_, err := hub.Subscribe().Next(impatient)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Millisecond, time.Since(start))

		patient, leave := context.WithTimeout(t.Context(), time.Minute)
		defer leave()
		_, err = hub.Subscribe().Next(patient)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, errBroken, <-first)
		require.Equal(t, 1, most)
		require.Zero(t, open)
	})
}

func TestHubPanics(t *testing.T) {
	hub := fan.NewHub(func() source { panic("boom") }, fan.HubOptions{})
	_, err := hub.Subscribe().Next(t.Context())
	var asError *pull.PanicError
	require.ErrorAs(t, err, &asError)
	require.Equal(t, "boom", asError.Value)
}

// Readers come, read and go at random; every one gets values in order.
func TestHubUnderLoad(t *testing.T) {
	hub := fan.NewHub(func() source { return pull.Count(1 << 30) },
		fan.HubOptions{Ahead: 8, Replay: 4})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 50 {
				src := through.Take(hub.Subscribe().Next, 1+7*i)
				got, err := pull.Collect(t.Context(), src)
				assert.NoError(t, err)
				for k, v := range got {
					assert.Equal(t, got[0]+k, v)
				}
			}
		})
	}
	all.Wait()
}
