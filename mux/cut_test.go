package mux_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/mux/internal/wire"
)

// replay is a connection whose other side says so much and is then, when it has
// been taken in, cut by a FIN or a reset. It does not listen.
type replay struct {
	net.Conn // nil: what is not defined here must not be called
	left     []byte
	end      error
}

func (r *replay) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		settle()
		return 0, r.end
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

func (r *replay) Write(p []byte) (int, error)      { return len(p), nil }
func (r *replay) SetDeadline(time.Time) error      { return nil }
func (r *replay) SetWriteDeadline(time.Time) error { return nil }
func (r *replay) Close() error                     { return nil }

// clientSays returns what the client of the transcript says before it closes,
// and after how many bytes each stream's terminator is complete.
func clientSays(t *testing.T) (all []byte, ends map[uint32]int) {
	text, err := os.ReadFile(transcriptFile)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if digits, ok := strings.CutPrefix(strings.TrimSpace(line), "c "); ok {
			b, err := hex.DecodeString(digits)
			require.NoError(t, err)
			all = append(all, b...)
		}
	}
	ends = map[uint32]int{}
	var d wire.Decoder
	drain := 0
	for at := handshakeSize(all); at < len(all) && drain == 0; {
		f := parseFrame(all[at:])
		start, end := at+12, at+f.size()
		at = end
		for i := start; i < end && f.id == 1; i++ {
			require.NoError(t, d.Feed(all[i:i+1], func(m wire.Message) error {
				if m.Kind == wire.Drain {
					drain = start - 12
				}
				ends[m.ID] = i + 1
				return nil
			}))
		}
	}
	return all[:drain], ends
}

// handshakeSize is the size of the preface and the hello that says begins with.
func handshakeSize(says []byte) int {
	n, _ := wire.HelloSize([wire.HelloPrefix]byte(says[wire.PrefaceSize:]))
	return wire.PrefaceSize + wire.HelloPrefix + n
}

// TestCutAnywhere cuts the transcript after every single byte. Before its
// terminator has come, no stream may end well; after it, what was sent before
// it is all there.
func TestCutAnywhere(t *testing.T) {
	says, ends := clientSays(t)
	require.Greater(t, len(says), 4096)
	require.Greater(t, ends[3], 4096)
	require.Contains(t, ends, uint32(5))
	bubble(t, func(t *testing.T) { cutAnywhere(t, says, ends) })
}

func cutAnywhere(t *testing.T, says []byte, ends map[uint32]int) {
	for n := range len(says) + 1 {
		conn := &replay{left: says[:n], end: io.EOF}
		if n%2 == 1 {
			conn.end = &net.OpError{Op: "read", Err: syscall.ECONNRESET}
		}
		server, err := mux.Server(context.Background(), conn, mux.Config{Idle: -1})
		if err != nil {
			require.NotErrorIs(t, err, io.EOF)
			require.Less(t, n, handshakeSize(says)+12, "cut after %d: %v", n, err)
			continue
		}
		judgeCut(t, server, n, ends)
	}
}

func judgeCut(t *testing.T, server *mux.Session, n int, ends map[uint32]int) {
	ctx := context.Background()
	for streams := 0; ; streams++ {
		st, err := server.Accept(ctx)
		if err != nil {
			require.Equal(t, server.Err(), err, "cut after %d", n)
			if n > ends[3] {
				require.NotZero(t, streams)
			}
			break
		}
		got, err := receive(ctx, st)
		switch complete := n >= ends[st.ID()]; {
		case !complete:
			require.Equal(t, server.Err(), err, "cut after %d", n)
		case st.ID() == 3:
			require.Equal(t, io.EOF, err, "cut after %d", n)
			require.True(t, bytes.Equal(question, got), "cut after %d", n)
		default:
			want := &mux.StreamError{Code: mux.CodeFailed, Text: "I know", Remote: true}
			require.Equal(t, want, err, "cut after %d", n)
		}
		require.NotErrorIs(t, st.Duplex().Close(nil), io.EOF)
	}
	<-server.Done()
	require.ErrorIs(t, server.Err(), mux.ErrLost)
	require.NotErrorIs(t, server.Err(), io.EOF)
}

// cut is a connection that ends after so many bytes read.
type cut struct {
	net.Conn
	left atomic.Int64
}

func (c *cut) Read(p []byte) (int, error) {
	left := c.left.Load()
	if left == 0 {
		_ = c.Conn.Close()
		return 0, io.EOF
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), left)])
	c.left.Add(int64(-n))
	return n, err
}

// TestCutEitherSide has a live conversation over connections that are cut on
// one side: nothing hangs, nothing ends well that was not sent whole, and both
// ends know why.
func TestCutEitherSide(t *testing.T) {
	step := 37
	if testing.Short() {
		step = 371
	}
	for n := 0; n < 9500; n += step {
		for _, clientSide := range []bool{true, false} {
			a, b := net.Pipe()
			c := &cut{Conn: a}
			c.left.Store(int64(n))
			if a = c; !clientSide {
				a, b = b, c
			}
			talkOverCut(t, a, b)
		}
	}
}

func talkOverCut(t *testing.T, a, b net.Conn) {
	ctx := soon(t)
	var both sync.WaitGroup
	both.Go(func() {
		server, err := mux.Server(ctx, b, mux.Config{})
		if err != nil {
			return
		}
		err = echo(ctx, server)
		<-server.Done()
		if server.Err() == nil && err != io.EOF || server.Err() != nil && err != server.Err() {
			t.Errorf("session ended with %v, accepting with %v", server.Err(), err)
		}
	})
	both.Go(func() {
		client, err := mux.Client(ctx, a, mux.Config{})
		if err != nil {
			return
		}
		defer func() { _ = client.Close(ctx) }()
		st, err := client.Open(ctx, "echo", nil)
		if err != nil {
			return
		}
		both.Go(func() { _ = send(ctx, st, question, 100) })
		if got, err := receive(ctx, st); err == io.EOF && !bytes.Equal(got, question) {
			t.Errorf("a clean end after %d bytes", len(got))
		}
	})
	both.Wait()
}
