package shim_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux/internal/shim"
)

// sockets returns the two ends of a connection of the operating system.
func sockets(t testing.TB, network string) (near, far net.Conn) {
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, address)
	require.NoError(t, err)
	defer l.Close()
	near, err = net.Dial(network, l.Addr().String())
	require.NoError(t, err)
	far, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	return near, far
}

// throughSocket is through with bytes that come by a socket.
func throughSocket(t testing.TB, network string, b []byte, size int, h *heard) (got, sent []byte) {
	near, far := sockets(t, network)
	written, answered := make(chan error, 1), make(chan error, 1)
	go func() {
		var err error
		for p := b; len(p) > 0 && err == nil; p = p[min(size, len(p)):] {
			_, err = far.Write(p[:min(size, len(p))])
		}
		_ = far.(interface{ CloseWrite() error }).CloseWrite()
		written <- err
	}()
	go func() {
		var err error
		sent, err = io.ReadAll(far)
		answered <- err
	}()
	c := shim.New(near, h, side(false, 0))
	got, err := io.ReadAll(c)
	require.Error(t, err)
	require.Error(t, h.failed)
	c.Finish()
	c.Wait()
	_, _ = io.Copy(io.Discard, near) // what is left after a failure would reset it
	require.NoError(t, <-written)
	require.NoError(t, <-answered)
	_ = c.Close()
	return got, sent
}

// manyFrames is two streams of frames of all sizes, small ones between them.
func manyFrames() (frames []byte, want map[uint32][]byte) {
	want = map[uint32][]byte{}
	frames = join(frame(window, syn, 1, 0), frame(window, syn, 3, 0), frame(window, syn, 5, 0))
	for i, size := range []int{
		1, 16 << 10, 32 << 10, 32 << 10, 40_000, 12, 16<<10 - 1, 100_000, 0, 20_000, 32 << 10,
	} {
		id := uint32(3 + 2*(i%2))
		body := make([]byte, size)
		for k := range body {
			body[k] = byte(k*7 + k>>8 + i)
		}
		frames = join(frames, frame(data, 0, id, uint32(size)), body)
		if i%3 == 0 {
			frames = join(frames, frame(window, 0, id, 10), frame(data, 0, 1, 2), []byte("ok"))
			want[1] = append(want[1], "ok"...)
		}
		want[id] = append(want[id], body...)
	}
	return join(frames, frame(window, fin, 3, 0)), want
}

func TestReadOfSocket(t *testing.T) {
	frames, want := manyFrames()
	for _, network := range []string{"tcp", "unix"} {
		for _, size := range []int{777, 5000, 32<<10 + 12, 1 << 20} {
			for _, lends := range []bool{true, false} {
				h := &heard{lendsNot: !lends}
				got, _ := throughSocket(t, network, frames, size, h)
				require.Equal(t, want, h.bytes)
				require.Equal(t, []uint16{syn, fin}, takeApart(t, got).flags[3])
				require.EqualError(t, h.failed, "read: EOF")
			}
		}
	}
}

// filled is what frame i of a stream has in it.
func filled(id uint32, i int) []byte {
	b := make([]byte, 16<<10+i*997%(16<<10))
	for k := range b {
		b[k] = byte(k>>8 + i + int(id))
	}
	return b
}

// sendFilled sends n frames, and a window update after each but the last.
func sendFilled(c *shim.Conn, id uint32, n int) error {
	for i := range n {
		b := filled(id, i)
		if !c.Reserve(context.Background(), len(b)+shim.HeaderSize) {
			return net.ErrClosed
		}
		if err := c.Send(id, b); err != nil {
			return err
		}
		if i == n-1 {
			break // nothing more wakes the flusher
		}
		if err := c.Grant(id, 1); err != nil {
			return err
		}
	}
	return nil
}

// Large frames leave at once, as far as there is room, and what others send
// meanwhile comes after their rest.
func TestSendToSocket(t *testing.T) {
	// TCP with less room waits for timers now and then.
	t.Run("tcp", func(t *testing.T) { sendToSocket(t, "tcp", 64<<10) })
	t.Run("unix", func(t *testing.T) { sendToSocket(t, "unix", 64<<10) })
	t.Run("little room", func(t *testing.T) { sendToSocket(t, "unix", 8<<10) })
}

func sendToSocket(t *testing.T, network string, room int) {
	const each = 100
	near, far := sockets(t, network)
	require.NoError(t, near.(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(room))
	require.NoError(t, far.(interface{ SetReadBuffer(int) error }).SetReadBuffer(room))
	h := &heard{}
	c := shim.New(near, h, side(true, 0))
	frames := [][]byte{frame(window, syn, 1, 0), frame(window, syn, 3, 0), frame(window, syn, 5, 0)}
	write(t, c, frames...)
	sent := make(chan error, 2)
	for id := uint32(3); id <= 5; id += 2 {
		go func() { sent <- sendFilled(c, id, each) }()
	}
	opened := make([]byte, 3*shim.HeaderSize)
	_, err := io.ReadFull(far, opened)
	require.NoError(t, err)
	require.Equal(t, join(frames...), opened)
	next, want := map[uint32]int{}, uint64(len(opened))
	for grants := 0; grants < 2*each-2 || next[3] < each || next[5] < each; {
		head := make([]byte, shim.HeaderSize)
		_, err := io.ReadFull(far, head)
		require.NoError(t, err)
		want += shim.HeaderSize
		id := binary.BigEndian.Uint32(head[4:])
		if bytes.Equal(head, frame(window, 0, id, 1)) {
			grants++
			continue
		}
		body := filled(id, next[id])
		require.Equal(t, frame(data, 0, id, uint32(len(body))), head)
		got := make([]byte, len(body))
		_, err = io.ReadFull(far, got)
		require.NoError(t, err)
		require.True(t, bytes.Equal(body, got), "frame %d of stream %d", next[id], id)
		want += uint64(len(body))
		next[id]++
	}
	require.NoError(t, <-sent)
	require.NoError(t, <-sent)
	require.True(t, c.Reserve(t.Context(), shim.Budget), "everything was given back")
	c.Finish()
	rest, err := io.ReadAll(far)
	require.NoError(t, err)
	require.Empty(t, rest)
	c.Wait()
	require.NoError(t, c.Close())
	require.NoError(t, h.failed)
	_, written := c.Bytes()
	require.Equal(t, want, written)
}

// A socket that is gone fails the session by its flusher.
func TestSendToDeadSocket(t *testing.T) {
	near, far := sockets(t, "tcp")
	h := &heard{}
	c := shim.New(near, h, side(true, 0))
	write(t, c, frame(window, syn, 1, 0), frame(window, syn, 3, 0))
	require.NoError(t, far.(*net.TCPConn).SetLinger(0))
	require.NoError(t, far.Close())
	_, err := io.ReadAll(c)
	require.Error(t, err)
	var op *shim.OpError
	require.ErrorAs(t, h.failed, &op)
	b := make([]byte, 32<<10)
	for c.Reserve(context.Background(), len(b)+shim.HeaderSize) {
		if err := c.Send(3, b); err != nil {
			break
		}
		if _, sent := c.Bytes(); sent > 1<<20 {
			t.Fatal("it takes everything")
		}
		c.Wait() // nobody else has written: the flusher has failed
		require.NoError(t, c.Close())
	}
}
