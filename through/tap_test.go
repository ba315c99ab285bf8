package through_test

import (
	"context"
	"errors"
	"io"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
)

// ends counts what the end of a stream is told with.
type ends []error

func (e *ends) note(err error)          { *e = append(*e, err) }
func (e *ends) release(err error) error { *e = append(*e, err); return nil }

// row: D11, E5
func TestTheEndIsToldOnce(t *testing.T) {
	ops := map[string]func(pull.Source[int], *ends) pull.Source[int]{
		"Tap": func(src pull.Source[int], e *ends) pull.Source[int] {
			return through.Tap(src, nil, e.note)
		},
		"Finally": func(src pull.Source[int], e *ends) pull.Source[int] {
			return through.Finally(src, e.release)
		},
	}
	for name, op := range ops {
		for _, end := range []error{io.EOF, errBroken} {
			var e ends
			src := op((&root{n: 2, end: end}).source(), &e)
			_ = pull.Drain(t.Context(), src)
			_, _ = src(t.Context())
			_, _ = src(dead())
			assert.Equal(t, ends{end}, e, name)
		}
		var e ends
		src := op(pull.Count(9), &e)
		assert.NoError(t, pull.Abort(src, errBroken))
		assert.NoError(t, pull.Abort(src, nil))
		assert.Equal(t, ends{errBroken}, e, "%s: aborted before the first call", name)

		e = nil
		collect(t, through.Take(op(pull.Count(9), &e), 2))
		assert.Equal(t, ends{pull.ErrStopped}, e, "%s: a reader that wants no more", name)

		e = nil
		collect(t, op(through.Take(pull.Count(9), 2), &e))
		assert.Equal(t, ends{io.EOF}, e, "%s: a source that has no more", name)

		e = nil
		_ = op(pull.Count(9), &e)
		assert.Empty(t, e, "%s: never called", name)
	}
}

func TestTapShowsValuesAndPanics(t *testing.T) {
	var seen []int
	var e ends
	up := &root{n: 9}
	src := through.Tap(up.source(), func(n int) {
		if seen = append(seen, n); n == 2 {
			panic("boom")
		}
	}, e.note)
	assert.PanicsWithValue(t, "boom", func() { _ = pull.Drain(t.Context(), src) })
	assert.Equal(t, []int{0, 1, 2}, seen)
	require.Len(t, up.causes, 1)
	assert.Equal(t, ends(up.causes), e, "the end is told with the panic")
	var cause *pull.PanicError
	assert.ErrorAs(t, e[0], &cause)
}

func TestAnEndThatPanics(t *testing.T) {
	for name, up := range map[string]*root{"end": {n: 1}, "failure": {n: 1, end: errBroken}} {
		runs := 0
		src := through.Finally(up.source(), func(error) error { runs++; panic("boom") })
		_, err := src(t.Context())
		require.NoError(t, err)
		assert.PanicsWithValue(t, "boom", func() { _, _ = src(t.Context()) }, name)
		for range 2 {
			_, err = src(t.Context())
			require.Error(t, err, name)
			assert.NotErrorIs(t, err, io.EOF, name)
		}
		assert.Equal(t, 1, runs, name)
	}
}

func TestFinallyFails(t *testing.T) {
	disk := errors.New("disk full")
	src := through.Finally(pull.Count(1), func(error) error { return disk })
	_, err := pull.Collect(t.Context(), src)
	assert.Equal(t, &pull.ReleaseError{Cause: io.EOF, Err: disk}, err)

	src = through.Finally(pull.Count(1), func(error) error { return disk })
	assert.ErrorIs(t, pull.Abort(src, errBroken), disk)
	_, err = src(t.Context())
	assert.ErrorIs(t, err, errBroken)
}

// row: H1, H2
func TestRecover(t *testing.T) {
	calls := 0
	rest := func(err error) pull.Source[int] {
		assert.Equal(t, errBroken, err)
		calls++
		return pull.Values(7, 8)
	}
	assert.Equal(t, []int{0, 1}, collect(t, through.Recover(pull.Count(2), rest)))
	broken := func() pull.Source[int] { return (&root{n: 2, end: errBroken}).source() }
	assert.Equal(t, []int{0, 1}, collect(t, through.Take(through.Recover(broken(), rest), 2)))
	assert.Zero(t, calls, "not called without a failure")
	assert.Equal(t, []int{0, 1, 7, 8}, collect(t, through.Recover(broken(), rest)))
	assert.Equal(t, 1, calls)

	nothing := func(error) pull.Source[int] { return nil }
	_, err := pull.Collect(t.Context(), through.Recover(broken(), nothing))
	assert.Equal(t, errBroken, err, "nil lets the failure stand")
}

func TestRecoverAgain(t *testing.T) {
	worse := errors.New("worse")
	first := through.Recover(pull.Error[int](errBroken),
		func(error) pull.Source[int] { return pull.Error[int](worse) })
	second := through.Recover(first, func(err error) pull.Source[int] {
		assert.Equal(t, worse, err)
		return pull.Values(1)
	})
	assert.Equal(t, []int{1}, collect(t, second))
}

func TestRecoverIsNotForAborts(t *testing.T) {
	never := func(error) pull.Source[int] { panic("called") }
	up := &root{n: 9, release: errors.New("disk full")}
	src := through.Recover(up.source(), never)
	assert.ErrorIs(t, pull.Abort(src, errBroken), up.release)

	ctx, cancel := context.WithCancelCause(t.Context())
	src = through.Recover(pull.From(func(context.Context) (int, error) {
		cancel(errBroken)
		return 0, io.ErrUnexpectedEOF
	}, nil), never)
	_, err := src(ctx)
	assert.Equal(t, errBroken, err)
}

func TestRecoverPanics(t *testing.T) {
	src := through.Recover(pull.Error[int](errBroken), func(error) pull.Source[int] { panic("boom") })
	assert.PanicsWithValue(t, "boom", func() { _, _ = src(t.Context()) })
	_, err := src(t.Context())
	assert.Equal(t, errBroken, err)
}

// A source that fails because it has panicked is not replaced.
func TestRecoverIsNotForPanics(t *testing.T) {
	up := &root{n: 9}
	src := through.Recover(through.Map(up.source(), func(int) int { panic("boom") }),
		func(error) pull.Source[int] { return pull.Values(1) })
	assert.Panics(t, func() { _, _ = src(t.Context()) })
	_, err := src(t.Context())
	require.Error(t, err)
	assert.Equal(t, []error{err}, up.causes)
}

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &through.Progress{Values: 10, Bytes: 400}
		assert.Equal(t, through.Report{Left: -1}, p.Report())
		src := through.Track(pull.Count(10), p, func(int) int { return 10 })
		time.Sleep(time.Hour) // of the bubble; before the first call no time counts
		_, err := src(t.Context())
		require.NoError(t, err)
		time.Sleep(time.Second)
		assert.Equal(t, through.Report{
			Values: 1, Bytes: 10, Elapsed: time.Second, ValueRate: 1, ByteRate: 10,
			Left: 39 * time.Second,
		}, p.Report())
		for range 4 {
			_, _ = src(t.Context())
		}
		p.Bytes = 0
		assert.Equal(t, time.Second, p.Report().Left, "5 values a second, 5 are left")
		require.NoError(t, pull.Abort(src, nil))
		time.Sleep(time.Hour)
		r := p.Report()
		assert.True(t, r.Done)
		assert.Equal(t, time.Second, r.Elapsed, "time stands still")
		assert.Equal(t, time.Duration(-1), r.Left, "the rest will not come")
		assert.Equal(t, pull.ErrStopped, r.Err)
	})
}

func TestProgressOfNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, p := range []*through.Progress{{}, {Values: math.MaxInt64}} {
			src := through.Track(pull.Count(10), p, nil)
			_, err := src(t.Context())
			require.NoError(t, err)
			assert.Equal(t, time.Duration(-1), p.Report().Left, "no time has passed, or no total")
			time.Sleep(time.Minute)
			r := p.Report()
			assert.Equal(t, p.Values == 0, r.Left == -1)
			assert.GreaterOrEqual(t, r.Left, time.Duration(-1), "no overflow")
			require.NoError(t, pull.Abort(src, nil))
		}
	})
}

// What fails first is told, whatever becomes of the others.
func TestProgressFailed(t *testing.T) {
	p := &through.Progress{Values: 9}
	good := through.Track(pull.Count(3), p, nil)
	bad := through.Track((&root{n: 2, end: errBroken}).source(), p, nil)
	_, err := good(t.Context())
	require.NoError(t, err)
	require.Equal(t, errBroken, pull.Drain(t.Context(), bad))
	r := p.Report()
	assert.False(t, r.Done)
	assert.Equal(t, errBroken, r.Err)
	require.NoError(t, pull.Abort(good, nil))
	r = p.Report()
	assert.True(t, r.Done)
	assert.Equal(t, errBroken, r.Err)
	assert.Equal(t, time.Duration(-1), r.Left)

	p = &through.Progress{Values: 3}
	require.NoError(t, pull.Drain(t.Context(),
		through.Take(through.Track(pull.Count(9), p, nil), 3)))
	assert.Zero(t, p.Report().Left, "the total was reached")
}

// Two streams of which one ends long before the other are one piece of work.
func TestProgressOfSeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := new(through.Progress)
		a, b := through.Track(pull.Count(3), p, nil), through.Track(pull.Count(4), p, nil)
		_, err := b(t.Context())
		require.NoError(t, err)
		time.Sleep(time.Second)
		collect(t, a)
		assert.False(t, p.Report().Done)
		time.Sleep(time.Second)
		collect(t, b)
		r := p.Report()
		assert.True(t, r.Done)
		assert.Equal(t, int64(7), r.Values)
		assert.Equal(t, 2*time.Second, r.Elapsed, "from the first call of all to the last end")
		assert.Zero(t, r.Left)
		assert.NoError(t, r.Err)
	})
}

func TestTrace(t *testing.T) {
	var in, out through.Probe
	src := through.Trace(pull.Count(10), &in)
	src = through.Trace(through.Filter(src, even), &out)
	_, err := src(t.Context())
	require.NoError(t, err)
	assert.NoError(t, out.End())
	require.NoError(t, pull.Drain(t.Context(), src))
	_, _ = src(dead())
	assert.Equal(t, []int64{10, 5}, []int64{in.Values(), out.Values()})
	assert.Equal(t, []error{io.EOF, io.EOF}, []error{in.End(), out.End()})
}

func BenchmarkTrace(b *testing.B) {
	for name, p := range map[string]*through.Probe{"off": nil, "on": new(through.Probe)} {
		b.Run(name, func(b *testing.B) {
			_ = pull.Drain(b.Context(), through.Trace(countSource(b.N), p))
		})
	}
}
