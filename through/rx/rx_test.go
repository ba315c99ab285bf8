package rx_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reactivex/rxgo/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/rx"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func keep(o rxgo.Observable) rxgo.Observable { return o }

func plus(_ context.Context, v interface{}) (interface{}, error) { return v.(int) + 1, nil }

// operators are those the package says leave nothing behind.
var operators = map[string]func(rxgo.Observable) rxgo.Observable{
	"none":   keep,
	"map":    func(o rxgo.Observable) rxgo.Observable { return o.Map(plus) },
	"maps":   func(o rxgo.Observable) rxgo.Observable { return o.Map(plus).Map(plus).Map(plus) },
	"take":   func(o rxgo.Observable) rxgo.Observable { return o.Map(plus).Take(20) },
	"skip":   func(o rxgo.Observable) rxgo.Observable { return o.Skip(3) },
	"filter": func(o rxgo.Observable) rxgo.Observable { return o.Filter(odd) },
	"scan": func(o rxgo.Observable) rxgo.Observable {
		return o.Scan(func(_ context.Context, a, b interface{}) (interface{}, error) { return b, nil })
	},
	"batch":     func(o rxgo.Observable) rxgo.Observable { return o.BufferWithCount(3) },
	"timestamp": func(o rxgo.Observable) rxgo.Observable { return o.Timestamp() },
	"flatmap": func(o rxgo.Observable) rxgo.Observable {
		return o.FlatMap(func(i rxgo.Item) rxgo.Observable {
			return rxgo.Defer([]rxgo.Producer{func(ctx context.Context, next chan<- rxgo.Item) {
				i.SendContext(ctx, next)
			}})
		})
	},
}

func odd(v interface{}) bool { return v.(int)%2 == 1 }

// Pipelines that are cancelled anywhere leave nothing, and release once.
//
// row: A16
// rule: 1.8, 2.6, 2.8
func TestCancelledAnywhere(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		for name, build := range operators {
			reads, gone := r.IntN(30), 0
			src := pull.From(pull.Count(1000), func(error) error { gone++; return nil })
			out := rx.Through[int, any](src, build, rx.Options{})
			ctx, cancel := context.WithCancelCause(t.Context())
			var err error
			for range reads {
				if _, err = out(ctx); err != nil {
					break
				}
			}
			if r.IntN(2) == 0 {
				go cancel(assert.AnError)
			} else {
				cancel(assert.AnError)
			}
			for err == nil {
				_, err = out(ctx)
			}
			require.True(t, err == assert.AnError || err == io.EOF, "%s: %v", name, err)
			require.Equal(t, 1, gone, name)
		}
	}
	goleak.VerifyNone(t)
}

// rule: 1.9, 3.17
func TestDemand(t *testing.T) {
	for maps := range 5 {
		synctest.Test(t, func(t *testing.T) {
			read := 0
			src := through.Map(pull.Count(100), func(n int) int { read++; return n })
			out := rx.Through[int, int](src, func(o rxgo.Observable) rxgo.Observable {
				for range maps {
					o = o.Map(plus)
				}
				return o
			}, rx.Options{OneForOne: true})
			synctest.Wait()
			require.Zero(t, read)
			for i := range 5 {
				v, err := out(t.Context())
				require.NoError(t, err)
				require.Equal(t, i+maps, v)
				synctest.Wait()
				require.Equal(t, i+1, read)
			}
			require.NoError(t, pull.Abort(out, nil))
		})
	}
}

// rule: 1.10, 2.12
func TestObservedOnce(t *testing.T) {
	o := rx.Observable(pull.Values(1, 2))
	got, err := pull.Collect(t.Context(), rx.Source[int](o))
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2}, got)
	var errs []error
	for item := range o.Observe() {
		errs = append(errs, item.E)
	}
	assert.Equal(t, []error{rx.ErrConsumed}, errs)
}

// Take does not stop what it reads: the source over it does.
//
// rule: 2.6
func TestTakeStops(t *testing.T) {
	trouble := errors.New("trouble")
	src := pull.From(pull.Count(100), func(cause error) error {
		assert.Equal(t, pull.ErrStopped, cause)
		return trouble
	})
	out := rx.Through[int, int](src, operators["take"], rx.Options{})
	got, err := pull.Collect(t.Context(), out)
	assert.Len(t, got, 20)
	assert.ErrorIs(t, err, trouble)
	assert.NotErrorIs(t, err, io.EOF)
}

// What build does not read is ended all the same.
func TestUnreadSourceIsReleased(t *testing.T) {
	gone := 0
	src := pull.From(pull.Count(100), func(error) error { gone++; return nil })
	out := rx.Through[int, int](src, func(rxgo.Observable) rxgo.Observable { return rxgo.Empty() },
		rx.Options{})
	_, err := out(t.Context())
	assert.Equal(t, io.EOF, err)
	assert.Equal(t, 1, gone)
}

// row: C10
func TestValues(t *testing.T) {
	batches := pull.Values([]int{1, 2}, []int{}, nil)
	got, err := pull.Collect(t.Context(), rx.Through[[]int, []int](batches, keep, rx.Options{}))
	require.NoError(t, err)
	assert.Equal(t, [][]int{{1, 2}, {}, nil}, got, "slices stay whole")
	anys, err := pull.Collect(t.Context(), rx.Source[any](rx.Observable(pull.Values[any](nil, 0, ""))))
	require.NoError(t, err)
	assert.Equal(t, []any{nil, 0, ""}, anys)
	_, err = pull.Collect(t.Context(), rx.Source[int](rx.Observable(pull.Values[any](nil))))
	assert.EqualError(t, err, "rx: item of another type: <nil>, not int")
	assert.ErrorIs(t, err, rx.ErrType)
}

// What does not close its channel is reported, after a second.
func TestLeaky(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		out := rx.Source[int](rxgo.Defer([]rxgo.Producer{
			func(_ context.Context, next chan<- rxgo.Item) {
				next <- rxgo.Of(1)
				<-release
			},
		}))
		_, err := out(t.Context())
		require.NoError(t, err)
		start := time.Now()
		err = pull.Abort(out, assert.AnError)
		assert.ErrorIs(t, err, rx.ErrLeaky)
		assert.ErrorIs(t, err, assert.AnError)
		assert.Equal(t, time.Second, time.Since(start))
		close(release)
	})
}
