package secure_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/pull"
)

func TestOneDirectionEnds(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		client, server := connect(t, a, b)
		heard := async(func() (end, error) { return hear(server), nil })
		require.NoError(t, say(client, question))
		got, _ := heard()
		assert.Equal(t, end{got: question}, got)
		assert.Error(t, second(client.Write([]byte("more"))), "after the end")
		said := async(func() (int, error) { return 0, say(server, answer) })
		assert.Equal(t, end{got: answer}, hear(client))
		require.NoError(t, second(said()))
	})
}

func TestCutIsNoEnd(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		client, server := connect(t, a, b)
		wrote := async(func() (int, error) {
			n, err := io.WriteString(client, question)
			return n, errors.Join(err, client.NetConn().Close())
		})
		heard := hear(server)
		assert.Equal(t, end{got: question, err: io.ErrUnexpectedEOF}, heard,
			"what came before is delivered")
		require.NoError(t, second(wrote()))
		assert.Equal(t, io.ErrUnexpectedEOF, second(server.Read(make([]byte, 1))), "final")
		assert.ErrorIs(t, second(client.Read(make([]byte, 1))), closedBy(a))
		assert.ErrorIs(t, second(client.Write([]byte("x"))), closedBy(a))
	})
}

// closedBy is what a connection of this kind says once it is closed.
func closedBy(c net.Conn) error {
	if _, ok := c.(*net.TCPConn); ok {
		return net.ErrClosed
	}
	return io.ErrClosedPipe
}

// Accepted first, and thrown out later: what came before is delivered, and then
// there is no end but a failure.
func TestLateReject(t *testing.T) {
	a, b := tcp(t)
	client, server := connect(t, a, b)
	_, err := io.WriteString(server, answer)
	require.NoError(t, err)
	d := server.Duplex()
	_ = pull.Abort(d.Source, nil)
	got := make([]byte, len(answer))
	_, err = io.ReadFull(client, got)
	require.NoError(t, err)
	assert.Equal(t, answer, string(got))
	assert.Equal(t, errBoom, d.Sink(t.Context(), pull.Error[[]byte](errBoom)))
	_, err = client.Read(got)
	require.Error(t, err)
	assert.NotErrorIs(t, err, io.EOF)
}

func TestClose(t *testing.T) {
	a, b := tcp(t)
	client, server := connect(t, a, b)
	require.NoError(t, client.Close())
	assert.Equal(t, end{}, hear(server))
	assert.ErrorIs(t, client.Close(), net.ErrClosed)
	assert.ErrorIs(t, second(client.Read(make([]byte, 1))), net.ErrClosed)
	assert.ErrorIs(t, second(client.Write(make([]byte, 1))), net.ErrClosed)
	require.NoError(t, server.Close())
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		client, server := connect(t, a, b)
		var timeout net.Error
		for range 2 {
			require.NoError(t, client.SetReadDeadline(time.Now().Add(time.Second)))
			err := second(client.Read(make([]byte, 1)))
			assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
			require.ErrorAs(t, err, &timeout)
			assert.True(t, timeout.Timeout())
		}
		require.NoError(t, client.SetDeadline(time.Time{}))
		said := async(func() (int, error) { return 0, say(server, answer) })
		assert.Equal(t, end{got: answer}, hear(client), "a read that timed out spoils nothing")
		require.NoError(t, second(said()))

		require.NoError(t, client.SetWriteDeadline(time.Now().Add(time.Second)))
		assert.ErrorIs(t, second(client.Write(make([]byte, 1))), os.ErrDeadlineExceeded)
		require.NoError(t, client.SetWriteDeadline(time.Time{}))
		assert.ErrorIs(t, second(client.Write(make([]byte, 1))), os.ErrDeadlineExceeded, "for ever")
	})
}

// The reader that finds out stops the writer too.
func TestTamperedReadStopsWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := two(t)
		a, b := relay(func(to bool, n int, rec []byte) ([][]byte, bool) {
			if !to && n == data(false) {
				rec[len(rec)-1] ^= 1
			}
			return pass(to, n, rec)
		})
		client, server, errA, errB := shake(a, b, c, s)
		require.NoError(t, errA)
		require.NoError(t, errB)
		_, err := io.WriteString(server, answer)
		require.NoError(t, err)
		told := async(func() (end, error) { return hear(server), nil })
		assert.ErrorIs(t, second(client.Read(make([]byte, 100))), secure.ErrTampered)
		err = second(client.Write([]byte("x")))
		assert.ErrorIs(t, err, secure.ErrTampered)
		assert.ErrorContains(t, err, "secure: write: ")
		got, _ := told()
		assert.ErrorIs(t, got.err, secure.ErrAlert)
		assert.EqualError(t, got.err, "secure: read: the other side broke off: tls: bad record MAC")
		_ = a.Close()
		_ = b.Close()
	})
}

func TestDuplexEnds(t *testing.T) {
	a, b := tcp(t)
	client, server := connect(t, a, b)
	ours, theirs := client.Duplex(), server.Duplex()
	echoed := async(func() (int, error) { return 0, theirs.Sink(t.Context(), theirs.Source) })
	require.NoError(t, ours.Sink(t.Context(), pull.Values([]byte("que"), []byte("stion"))))
	var got []byte
	err := pull.Each(t.Context(), ours.Source, func(chunk []byte) error {
		got = append(got, chunk...)
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, "question", string(got))
	require.NoError(t, second(echoed()))
	closed(t, a, b)
}

// A session without a byte, and chunks without one, are ends and chunks as any.
//
// row: G16
func TestNothingIsSaid(t *testing.T) {
	for _, chunks := range [][][]byte{nil, {{}}, {{}, []byte("x"), {}}} {
		a, b := tcp(t)
		client, server := connect(t, a, b)
		ours, theirs := client.Duplex(), server.Duplex()
		said := async(func() (int, error) { return 0, ours.Sink(t.Context(), pull.Values(chunks...)) })
		got, err := pull.Collect(t.Context(), theirs.Source)
		require.NoError(t, err, "a clean end")
		assert.Equal(t, string(bytes.Join(chunks, nil)), string(bytes.Join(got, nil)))
		require.NoError(t, second(said()))
		require.NoError(t, theirs.Sink(t.Context(), pull.Empty[[]byte]()))
		rest, err := pull.Collect(t.Context(), ours.Source)
		require.NoError(t, err)
		assert.Empty(t, rest)
		closed(t, a, b)
	}
}

func TestDuplexCutIsNoEnd(t *testing.T) {
	a, b := tcp(t)
	client, server := connect(t, a, b)
	ours, theirs := client.Duplex(), server.Duplex()
	assert.Equal(t, errBoom, ours.Sink(t.Context(), pull.Error[[]byte](errBoom)))
	assert.ErrorIs(t, second(ours.Source(t.Context())), netconn.ErrCut)
	_, err := theirs.Source(t.Context())
	require.Error(t, err)
	assert.NotErrorIs(t, err, io.EOF)
	_ = theirs.Close(nil)
}
