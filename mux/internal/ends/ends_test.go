package ends_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux/internal/ends"
	"github.com/weir-go/weir/pull"
)

var errBoom = errors.New("boom")

func TestEnds(t *testing.T) {
	guarded := func(f func() error) error {
		ended := make(chan error, 2)
		go ends.Guarded(f, func(err error) { ended <- err })
		return <-ended
	}
	require.NoError(t, guarded(func() error { return nil }))
	require.Equal(t, errBoom, guarded(func() error { return errBoom }))
	require.ErrorAs(t, guarded(func() error { panic("no") }), new(*pull.PanicError))
	require.ErrorAs(t, guarded(func() error { runtime.Goexit(); return nil }), new(*pull.PanicError))

	require.Equal(t, pull.ErrStopped, ends.NotEOF(nil))
	require.Equal(t, io.ErrUnexpectedEOF, ends.NotEOF(io.EOF))
	require.Equal(t, errBoom, ends.NotEOF(errBoom))
	err := ends.NotEOF(fmt.Errorf("read: %w", io.EOF))
	require.EqualError(t, err, "read: EOF")
	require.NotErrorIs(t, err, io.EOF)

	require.Equal(t, errBoom, ends.Refuse(t.Context(), pull.Values(1), errBoom))
	stuck := pull.From(func(context.Context) (int, error) { return 1, nil },
		func(error) error { return io.ErrClosedPipe })
	err = ends.Refuse(t.Context(), stuck, errBoom)
	require.ErrorIs(t, err, errBoom)
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

func TestHalves(t *testing.T) {
	for _, c := range []struct {
		name string
		f, g error
		want []error
	}{
		{"both end", nil, nil, []error{nil, nil}},
		{"one goes on, the other ends", ends.ErrGoing, nil, []error{nil}},
		{"one goes on, the other fails", errBoom, ends.ErrGoing, []error{errBoom}},
	} {
		var got []error
		ended := make(chan error, 2)
		done := make(chan struct{})
		ends.Halves(func() error { return c.f }, func() error { return c.g },
			func(err error) { ended <- err }, func() { close(ended); close(done) })
		<-done
		for err := range ended {
			got = append(got, err)
		}
		require.ElementsMatch(t, c.want, got, c.name)
	}
}
