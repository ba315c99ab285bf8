package mux_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/mux/internal/wire"
	"github.com/weir-go/weir/pull"
)

// Frame types and flags.
const (
	data, window, ping, away = 0, 1, 2, 3
	syn, ack, fin, rst       = 1, 2, 4, 8
)

func frame(kind byte, flags uint16, id, length uint32) []byte {
	b := []byte{0, kind}
	b = binary.BigEndian.AppendUint16(b, flags)
	b = binary.BigEndian.AppendUint32(b, id)
	return binary.BigEndian.AppendUint32(b, length)
}

func dataFrame(flags uint16, id uint32, body []byte) []byte {
	return append(frame(data, flags, id, uint32(len(body))), body...)
}

func control(messages ...wire.Message) []byte {
	var b []byte
	for _, m := range messages {
		b = wire.AppendMessage(b, m)
	}
	return dataFrame(0, 1, b)
}

func head(name string) []byte {
	b, err := wire.AppendHead(nil, name, nil)
	if err != nil {
		panic(err)
	}
	return b
}

func join(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// greet has the handshake as a client that says h.
func greet(c net.Conn, h wire.Hello) error {
	if _, err := c.Write(wire.AppendPreface(nil, wire.RoleClient)); err != nil {
		return err
	}
	if _, err := io.ReadFull(c, make([]byte, wire.PrefaceSize)); err != nil {
		return err
	}
	if err := skipHello(c); err != nil {
		return err
	}
	_, err := c.Write(wire.AppendHello(nil, h))
	return err
}

// answer has the handshake as a server that says h.
func answer(c net.Conn, h wire.Hello) error {
	if _, err := io.ReadFull(c, make([]byte, wire.PrefaceSize)); err != nil {
		return err
	}
	says := wire.AppendPreface(nil, wire.RoleServer)
	if _, err := c.Write(wire.AppendHello(says, h)); err != nil {
		return err
	}
	return skipHello(c)
}

func skipHello(c net.Conn) error {
	var prefix [wire.HelloPrefix]byte
	if _, err := io.ReadFull(c, prefix[:]); err != nil {
		return err
	}
	n, err := wire.HelloSize(prefix)
	if err != nil {
		return err
	}
	_, err = io.ReadFull(c, make([]byte, n))
	return err
}

// raw is a client written without this package: bytes go in as they are.
type raw struct {
	t    *testing.T
	conn net.Conn
	got  sync.WaitGroup
}

// rawClient connects a raw client, control stream and all, to a server.
func rawClient(t *testing.T, cfg mux.Config) (*raw, *mux.Session) {
	t.Helper()
	a, b := net.Pipe()
	return rawClientOver(t, a, b, cfg)
}

// rawClientOver connects a raw client at a to a server at b.
func rawClientOver(t *testing.T, a, b net.Conn, cfg mux.Config) (*raw, *mux.Session) {
	t.Helper()
	r := &raw{t: t, conn: a}
	ready := make(chan struct{})
	var server *mux.Session
	go func() {
		defer close(ready)
		var err error
		server, err = mux.Server(context.Background(), b, cfg)
		assert.NoError(t, err)
	}()
	require.NoError(t, greet(a, wire.Hello{}))
	r.got.Go(func() { _, _ = io.Copy(io.Discard, a) })
	r.write(frame(window, syn, 1, 0))
	<-ready
	require.NotNil(t, server)
	t.Cleanup(func() {
		_ = server.Abort(nil)
		_ = a.Close()
		r.got.Wait()
	})
	return r, server
}

// rawServer connects a raw server to a client.
func rawServer(t *testing.T, rec *recording) (*raw, *mux.Session) {
	a, b := net.Pipe()
	return rawServerOver(t, recorded{a, "c", rec}, b, mux.Config{Idle: -1})
}

// rawServerOver connects a raw server at b to a client at a.
func rawServerOver(t *testing.T, a, b net.Conn, cfg mux.Config) (*raw, *mux.Session) {
	t.Helper()
	r := &raw{t: t, conn: b}
	r.got.Go(func() {
		_ = answer(b, wire.Hello{Streams: 256, Backlog: 256})
		_, _ = io.ReadFull(b, make([]byte, 12))
		_, _ = b.Write(frame(window, ack, 1, 0))
		_, _ = io.Copy(io.Discard, b)
	})
	client, err := mux.Client(soon(t), a, cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = client.Abort(nil)
		_ = b.Close()
		r.got.Wait()
	})
	return r, client
}

// The opener keeps its FIN until the stream is acknowledged: a yamux that gets
// it earlier never acknowledges.
func TestFINWaitsForACK(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rec := &recording{}
		r, client := rawServer(t, rec)
		st, err := client.Open(soon(t), "x", nil)
		require.NoError(t, err)
		require.NoError(t, send(soon(t), st, nil, 1))
		r.write(control(wire.Message{Kind: wire.End, ID: 3}))
		_, err = receive(soon(t), st)
		require.Equal(t, io.EOF, err)
		settle()
		closing := frame(window, fin, 3, 0)
		require.False(t, bytes.Contains(rec.of("c"), closing))
		r.write(frame(window, ack, 3, 0))
		settle()
		require.True(t, bytes.HasSuffix(rec.of("c"), closing))
	})
}

// After both DRAINED, a server that does not close is waited for a while only,
// and that is still a clean end.
func TestServerDoesNotClose(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, client := rawServer(t, &recording{})
		start := time.Now()
		closed := make(chan error, 1)
		go func() { closed <- client.Close(soon(t)) }()
		settle()
		r.write(control(wire.Message{Kind: wire.Drain}, wire.Message{Kind: wire.Drained}))
		require.NoError(t, <-closed)
		require.Equal(t, 2*time.Second, time.Since(start))
	})
}

// What still comes after an abort is dropped, and counted.
func TestDataAfterAbort(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, server := rawClient(t, mux.Config{Idle: -1})
		st := r.open(server, "hello")
		require.NoError(t, st.Duplex().Close(nil))
		n := uint64(len(head("raw")) + 5)
		r.write(control(wire.Message{Kind: wire.Reset, ID: 3, Offset: n + 5, Code: 1}))
		r.write(dataFrame(0, 3, []byte("there")))
		r.write(frame(window, fin, 3, 0))
		settle()
		require.Zero(t, server.Stats().Streams)
		require.NoError(t, server.Err())
	})
}

func (r *raw) write(b []byte) {
	r.t.Helper()
	_, err := r.conn.Write(b)
	require.NoError(r.t, err)
}

// open opens stream 3 with a name and some bytes.
func (r *raw) open(s *mux.Session, body string) *mux.Stream {
	r.t.Helper()
	r.write(join(frame(window, syn, 3, 0), dataFrame(0, 3, append(head("raw"), body...))))
	st, err := s.Accept(soon(r.t))
	require.NoError(r.t, err)
	return st
}

func TestProtocolErrors(t *testing.T) {
	opened := join(frame(window, syn, 3, 0), dataFrame(0, 3, head("x")))
	n := uint64(len(head("x")))
	end := wire.Message{Kind: wire.End, ID: 3, Offset: n}
	early, late := end, end
	early.Offset, late.Offset = 1, n+1
	reset := wire.Message{Kind: wire.Reset, ID: 3, Offset: n}
	opening := frame(window, syn, 3, 0)
	closing := frame(window, fin, 3, 0)
	cases := map[string][]byte{
		"version":              {9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"type":                 frame(7, 0, 1, 0),
		"flags":                frame(window, 0x100, 1, 0),
		"id 0":                 frame(data, 0, 0, 0),
		"reset flag":           append(opened, frame(window, rst, 3, 0)...),
		"go away":              frame(away, 0, 0, 1),
		"pong nobody asked":    frame(ping, ack, 0, 1),
		"wrong parity":         frame(window, syn, 2, 0),
		"syn twice":            append(opened, opening...),
		"id goes back":         join(frame(window, syn, 7, 0), frame(window, syn, 5, 0)),
		"unknown stream":       dataFrame(0, 9, []byte("x")),
		"unknown stream's fin": frame(window, fin, 9, 0),
		"ack of own":           append(opened, frame(window, ack, 3, 0)...),
		"oversized":            append(opened, frame(data, 0, 3, 0xFFFFFFFF)...),
		"window in one frame":  append(opened, frame(data, 0, 3, 17<<20)...),
		"syn with too much":    frame(data, syn, 3, 256<<10+1),
		"window overflow":      append(opened, frame(window, 0, 3, 0xFFFFFFFF)...),
		"fin twice":            join(opened, closing, closing),
		"data after fin":       join(opened, closing, dataFrame(0, 3, []byte("x"))),
		"fin of control":       frame(window, fin, 1, 0),
		"kind":                 control(wire.Message{Kind: 8}),
		"long message":         dataFrame(0, 1, []byte{1, 0xFF, 0x7F}),
		"short message":        dataFrame(0, 1, []byte{1, 1, 3}),
		"trailing bytes":       dataFrame(0, 1, []byte{4, 1, 3}),
		"end of nothing":       control(end),
		"abort of nothing":     control(wire.Message{Kind: wire.Abort, ID: 2, Code: 1}),
		"end twice":            append(opened, control(end, end)...),
		"end and reset":        append(opened, control(end, reset)...),
		"end too early":        append(opened, control(early)...),
		"data after end":       join(opened, control(end), dataFrame(0, 3, []byte("x"))),
		"fin before offset":    join(opened, control(late), closing),
		"offset after fin":     join(opened, closing, control(late)),
		"head too long":        join(opening, dataFrame(0, 3, []byte{0x81, 0x20})),
		"head not text":        join(opening, dataFrame(0, 3, []byte{3, 1, 0xFF, 0})),
		"head cut by fin":      join(opening, dataFrame(fin, 3, []byte{3, 1})),
		"head cut by end": join(opening, dataFrame(0, 3, []byte{3, 1}),
			control(wire.Message{Kind: wire.End, ID: 3, Offset: 2})),
		"end cuts head": join(opening,
			control(wire.Message{Kind: wire.End, ID: 3, Offset: 2}), dataFrame(0, 3, []byte{3, 1})),
		"drain twice":   control(wire.Message{Kind: wire.Drain}, wire.Message{Kind: wire.Drain}),
		"drained early": control(wire.Message{Kind: wire.Drained}),
	}
	for name, says := range cases {
		t.Run(name, func(t *testing.T) {
			r, server := rawClient(t, mux.Config{})
			_, _ = r.conn.Write(says) // the server may hang up within it
			select {
			case <-server.Done():
			case <-soon(t).Done():
				t.Fatal("the session goes on")
			}
			var broken *mux.ProtocolError
			require.ErrorAs(t, server.Err(), &broken)
			require.ErrorIs(t, server.Err(), mux.ErrProtocol)
			require.NotErrorIs(t, server.Err(), io.EOF)
			t.Log(broken)
		})
	}
}

func TestAllowedFrames(t *testing.T) {
	r, server := rawClient(t, mux.Config{})
	st := r.open(server, "")
	r.write(join(
		frame(ping, syn, 0, 77),
		frame(window, 0, 3, 0),
		dataFrame(0, 3, nil),
		dataFrame(0, 1, []byte{0x80, 2, 'h', 'i'}), // an optional message
		control(wire.Message{Kind: wire.Ping, Nonce: 1}, wire.Message{Kind: wire.Pong}),
	))
	n := uint64(len(head("raw")))
	r.write(join(
		control(wire.Message{Kind: wire.Abort, ID: 3, Code: 1}),
		dataFrame(0, 3, []byte("tail")),
		control(wire.Message{Kind: wire.End, ID: 3, Offset: n + 4}),
	))
	got, err := receive(soon(t), st)
	require.Equal(t, io.EOF, err)
	require.Equal(t, "tail", string(got))
	r.write(frame(window, fin, 3, 0))
	r.write(join(
		frame(window, 0, 3, 5), // crossing the server's FIN
		control(wire.Message{Kind: wire.Abort, ID: 3, Code: 1}),
	))
	require.NoError(t, server.Err())
}

// A foreign client may send flags with data, and say how a stream ends after
// its FIN.
func TestFinOvertakesTerminator(t *testing.T) {
	r, server := rawClient(t, mux.Config{})
	body := append(head("raw"), "hello"...)
	r.write(dataFrame(syn|fin, 3, body))
	st, err := server.Accept(soon(t))
	require.NoError(t, err)
	chunk, err := st.Duplex().Source(soon(t))
	require.NoError(t, err)
	require.Equal(t, "hello", string(chunk))
	r.write(control(wire.Message{Kind: wire.End, ID: 3, Offset: uint64(len(body))}))
	_, err = st.Duplex().Source(soon(t))
	require.Equal(t, io.EOF, err)
}

// The terminator may come before the bytes it counts.
func TestEndOvertakesData(t *testing.T) {
	r, server := rawClient(t, mux.Config{})
	st := r.open(server, "")
	n := uint64(len(head("raw")))
	r.write(control(wire.Message{Kind: wire.Reset, ID: 3, Offset: n + 5, Code: 2, Text: "why"}))
	r.write(dataFrame(0, 3, []byte("he")))
	r.write(dataFrame(0, 3, []byte("llo")))
	got, err := receive(soon(t), st)
	require.Equal(t, "hello", string(got))
	require.Equal(t, &mux.StreamError{Code: mux.CodeFailed, Text: "why", Remote: true}, err)
}

func TestFINWithoutEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, server := rawClient(t, mux.Config{Idle: -1})
		st := r.open(server, "hello")
		r.write(frame(window, fin, 3, 0))
		start := time.Now()
		got, err := receive(soon(t), st)
		require.Equal(t, "hello", string(got))
		require.Equal(t, io.ErrUnexpectedEOF, err)
		require.Equal(t, 5*time.Second, time.Since(start))
		require.NoError(t, server.Err(), "other streams go on")
		require.NoError(t, st.Duplex().Close(pull.ErrStopped))
	})
}
