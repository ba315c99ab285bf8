package shim_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/mux/internal/shim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	data, window, ping = 0, 1, 2
	syn, ack, fin      = 1, 2, 4
)

func frame(kind byte, flags uint16, id, length uint32) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0, kind}, flags)
	b = binary.BigEndian.AppendUint32(b, id)
	return binary.BigEndian.AppendUint32(b, length)
}

func join(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// heard notes what the handler is told.
type heard struct {
	mu     sync.Mutex
	events []string
	bytes  map[uint32][]byte
	failed error

	lendsNot bool // Space does not
}

func (h *heard) note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, fmt.Sprintf(format, args...))
}

func (h *heard) Opened(id uint32, remote bool) { h.note("opened %d %v", id, remote) }
func (h *heard) Acked(id uint32)               { h.note("acked %d", id) }
func (h *heard) Credit(id uint32, n uint32)    { h.note("credit %d %d", id, n) }
func (h *heard) Forgotten(id uint32)           { h.note("forgotten %d", id) }
func (h *heard) Finished(id uint32) error      { h.note("finished %d", id); return nil }

func (h *heard) Data(id uint32, p []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.bytes == nil {
		h.bytes = map[uint32][]byte{}
	}
	h.bytes[id] = append(h.bytes[id], p...)
	return nil
}

// Space lends a byte more than is asked for: it may.
func (h *heard) Space(_ uint32, n int) []byte {
	if h.lendsNot {
		return nil
	}
	return make([]byte, n+1)
}

func (h *heard) Keep(id uint32, p []byte) error { return h.Data(id, p) }

func (h *heard) Failed(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed == nil {
		h.failed = err
	}
}

// pieces is a connection that yields given bytes in pieces of a given size,
// and keeps what is written.
type pieces struct {
	net.Conn // nil
	left     []byte
	size     int
	mu       sync.Mutex
	out      bytes.Buffer
}

func (c *pieces) Read(p []byte) (int, error) {
	if len(c.left) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.size)], c.left)
	c.left = c.left[n:]
	return n, nil
}

func (c *pieces) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.Write(p)
}

func (c *pieces) SetWriteDeadline(time.Time) error { return nil }
func (c *pieces) Close() error                     { return nil }

// handed is what yamux gets: frames taken apart.
type handed struct {
	flags  map[uint32][]uint16
	bytes  map[uint32][]byte // those that a shim sends; yamux gets none
	credit map[uint32]uint32
}

// takeApart reads b as yamux does and fails where yamux would have to wait.
func takeApart(t *testing.T, b []byte) handed {
	h := handed{map[uint32][]uint16{}, map[uint32][]byte{}, map[uint32]uint32{}}
	for len(b) > 0 {
		require.GreaterOrEqual(t, len(b), 12)
		kind, flags := b[1], binary.BigEndian.Uint16(b[2:])
		id, length := binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
		b = b[12:]
		if flags != 0 {
			h.flags[id] = append(h.flags[id], flags)
		}
		switch kind {
		case window:
			h.credit[id] += length
		case data:
			require.Zero(t, flags, "flags travel apart from data")
			require.GreaterOrEqual(t, len(b), int(length))
			h.bytes[id] = append(h.bytes[id], b[:length]...)
			b = b[length:]
		default:
			t.Fatalf("yamux got a frame of type %d", kind)
		}
	}
	return h
}

// side is a shim's config with limits that are not reached.
func side(client bool, timeout time.Duration) shim.Config {
	return shim.Config{Client: client, WriteTimeout: timeout, Streams: 256, Backlog: 256}
}

// through runs bytes through the reading side of a server's shim.
func through(t *testing.T, b []byte, size int, h *heard) (got []byte, sent []byte) {
	conn := &pieces{left: b, size: size}
	c := shim.New(conn, h, side(false, 0))
	got, err := io.ReadAll(c)
	require.Error(t, err)
	require.Error(t, h.failed)
	c.Finish()
	c.Wait()
	_ = c.Close()
	return got, conn.out.Bytes()
}

func TestReadCutsFrames(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789"), 2000)
	frames := join(
		frame(window, syn, 1, 100),
		frame(data, 0, 1, 5), []byte("ctrl1"),
		frame(data, syn|fin, 3, uint32(len(body))), body,
		frame(window, syn, 5, 0),
		frame(ping, syn, 0, 7),
		frame(data, 0, 5, 3), []byte("abc"),
		frame(window, 0, 5, 9),
		frame(data, 0, 5, 0),
		frame(window, fin, 5, 11),
	)
	for _, size := range []int{1, 2, 11, 12, 13, 1000, 1 << 20} {
		h := &heard{}
		got, sent := through(t, frames, size, h)
		y := takeApart(t, got)
		require.Empty(t, y.bytes)
		require.Equal(t, map[uint32][]uint16{1: {syn}, 3: {syn, fin}, 5: {syn, fin}}, y.flags)
		require.Equal(t, map[uint32]uint32{1: 100, 3: 0, 5: 20}, y.credit)
		require.Equal(t, map[uint32][]byte{1: []byte("ctrl1"), 3: body, 5: []byte("abc")}, h.bytes)
		require.Equal(t, []string{"opened 1 true", "opened 3 true", "finished 3",
			"opened 5 true", "credit 5 9", "credit 5 11", "finished 5"}, h.events)
		var op *shim.OpError
		require.ErrorAs(t, h.failed, &op)
		require.Equal(t, "read", op.Op)
		require.Equal(t, frame(ping, ack, 0, 7), sent)
	}
}

// A stream is acknowledged when the session says so, once, and its window is
// widened then.
func TestAcknowledge(t *testing.T) {
	conn := &pieces{size: 100, left: join(frame(window, syn, 1, 0), frame(window, syn, 3, 0),
		frame(window, syn|fin, 5, 0))}
	h := &heard{}
	c := shim.New(conn, h, side(false, 0))
	_, err := io.ReadAll(c)
	require.Error(t, err)
	write(t, c, frame(window, ack, 3, 100), frame(window, 0, 5, 7))
	require.NoError(t, c.Acknowledge(5))
	require.NoError(t, c.Acknowledge(3))
	require.NoError(t, c.Acknowledge(3))
	require.NoError(t, c.Acknowledge(9))
	write(t, c, frame(window, ack, 3, 50), frame(window, fin, 5, 0), frame(window, 0, 5, 9))
	c.Finish()
	c.Wait()
	_ = c.Close()
	require.Equal(t, join(frame(window, ack, 5, 7), frame(window, ack, 3, 100),
		frame(window, 0, 3, 50), frame(window, fin, 5, 0)), conn.out.Bytes())
	require.Equal(t, "forgotten 5", h.events[len(h.events)-1])
}

func TestControlWindowIsRefilled(t *testing.T) {
	frames := frame(window, syn, 1, 0)
	chunk := make([]byte, 60<<10)
	for range 20 {
		frames = join(frames, frame(data, 0, 1, uint32(len(chunk))), chunk)
	}
	h := &heard{}
	got, sent := through(t, frames, 1<<20, h)
	require.Len(t, got, 12, "yamux sees the SYN only")
	require.Len(t, h.bytes[1], 20*len(chunk))
	require.GreaterOrEqual(t, takeApart(t, sent).credit[1], uint32(18*len(chunk)))
}

// pipe is a shim over one end of a pipe; the other end is returned.
func pipe(t *testing.T, client bool, timeout time.Duration) (*shim.Conn, *heard, net.Conn) {
	a, b := net.Pipe()
	h := &heard{}
	c := shim.New(a, h, side(client, timeout))
	t.Cleanup(func() {
		_ = c.Close()
		_ = b.Close()
		c.Wait()
	})
	return c, h, b
}

func write(t *testing.T, c *shim.Conn, frames ...[]byte) {
	for _, f := range frames {
		n, err := c.Write(f)
		require.NoError(t, err)
		require.Equal(t, len(f), n)
	}
}

func TestWriteDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, h, far := pipe(t, true, 0)
		ctx := context.Background()
		write(t, c, frame(window, syn, 1, 0), frame(window, syn, 3, 0))
		body := make([]byte, 32<<10)
		n := len(body) + shim.HeaderSize
		for range 3 {
			require.True(t, c.Reserve(ctx, n))
			require.NoError(t, c.Send(3, body))
		}
		stopped, cancel := context.WithCancel(ctx)
		cancel()
		require.False(t, c.Reserve(stopped, n), "the budget is 128 KiB")
		require.True(t, c.Reserve(ctx, 1000), "what does not fit takes nothing")

		waits := make(chan bool, 2)
		go func() { waits <- c.Reserve(ctx, n) }()
		synctest.Wait()
		go func() { waits <- c.Reserve(ctx, 1) }()
		synctest.Wait()
		require.Empty(t, waits, "first come, first served")
		got := make([]byte, 24+3*n)
		_, err := io.ReadFull(far, got)
		require.NoError(t, err)
		synctest.Wait()
		require.True(t, <-waits)
		require.True(t, <-waits)
		require.Equal(t, []string{"opened 1 false", "opened 3 false"}, h.events)

		go func() { waits <- c.Reserve(ctx, 1<<20) }()
		synctest.Wait()
		require.NoError(t, c.Close())
		require.False(t, <-waits)
	})
}

func TestSendKnowsItsStreams(t *testing.T) {
	c, h, far := pipe(t, true, 0)
	write(t, c, frame(window, syn, 1, 0), frame(window, syn, 3, 0), frame(window, syn, 5, 0))
	require.True(t, c.Reserve(context.Background(), 2*shim.HeaderSize+5))
	require.NoError(t, c.Send(3, []byte("abc")))
	write(t, c, frame(window, fin, 3, 0))
	require.Error(t, c.Send(3, []byte("de")), "after its FIN")
	require.Error(t, c.Send(7, []byte("de")), "not opened")
	require.NoError(t, c.Send(5, []byte("de")))
	want := join(frame(window, syn, 1, 0), frame(window, syn, 3, 0), frame(window, syn, 5, 0),
		frame(data, 0, 3, 3), []byte("abc"), frame(window, fin, 3, 0),
		frame(data, 0, 5, 2), []byte("de"))
	got := make([]byte, len(want))
	_, err := io.ReadFull(far, got)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.NoError(t, h.failed)
	_, err = c.Write(frame(data, 0, 5, 2))
	require.Error(t, err, "yamux sends no bytes")
	require.Equal(t, err, h.failed)
	require.NoError(t, c.Close())
	require.ErrorIs(t, c.Send(5, []byte("de")), net.ErrClosed)
}

func TestControlWaitsForItsWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, far := pipe(t, true, 0)
		require.NoError(t, c.SendControl([]byte("early")))
		write(t, c, frame(window, syn, 1, 0))
		got := make([]byte, 12+12+5)
		_, err := io.ReadFull(far, got)
		require.NoError(t, err)
		require.Equal(t, join(frame(window, syn, 1, 0), frame(data, 0, 1, 5), []byte("early")), got)

		read := make(chan int, 1)
		go func() {
			n, _ := io.Copy(io.Discard, far)
			read <- int(n)
		}()
		var stalled error
		sent := 0
		for stalled == nil {
			if stalled = c.SendControl(make([]byte, 100<<10)); stalled == nil {
				sent += 100 << 10
			}
			synctest.Wait()
		}
		require.Equal(t, shim.ErrStalled, stalled)
		require.Greater(t, sent, 1<<20)
		require.NoError(t, c.Close())
		require.Equal(t, 256<<10-5+10*12, <-read, "one window, in ten frames")
	})
}

func TestFinishFlushesFirst(t *testing.T) {
	c, _, far := pipe(t, true, 0)
	write(t, c, frame(window, syn, 1, 0))
	c.Finish()
	got, err := io.ReadAll(far)
	require.NoError(t, err)
	require.Equal(t, frame(window, syn, 1, 0), got)
	c.Wait()
}

// FuzzRead feeds anything in pieces of any size: what yamux gets is whole
// frames, and the pieces do not matter.
func FuzzRead(f *testing.F) {
	f.Add(join(frame(window, syn, 1, 0), frame(data, syn|fin, 3, 3), []byte("abc")), 5)
	f.Add(join(frame(window, syn, 1, 0), frame(data, 0, 1, 2), []byte{5, 0}), 1)
	f.Add(join(frame(window, syn, 1, 0), frame(window, syn, 3, 0), frame(window, fin, 3, 0),
		frame(window, 0, 3, 0), frame(data, 0, 3, 0xFFFFFFFF)), 3)
	f.Add(join(frame(ping, syn, 0, 1), frame(3, 0, 0, 1), make([]byte, 50)), 2)
	frames, _ := manyFrames()
	f.Add(frames, 20_000)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		whole, pieced, socket := &heard{}, &heard{}, &heard{}
		want, sent := through(t, b, len(b)+1, whole)
		got, sent2 := through(t, b, 1+max(0, size)%len(append(b, 0)), pieced)
		require.Equal(t, takeApart(t, want), takeApart(t, got))
		require.Equal(t, whole.bytes, pieced.bytes)
		require.Equal(t, whole.events, pieced.events)
		require.Equal(t, sent, sent2)
		require.Equal(t, whole.failed, pieced.failed)
		got, sent2 = throughSocket(t, "unix", b, 1+max(0, size)%len(append(b, 0)), socket)
		require.Equal(t, takeApart(t, want), takeApart(t, got))
		require.Equal(t, whole.bytes, socket.bytes)
		require.Equal(t, whole.events, socket.events)
		require.Equal(t, string(sent), string(sent2))
		require.Equal(t, whole.failed, socket.failed)
	})
}
