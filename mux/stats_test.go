package mux_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

// What a stream and its session count, step by step.
func TestStats(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		client, server := connectWith(t, a, b, mux.Config{Window: 256 << 10})
		ours, theirs := pair(t, client, server, "x")
		require.Equal(t, mux.StreamStats{Credit: 256<<10 - len(head("x"))}, ours.Stats())
		require.Equal(t, mux.StreamStats{Credit: 256 << 10}, theirs.Stats())

		values := make(chan []byte)
		sank := later(func() error { return ours.Duplex().Sink(t.Context(), pull.FromChan(values)) })
		values <- make([]byte, 1000)
		settle()
		values <- make([]byte, 100_000)
		settle()
		n := ours.Stats()
		require.EqualValues(t, 101_000, n.BytesOut)
		require.EqualValues(t, 2, n.ChunksOut)
		require.EqualValues(t, 5, n.Writes)
		require.Equal(t, 256<<10-len(head("x"))-101_000, n.Credit)
		require.Equal(t, 101_000, theirs.Stats().Held)
		require.Equal(t, 101_000, server.Stats().Held)

		values <- make([]byte, 200_000) // more than the window
		time.Sleep(3 * time.Second)
		require.Equal(t, 3*time.Second, ours.Stats().Stalled, "so far")
		require.Zero(t, client.Stats().Stalled, "when it is over")
		close(values)
		src, got, chunks := theirs.Duplex().Source, 0, uint64(0)
		for {
			chunk, err := src(t.Context())
			if err != nil {
				require.Equal(t, io.EOF, err)
				break
			}
			got += len(chunk)
			chunks++
		}
		require.NoError(t, <-sank)
		require.Equal(t, 301_000, got)
		require.EqualValues(t, got, theirs.Stats().BytesIn)
		require.Equal(t, chunks, theirs.Stats().ChunksIn)
		require.Zero(t, theirs.Stats().Held)
		require.Equal(t, 3*time.Second, ours.Stats().Stalled)
		require.Equal(t, 3*time.Second, client.Stats().Stalled)
		require.EqualValues(t, 3, ours.Stats().ChunksOut)
		settle()
		require.Greater(t, client.Stats().BytesOut, uint64(301_000))
		require.Greater(t, server.Stats().BytesIn, uint64(301_000))
	})
}

// The round trip is measured again by each ping of an idle session.
func TestRoundTripIsMeasuredAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		slow := &late{Conn: a}
		client, _ := connect(t, slow, b)
		require.Equal(t, time.Microsecond, client.Stats().RTT)
		slow.delay.Store(int64(40 * time.Millisecond))
		time.Sleep(time.Minute)
		require.GreaterOrEqual(t, client.Stats().RTT, 40*time.Millisecond)
		require.Less(t, client.Stats().RTT, 100*time.Millisecond)
	})
}

// The source that reuses its buffer does, and is the same otherwise.
func TestReused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		client, server := connect(t, a, b)
		ours, theirs := pair(t, client, server, "x")
		values := make(chan []byte)
		go func() { _ = ours.Duplex().Sink(t.Context(), pull.FromChan(values)) }()
		src := theirs.Reused().Source
		used := map[*byte]bool{}
		for i := range byte(9) {
			if i < 3 { // there is something to read
				values <- bytes.Repeat([]byte{i}, 20<<10)
				settle()
			} else { // the reader waits, and leaves its buffer to the session
				go func() { settle(); values <- bytes.Repeat([]byte{i}, 20<<10) }()
			}
			chunk, err := src(t.Context())
			require.NoError(t, err)
			require.Equal(t, bytes.Repeat([]byte{i}, 20<<10), chunk)
			used[&chunk[0]] = true
		}
		require.LessOrEqual(t, len(used), 3,
			"one from before it lent, one that is read, one into which the next arrives")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := src(ctx)
		require.Equal(t, context.Canceled, err)
		_, err = theirs.Duplex().Source(t.Context())
		require.Equal(t, context.Canceled, err)
		close(values)
	})
}
