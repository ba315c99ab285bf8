package main

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// Where a line cannot be opened, those before it are closed.
func TestLinesThatFailAreDropped(t *testing.T) {
	boom := errors.New("boom")
	for _, accepts := range []int{0, 2} {
		var others []net.Conn
		open := func(context.Context) (line, error) {
			a, b := net.Pipe()
			others = append(others, b)
			return conn{a}, nil
		}
		n := 0
		b := both{open: open, accept: func(ctx context.Context) (line, error) {
			if n++; n > accepts {
				return nil, boom
			}
			return open(ctx)
		}}
		_, _, err := b.lines(t.Context(), 5)
		require.Equal(t, boom, err)
		require.Len(t, others, 2*accepts+1)
		for _, c := range others {
			_, err := c.Write([]byte("x"))
			require.Error(t, err, "the other end is closed")
		}
	}
}
