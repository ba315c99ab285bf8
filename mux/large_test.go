package mux_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

// uneven yields data in chunks of up to 100 KiB, most of them large.
func uneven(data []byte, seed uint64) pull.Source[[]byte] {
	random := rand.New(rand.NewPCG(seed, 1))
	var all [][]byte
	for len(data) > 0 {
		n := min(len(data), 1+random.IntN(10<<random.IntN(14)))
		all = append(all, data[:n])
		data = data[n:]
	}
	return pull.Values(all...)
}

// kept reads a source whose chunks are the caller's, and looks at them at the end.
func kept(ctx context.Context, src pull.Source[[]byte]) ([]byte, error) {
	var all [][]byte
	chunk, err := src(ctx)
	for ; err == nil; chunk, err = src(ctx) {
		all = append(all, chunk)
	}
	return bytes.Join(all, nil), err
}

// lent reads one whose chunks are valid until the next.
func lent(ctx context.Context, src pull.Source[[]byte]) (all []byte, err error) {
	chunk, err := src(ctx)
	for ; err == nil; chunk, err = src(ctx) {
		all = append(all, chunk...)
	}
	return all, err
}

// Large chunks go through sockets without a copy: what was delivered is not
// written to again, what was lent is, and who leaves disturbs nobody.
func TestLargeChunksOverSockets(t *testing.T) {
	a, b := tcp(t)
	client, server := connect(t, a, b)
	data := noise(4 << 20)
	var running []<-chan error
	run := func(from, to *mux.Session, seed uint64) {
		ours, theirs := pair(t, from, to, "large")
		lending := seed%2 == 1
		running = append(running, later(func() error {
			return ours.Duplex().Sink(soon(t), uneven(data, seed))
		}), later(func() error {
			return theirs.Duplex().Sink(soon(t), uneven(data, seed+10))
		}))
		for _, st := range []*mux.Stream{ours, theirs} {
			running = append(running, later(func() error {
				read, src := kept, st.Duplex().Source
				if lending {
					read, src = lent, st.Reused().Source
				}
				got, err := read(soon(t), src)
				if err != io.EOF {
					return err
				}
				assert.True(t, bytes.Equal(data, got), "other bytes arrived")
				return nil
			}))
		}
	}
	for seed := range uint64(4) {
		run(client, server, seed)
	}
	ours, theirs := pair(t, client, server, "left")
	_ = pull.Abort(ours.Duplex().Source, nil)
	_ = theirs.Duplex().Sink(soon(t), pull.Empty[[]byte]())
	left := later(func() error { return ours.Duplex().Sink(soon(t), uneven(data, 7)) })
	for range 10 {
		_, err := theirs.Duplex().Source(soon(t))
		require.NoError(t, err)
	}
	boom := errors.New("boom")
	require.NoError(t, pull.Abort(theirs.Duplex().Source, boom))
	require.ErrorContains(t, <-left, "boom")
	for _, err := range running {
		require.NoError(t, <-err)
	}
	require.Zero(t, client.Stats().Held+server.Stats().Held)
	closed := later(func() error { return client.Close(soon(t)) })
	require.NoError(t, server.Close(soon(t)))
	require.NoError(t, <-closed)
}

// A window that is used up again and again does not cut chunks: the head of the
// stream has its share of it but once.
func TestWindowsHoldWholeChunks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const chunks = 128
		a, b := net.Pipe()
		client, server := connect(t, a, b)
		ours, theirs := pair(t, client, server, "name")
		sent := later(func() error {
			return send(t.Context(), ours, make([]byte, chunks*32<<10), 32<<10)
		})
		for got := 0; got < chunks*32<<10; {
			settle()
			for held := theirs.Stats().Held; held > 0; held = theirs.Stats().Held {
				chunk, err := theirs.Duplex().Source(t.Context())
				require.NoError(t, err)
				got += len(chunk)
			}
		}
		require.NoError(t, <-sent)
		require.LessOrEqual(t, ours.Stats().Writes, uint64(chunks+1))
		_, _ = client.Abort(nil), server.Abort(nil)
	})
}
