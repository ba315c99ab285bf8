package mux_test

import (
	"context"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/cryptotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/mux/internal/wire"
)

// replay is a connection whose other side says what it said once, step by step,
// each when all has come to rest, and is then cut by a FIN or a reset. It does
// not listen.
type replay struct {
	net.Conn // nil: what is not defined here must not be called
	steps    [][]byte
	end      error
}

func (r *replay) Read(p []byte) (int, error) {
	for len(r.steps) > 0 && len(r.steps[0]) == 0 {
		r.steps = r.steps[1:]
		settle()
	}
	if len(r.steps) == 0 {
		return 0, r.end
	}
	n := copy(p, r.steps[0])
	r.steps[0] = r.steps[0][n:]
	return n, nil
}

func (r *replay) Write(p []byte) (int, error)      { return len(p), nil }
func (r *replay) SetDeadline(time.Time) error      { return nil }
func (r *replay) SetReadDeadline(time.Time) error  { return nil }
func (r *replay) SetWriteDeadline(time.Time) error { return nil }
func (r *replay) Close() error                     { return nil }
func (r *replay) RemoteAddr() net.Addr             { return &net.TCPAddr{} }

// cutAt is what is left of steps when the connection is cut after n bytes.
func cutAt(steps [][]byte, n int) [][]byte {
	var left [][]byte
	for _, s := range steps {
		m := min(n, len(s))
		left = append(left, s[:m])
		n -= m
	}
	return left
}

// counted counts what was read.
type counted struct {
	net.Conn
	n atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// handshakeSize is the size of the preface and the hello that says begins with.
func handshakeSize(says []byte) int {
	n, _ := wire.HelloSize([wire.HelloPrefix]byte(says[wire.PrefaceSize:]))
	return wire.PrefaceSize + wire.HelloPrefix + n
}

// terminators says after how many bytes each stream's terminator is complete.
func terminators(t *testing.T, says []byte) map[uint32]int {
	ends := map[uint32]int{}
	var d wire.Decoder
	for at := handshakeSize(says); at < len(says); {
		f := parseFrame(says[at:])
		start, end := at+12, at+f.size()
		at = end
		for i := start; i < end && f.id == 1; i++ {
			require.NoError(t, d.Feed(says[i:i+1], func(m wire.Message) error {
				if m.Kind == wire.End || m.Kind == wire.Reset {
					ends[m.ID] = i + 1
				}
				return nil
			}))
		}
	}
	return ends
}

// A script is one side of a recorded conversation, as it was said and as it was
// on the connection, and what is needed to hear it again.
type script struct {
	c     cell
	plain []byte
	steps [][]byte
	ends  map[uint32]int // offsets in plain
}

// said keeps what is written to a connection, each write by itself.
type said struct {
	net.Conn
	writes [][]byte
}

func (s *said) Write(p []byte) (int, error) {
	s.writes = append(s.writes, slices.Clone(p))
	return s.Conn.Write(p)
}

// Seeds of the randomness of either side: a channel whose other side is a
// recording must make the same keys again.
const clientSeed, serverSeed = 1, 2

// recordScript has the conversation of the transcript over c, and returns what
// the side opposite to the struck one said: the client's words to a server, or
// the server's to a client.
func recordScript(t *testing.T, c cell) (s script) {
	keys()
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		ca, cb := &said{Conn: a}, &said{Conn: b}
		var x net.Conn
		cryptotest.SetGlobalRandom(t, clientSeed)
		ready := later(func() (err error) {
			x, err = c.wrap(context.Background(), ca, true)
			return err
		})
		settle() // the client's part of the keys is on its way
		cryptotest.SetGlobalRandom(t, serverSeed)
		y, err := c.wrap(context.Background(), cb, false)
		require.NoError(t, err)
		require.NoError(t, <-ready)
		px, py := &said{Conn: x}, &said{Conn: y}
		cfg := mux.Config{Idle: -1, Application: "chat/2"}
		client, server := connectWith(t, px, py, cfg)
		converse(t, &recording{}, client, server)
		s = script{c: c, plain: slices.Concat(px.writes...), steps: [][]byte{slices.Concat(ca.writes...)}}
		if c.sink { // a client hears each answer after its question
			s.plain, s.steps = slices.Concat(py.writes...), cb.writes
		}
	})
	s.ends = terminators(t, s.plain)
	return s
}

// TestCutAnywhere cuts the transcript after every single byte, by a FIN and by
// a reset, as its server hears it and as its client does. Before its terminator
// has come, no stream may end well; after it, what was sent before it is all
// there. Over TLS, where each cut costs two handshakes, it is every seventh
// byte and the last; each where WEIR_LONG is set.
func TestCutAnywhere(t *testing.T) {
	inCells(t, func(t *testing.T, c cell) {
		s := recordScript(t, c)
		require.Len(t, s.ends, 2)
		step := 1
		switch {
		case raceEnabled || testing.Short():
			step = 17
		case c.tls && !long:
			step = 7
		}
		heard := map[int]bool{}
		size := len(slices.Concat(s.steps...))
		if !c.sink {
			require.Greater(t, len(s.plain), 4096)
		}
		bubble(t, func(t *testing.T) {
			for n := 0; n <= size && !t.Failed(); n += step {
				heard[s.cut(t, n)] = true
			}
			heard[s.cut(t, size)] = true
		})
		require.True(t, heard[len(s.plain)], "all of it arrives uncut")
		if !c.tls && step == 1 {
			require.Len(t, heard, size+1)
		}
		t.Logf("%d cuts, %d of them heard of", size+1, len(heard))
	})
}

// cut hears the script up to byte n and returns how many plain bytes came.
func (s script) cut(t *testing.T, n int) int {
	conn := &replay{steps: cutAt(s.steps, n), end: io.EOF}
	if n%2 == 1 {
		conn.end = &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	}
	seed := uint64(serverSeed)
	if s.c.sink {
		seed = clientSeed
	}
	cryptotest.SetGlobalRandom(t, seed)
	over, err := s.c.wrap(context.Background(), conn, s.c.sink)
	if err != nil {
		typed(t, err, "cut in the channel's handshake")
		return 0
	}
	count := &counted{Conn: over}
	judge := s.judgeServer
	if s.c.sink {
		judge = s.judgeClient
	}
	judge(t, count, n)
	return int(count.n.Load())
}

func (s script) judgeServer(t *testing.T, conn *counted, n int) {
	ctx := context.Background()
	server, err := mux.Server(ctx, conn, mux.Config{Idle: -1, Application: "chat/2"})
	heard := int(conn.n.Load())
	if err != nil {
		typed(t, err, "cut in the handshake")
		require.Less(t, heard, handshakeSize(s.plain)+12, "cut after %d: %v", n, err)
		return
	}
	<-server.Done()
	heard = int(conn.n.Load())
	for streams := 0; ; streams++ {
		st, err := server.Accept(ctx)
		if err != nil {
			require.Equal(t, server.Err(), err, "cut after %d", n)
			if heard > s.ends[3] {
				require.NotZero(t, streams)
			}
			break
		}
		got, err := receive(ctx, st)
		s.judgeEnd(t, server, st.ID(), got, err, heard)
		require.NotErrorIs(t, st.Duplex().Close(nil), io.EOF)
	}
	s.judgeCause(t, server, heard)
}

// judgeClient plays the client's part of the conversation.
func (s script) judgeClient(t *testing.T, conn *counted, n int) {
	ctx := context.Background()
	client, err := mux.Client(ctx, conn, mux.Config{Idle: -1, Application: "chat/2"})
	if err != nil {
		typed(t, err, "cut in the handshake")
		require.Less(t, int(conn.n.Load()), handshakeSize(s.plain)+12, "cut after %d: %v", n, err)
		return
	}
	for _, name := range []string{"hello", "tell me"} {
		st, err := client.Open(ctx, name, nil)
		if err != nil {
			require.Equal(t, client.Err(), err)
			break
		}
		gone := make(chan error, 1)
		src := chunks(question, 5000)
		if name == "tell me" {
			src = blocked("well", gone)
		}
		sank := later(func() error { return st.Duplex().Sink(ctx, src) })
		got, err := receive(ctx, st)
		s.judgeEnd(t, client, st.ID(), got, err, int(conn.n.Load()))
		if err := <-sank; err != nil && name == "hello" {
			require.Equal(t, client.Err(), err)
		} else if name == "tell me" {
			require.Equal(t, err, <-gone, "its source is aborted, once")
		}
	}
	closed := later(func() error { return client.Close(ctx) })
	<-client.Done()
	require.Equal(t, client.Err(), <-closed)
	s.judgeCause(t, client, int(conn.n.Load()))
}

// judgeEnd checks how a direction of which heard bytes of the session have come
// has ended.
func (s script) judgeEnd(
	t *testing.T, session *mux.Session, id uint32, got []byte, err error, heard int,
) {
	t.Helper()
	var want error
	switch said := map[bool]string{true: "it is", false: string(question)}[s.c.sink]; {
	case heard < s.ends[id]:
		want = session.Err()
	case id == 3:
		want = io.EOF
		assert.Equal(t, said, string(got), "cut after %d", heard)
	case s.c.sink:
		want = &mux.StreamError{Code: mux.CodeStopped, Remote: true}
	default:
		want = &mux.StreamError{Code: mux.CodeFailed, Text: "I know", Remote: true}
	}
	require.Equal(t, want, err, "stream %d, cut after %d", id, heard)
}

func (s script) judgeCause(t *testing.T, session *mux.Session, heard int) {
	t.Helper()
	<-session.Done()
	require.ErrorIs(t, session.Err(), mux.ErrLost, "cut after %d", heard)
	require.NotErrorIs(t, session.Err(), io.EOF)
}
