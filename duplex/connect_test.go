package duplex_test

import (
	"context"
	"errors"
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

type intDuplex = duplex.Duplex[int, int]

// ends is a duplex of src and of a sink that keeps what it gets.
func ends(src pull.Source[int], got *[]int) intDuplex {
	return intDuplex{Source: src, Sink: func(ctx context.Context, src pull.Source[int]) (err error) {
		*got, err = pull.Collect(ctx, src)
		return err
	}}
}

func TestConnectRunsBothDirections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var left, right []int
		err := duplex.Connect(t.Context(), ends(pull.Count(3), &left), ends(pull.Values(7, 8), &right))
		require.NoError(t, err)
		assert.Equal(t, []int{7, 8}, left)
		assert.Equal(t, []int{0, 1, 2}, right)
	})
}

// row: F8
func TestConnectHalfCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// b answers only when a has ended: an end on one side must not end the other.
		end := make(chan struct{})
		a := intDuplex{Source: pull.Count(2)}
		var got []int
		a.Sink = func(ctx context.Context, src pull.Source[int]) (err error) {
			got, err = pull.Collect(ctx, src)
			return err
		}
		b := intDuplex{
			Source: pull.From(func(ctx context.Context) (int, error) {
				<-end
				if got != nil {
					return 0, io.EOF
				}
				got = []int{}
				return 42, nil
			}, nil),
			Sink: func(ctx context.Context, src pull.Source[int]) error {
				defer close(end)
				_, err := pull.Collect(ctx, src)
				return err
			},
		}
		require.NoError(t, duplex.Connect(t.Context(), a, b))
		assert.Equal(t, []int{42}, got)
	})
}

// late gives one value after a second, which is when all else has happened.
func late(v int) pull.Source[int] {
	first := true
	return pull.From(func(ctx context.Context) (int, error) {
		if !first {
			return 0, io.EOF
		}
		first = false
		select {
		case <-time.After(time.Second):
			return v, nil
		case <-ctx.Done():
			return 0, pull.Cause(ctx)
		}
	}, nil)
}

// row: A13
func TestConnectStoppedIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &probe{vals: []int{1, 2, 3}}
		var got []int
		a := ends(p.next, &got)
		b := intDuplex{
			Source: late(3),
			Sink: func(_ context.Context, src pull.Source[int]) error {
				_ = pull.Abort(src, nil)
				return pull.ErrStopped
			},
		}
		require.NoError(t, duplex.Connect(t.Context(), a, b))
		assert.Equal(t, []int{3}, got, "the other direction goes on")
		assert.Equal(t, []error{pull.ErrStopped}, p.aborted)
	})
}

// row: F12
func TestConnectErrorEndsBoth(t *testing.T) {
	for name, swap := range map[string]bool{"a": false, "b": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				blocked := &probe{}
				failing := &probe{vals: []int{1}, end: errBoom}
				var left, right []int
				a, b := ends(failing.next, &left), ends(blocked.next, &right)
				if swap {
					a, b = b, a
				}
				assert.Equal(t, errBoom, duplex.Connect(t.Context(), a, b))
				assert.Equal(t, []error{errBoom}, blocked.aborted)
				assert.Empty(t, failing.aborted)
			})
		})
	}
}

func TestConnectSinkFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, q := &probe{vals: []int{1}}, &probe{}
		var got []int
		a := ends(p.next, &got)
		b := intDuplex{Source: q.next, Sink: func(_ context.Context, src pull.Source[int]) error {
			_ = pull.Abort(src, errBoom)
			return errBoom
		}}
		assert.Equal(t, errBoom, duplex.Connect(t.Context(), a, b))
		assert.Equal(t, []error{errBoom}, p.aborted)
		assert.Equal(t, []error{errBoom}, q.aborted)
	})
}

func TestConnectCancelled(t *testing.T) {
	for _, cause := range []error{errBoom, pull.ErrStopped, io.EOF} {
		want := cause
		if cause == io.EOF {
			want = pull.ErrStopped
		}
		for name, early := range map[string]bool{"before": true, "during": false} {
			t.Run(name+" "+cause.Error(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p, q := &probe{}, &probe{}
					var left, right []int
					ctx, cancel := context.WithCancelCause(t.Context())
					if early {
						cancel(cause)
					}
					connected := async(func() error {
						return duplex.Connect(ctx, ends(p.next, &left), ends(q.next, &right))
					})
					synctest.Wait()
					cancel(cause)
					assert.Equal(t, want, connected())
					assert.Equal(t, []error{want}, p.aborted)
					assert.Equal(t, []error{want}, q.aborted)
				})
			})
		}
	}
}

func TestConnectKeepsReleaseErrors(t *testing.T) {
	failed := errors.New("release")
	src := pull.From(func(ctx context.Context) (int, error) {
		<-ctx.Done()
		return 0, pull.Cause(ctx)
	}, func(error) error { return failed })
	var left, right []int
	err := duplex.Connect(t.Context(), ends(src, &left), ends(pull.Error[int](errBoom), &right))
	assert.ErrorIs(t, err, errBoom)
	assert.ErrorIs(t, err, failed)
}

func TestConnectPanics(t *testing.T) {
	for name, fall := range map[string]func(){"panic": func() { panic(errBoom) }, "exit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, q := &probe{vals: []int{1}}, &probe{}
				var got []int
				b := intDuplex{Source: q.next, Sink: func(context.Context, pull.Source[int]) error {
					fall()
					return nil
				}}
				err := duplex.Connect(t.Context(), ends(p.next, &got), b)
				var perr *pull.PanicError
				require.ErrorAs(t, err, &perr)
				assert.Equal(t, []error{perr}, p.aborted)
				assert.Equal(t, []error{perr}, q.aborted)
			})
		})
	}
}

// row: B8
func TestConnectPairs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, inA := duplex.Pair[int, int]()
		inB, b := duplex.Pair[int, int]()
		connected := async(func() error { return duplex.Connect(t.Context(), inA, inB) })
		// Both sides write a lot before they read: nothing is held, nothing is lost.
		sentA := async(func() error { return a.Sink(t.Context(), pull.Count(1000)) })
		sentB := async(func() error { return b.Sink(t.Context(), pull.Count(500)) })
		synctest.Wait()
		atB, err := pull.Collect(t.Context(), b.Source)
		require.NoError(t, err)
		atA, err := pull.Collect(t.Context(), a.Source)
		require.NoError(t, err)
		assert.Len(t, atB, 1000)
		assert.Len(t, atA, 500)
		require.NoError(t, sentA())
		require.NoError(t, sentB())
		require.NoError(t, connected())
	})
}
