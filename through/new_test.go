package through_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
)

// next makes an operator of ints of a function.
func next(f func(ctx context.Context, src ints) (int, error)) pull.Through[int, int] {
	return func(src ints) ints { return through.New(src, f) }
}

// What next returns at the end of its source, and what comes of it.
func TestNewEnds(t *testing.T) {
	disk := errors.New("disk full")
	wrapped := fmt.Errorf("third: %w", errBroken)
	for name, c := range map[string]struct {
		up    root
		f     func(ctx context.Context, src ints) (int, error)
		want  error
		cause error // what the source has ended with
	}{
		"as its source": {root{n: 3}, func(ctx context.Context, src ints) (int, error) {
			return src(ctx)
		}, io.EOF, io.EOF},
		"earlier": {root{n: 3}, func(context.Context, ints) (int, error) {
			return 0, io.EOF
		}, io.EOF, pull.ErrStopped},
		"earlier, and the release fails": {root{n: 3, release: disk},
			func(context.Context, ints) (int, error) { return 0, io.EOF },
			&pull.ReleaseError{Cause: io.EOF, Err: disk}, pull.ErrStopped},
		"by itself": {root{n: 3}, func(context.Context, ints) (int, error) {
			return 0, errBroken
		}, errBroken, errBroken},
		"by itself, and the release fails": {root{n: 3, release: disk},
			func(context.Context, ints) (int, error) { return 0, errBroken },
			&pull.ReleaseError{Cause: errBroken, Err: disk}, errBroken},
		"with words of its own": {root{n: 3, end: errBroken},
			func(ctx context.Context, src ints) (int, error) {
				v, err := src(ctx)
				if err != nil {
					return 0, wrapped
				}
				return v, nil
			}, wrapped, errBroken},
		"calling a failure an end": {root{n: 3, end: errBroken},
			func(ctx context.Context, src ints) (int, error) {
				if _, err := src(ctx); err != nil {
					return 0, io.EOF
				}
				return 0, nil
			}, errBroken, errBroken},
	} {
		src := next(c.f)(c.up.source())
		_, err := src(t.Context())
		for err == nil {
			_, err = src(t.Context())
		}
		assert.Equal(t, c.want, err, name)
		_, again := src(t.Context())
		assert.Equal(t, c.want, again, name)
		assert.Equal(t, []error{c.cause}, c.up.causes, name)
	}
}

// The source that next is given is not read beyond its end.
func TestNewRemembersTheEnd(t *testing.T) {
	calls := 0
	up := func(context.Context) (int, error) { calls++; return 0, errBroken }
	flushed := false
	src := through.New(up, func(ctx context.Context, src ints) (int, error) {
		_, err := src(ctx)
		for range 3 {
			_, again := src(ctx)
			assert.Equal(t, err, again)
		}
		if !flushed {
			flushed = true
			return 7, nil
		}
		return 0, err
	})
	got, err := pull.Collect(t.Context(), src)
	assert.Equal(t, []int{7}, got)
	assert.Equal(t, errBroken, err)
	assert.Equal(t, 1, calls)
}

// A context that becomes done while next runs.
func TestNewCancelledMeanwhile(t *testing.T) {
	disk := errors.New("disk full")
	for name, c := range map[string]struct {
		f    func(ctx context.Context, src ints) (int, error)
		up   root
		want error
	}{
		"an error": {func(ctx context.Context, _ ints) (int, error) {
			return 0, ctx.Err()
		}, root{n: 3}, errBroken},
		"a clean end": {func(context.Context, ints) (int, error) {
			return 0, io.EOF
		}, root{n: 3}, errBroken},
		"a failed release of its own": {func(context.Context, ints) (int, error) {
			return 0, &pull.ReleaseError{Cause: errBroken, Err: disk}
		}, root{n: 3}, &pull.ReleaseError{Cause: errBroken, Err: disk}},
		"the source's answer": {func(ctx context.Context, src ints) (int, error) {
			return src(ctx)
		}, root{n: 3, release: disk}, &pull.ReleaseError{Cause: errBroken, Err: disk}},
		"the source's answer, hidden": {func(ctx context.Context, src ints) (int, error) {
			_, _ = src(ctx)
			return 0, disk
		}, root{n: 3, release: disk}, &pull.ReleaseError{Cause: errBroken, Err: disk}},
		"the source's clean end": {func(_ context.Context, src ints) (int, error) {
			return src(context.Background())
		}, root{n: 0}, io.EOF},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		src := next(func(ctx context.Context, src ints) (int, error) {
			cancel(errBroken)
			return c.f(ctx, src)
		})(c.up.source())
		_, err := src(ctx)
		assert.Equal(t, c.want, err, name)
		assert.Len(t, c.up.causes, 1, name)
	}
}

// What next has made is returned though its context is done, but not what it
// flushes because its source was aborted.
func TestNewDoesNotFlushWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	later, cancelLater := context.WithCancelCause(t.Context())
	up := &root{n: 9}
	src := next(func(ctx context.Context, src ints) (int, error) {
		sum := 0
		for range 2 {
			v, err := src(ctx)
			if err != nil {
				return sum, nil
			}
			switch sum += v; v {
			case 3:
				cancel(errBroken)
			case 4:
				cancelLater(errBroken)
			}
		}
		return sum, nil
	})(up.source())
	for _, want := range []int{0 + 1, 2 + 3} {
		v, err := src(ctx)
		require.NoError(t, err)
		assert.Equal(t, want, v)
	}
	for range 2 {
		_, err := src(later) // has 4 in hand
		assert.Equal(t, errBroken, err)
	}
	assert.Equal(t, []error{errBroken}, up.causes)
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	_ = pull.Drain(b.Context(), through.New(countSource(b.N),
		func(ctx context.Context, src ints) (int, error) { return src(ctx) }))
}
