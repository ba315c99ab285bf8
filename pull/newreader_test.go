package pull_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
)

func TestNewReaderIsAReader(t *testing.T) {
	r := pull.NewReader(context.Background(), chunks("", "some", "", " bytes", ""))
	require.NoError(t, iotest.TestReader(r, []byte("some bytes")))
	require.NoError(t, r.Close())
	_, err := r.Read(make([]byte, 1))
	require.Equal(t, io.EOF, err, "it has ended before")
}

func TestNewReaderReadsOnDemand(t *testing.T) {
	n := 0
	src := pull.From(func(context.Context) ([]byte, error) {
		n++
		return []byte("abc"), nil
	}, nil)
	r := pull.NewReader(context.Background(), src)
	require.Zero(t, n)
	m, err := r.Read(nil)
	require.NoError(t, err)
	require.Zero(t, m)
	require.Zero(t, n)
	for range 3 {
		_, err := r.Read(make([]byte, 1))
		require.NoError(t, err)
		require.Equal(t, 1, n)
	}
	require.NoError(t, r.Close())
	for range 2 {
		_, err = r.Read(make([]byte, 1))
		require.Equal(t, pull.ErrStopped, err)
		require.NoError(t, r.Close())
	}
	require.Equal(t, 1, n)
}

// stalled is a source that blocks after its first chunk.
func stalled(causes *[]error, rerr error) pull.Source[[]byte] {
	first := true
	return pull.From(func(ctx context.Context) ([]byte, error) {
		if first {
			first = false
			return []byte("a"), nil
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}, func(cause error) error { *causes = append(*causes, cause); return rerr })
}

func TestNewReaderClosedUnderARead(t *testing.T) {
	for _, rerr := range []error{nil, errClose} {
		synctest.Test(t, func(t *testing.T) {
			var causes []error
			r := pull.NewReader(context.Background(), stalled(&causes, rerr))
			errs := make(chan error)
			for range 2 { // one waits for the other
				go func() {
					_, err := io.ReadAll(r)
					errs <- err
				}()
			}
			synctest.Wait()
			require.ErrorIs(t, r.Close(), rerr)
			for range 2 {
				err := <-errs
				require.ErrorIs(t, err, pull.ErrStopped)
				if rerr != nil {
					require.ErrorIs(t, err, rerr)
				}
			}
			require.Equal(t, []error{pull.ErrStopped}, causes)
		})
	}
}

func TestNewReaderCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		var causes []error
		r := pull.NewReader(ctx, stalled(&causes, nil))
		errs := make(chan error)
		go func() {
			_, err := io.ReadAll(r)
			errs <- err
		}()
		synctest.Wait()
		cancel(errBoom)
		require.Equal(t, errBoom, <-errs)
		require.NoError(t, r.Close())
		require.Equal(t, []error{errBoom}, causes)
	})
	ctx, cancel := context.WithCancelCause(context.Background())
	r := pull.NewReader(ctx, chunks("abc"))
	_, err := r.Read(make([]byte, 1))
	require.NoError(t, err)
	cancel(errBoom)
	_, err = r.Read(make([]byte, 1))
	require.Equal(t, errBoom, err, "also when a value is ready")
	require.NoError(t, r.Close())
}

func TestNewReaderFailures(t *testing.T) {
	src := pull.From(pull.Reader(iotest.ErrReader(errBoom)), nil)
	r := pull.NewReader(context.Background(), src)
	_, err := io.ReadAll(r)
	require.Equal(t, errBoom, err)
	require.NoError(t, r.Close(), "an old failure is no news")

	var causes []error
	r = pull.NewReader(context.Background(), stalled(&causes, errClose))
	require.ErrorIs(t, r.Close(), errClose)
	require.ErrorIs(t, r.Close(), errClose, "and again")
	require.Len(t, causes, 1)
}

func TestNewReaderOfAPanickingSource(t *testing.T) {
	var causes []error
	src := pull.From(func(context.Context) ([]byte, error) { panic("source") },
		func(cause error) error { causes = append(causes, cause); return nil })
	r := pull.NewReader(context.Background(), src)
	require.PanicsWithValue(t, "source", func() { _, _ = r.Read(make([]byte, 1)) })
	require.Len(t, causes, 1)
	_, err := r.Read(make([]byte, 1))
	require.Error(t, err)
	require.NotEqual(t, io.EOF, err)
	require.NoError(t, r.Close(), "the token is free")
}

// row: E9
func TestReaderThereAndBack(t *testing.T) {
	text := strings.Repeat("there and back ", 10_000)
	r := pull.NewReader(context.Background(), pull.Reader(strings.NewReader(text)))
	for range 3 {
		r = pull.NewReader(context.Background(), pull.Reader(r))
	}
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, text, string(b))
}

// row: I5
func TestChanReadsOneValueAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &probe{n: 100}
		ch, stop := pull.Chan(t.Context(), p.source())
		for i := range 50 {
			require.Equal(t, i, <-ch)
			synctest.Wait()
			require.LessOrEqual(t, p.calls, i+2)
		}
		require.NoError(t, stop())
		require.Len(t, p.causes, 1)
	})
}
