package websock_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/websock"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

// Opcodes.
const (
	text, binaryData, closing, ping, pong = 1, 2, 8, 9, 10
	fin                                   = 0x80
)

// masked is a client's frame.
func masked(head byte, payload string) []byte {
	b := []byte{head}
	if n := len(payload); n < 126 {
		b = append(b, 0x80|byte(n))
	} else {
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	}
	key := [4]byte{1, 2, 3, 4}
	b = append(b, key[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^key[i%4])
	}
	return b
}

func closeFrame(code uint16, reason string) []byte {
	return masked(fin|closing, string(binary.BigEndian.AppendUint16(nil, code))+reason)
}

// rawClient returns the client's end of a connection whose server's end is c.
func rawClient(t *testing.T, config websock.Config) (raw net.Conn, c *websock.Conn) {
	t.Helper()
	near, far := net.Pipe()
	c, err := websock.Accept(&taken{header: http.Header{}, conn: far}, handshake(t), config)
	require.NoError(t, err)
	return near, c
}

// handshake is a client's request.
func handshake(t *testing.T) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://memory/", nil)
	require.NoError(t, err)
	r.Header = http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="},
	}
	return r
}

// answers collects what the server writes until it closes.
func answers(raw net.Conn) (wait func() []byte) {
	var all []byte
	read := async(func() (err error) {
		all, err = io.ReadAll(raw)
		return err
	})
	return func() []byte {
		_ = read()
		return all
	}
}

// What a peer must not send ends the source with the right error, after what
// came before, and the peer is told.
func TestFaults(t *testing.T) {
	hello := masked(fin|binaryData, "hello")
	for name, test := range map[string]struct {
		bytes []byte
		want  error
		code  websock.Code // that the peer gets; 0: nothing
	}{
		"just gone":           {nil, io.ErrUnexpectedEOF, 0},
		"cut in a frame":      {masked(fin|binaryData, "x")[:5], io.ErrUnexpectedEOF, 0},
		"unfinished message":  {masked(binaryData, ""), io.ErrUnexpectedEOF, 0},
		"closed, no code":     {masked(fin|closing, ""), &websock.CloseError{Code: websock.CodeNone}, 0},
		"closed, going away":  {closeFrame(1001, "bye"), &websock.CloseError{Code: 1001, Reason: "bye"}, 0},
		"closed, stopped":     {closeFrame(4001, ""), pull.ErrStopped, 0},
		"closed, bad code":    {closeFrame(1005, ""), websock.ErrProtocol, websock.CodeProtocol},
		"closed, half a code": {masked(fin|closing, "x"), websock.ErrProtocol, websock.CodeProtocol},
		"unmasked":            {[]byte{fin | binaryData, 1, 'x'}, websock.ErrProtocol, websock.CodeProtocol},
		"reserved bit":        {masked(fin|0x40|binaryData, "x"), websock.ErrProtocol, websock.CodeProtocol},
		"unknown opcode":      {masked(fin|3, "x"), websock.ErrProtocol, websock.CodeProtocol},
		"continues nothing":   {masked(fin, "x"), websock.ErrProtocol, websock.CodeProtocol},
		"long ping":           {masked(fin|ping, strings.Repeat("x", 126)), websock.ErrProtocol, websock.CodeProtocol},
		"cut ping":            {masked(ping, "x"), websock.ErrProtocol, websock.CodeProtocol},
		"negative length": {
			append([]byte{fin | binaryData, 0x80 | 127}, bytes.Repeat([]byte{0xff}, 12)...),
			websock.ErrProtocol, websock.CodeProtocol,
		},
		"huge length": { // is only announced
			append([]byte{fin | binaryData, 0x80 | 127, 0x7f}, bytes.Repeat([]byte{0xff}, 11)...),
			io.ErrUnexpectedEOF, 0,
		},
		"unknown control":  {masked(fin|text, "go"), websock.ErrProtocol, websock.CodeType},
		"bad stop":         {masked(fin|text, "stop 1005"), websock.ErrProtocol, websock.CodeType},
		"long control":     {masked(fin|text, strings.Repeat("x", 200)), websock.ErrProtocol, websock.CodeType},
		"control not UTF8": {masked(fin|text, "\xff"), websock.ErrText, websock.CodeText},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				raw, c := rawClient(t, websock.Config{})
				heard := answers(raw)
				d := c.Chunks()
				go func() {
					_, _ = raw.Write(append(hello, test.bytes...))
					if test.code == 0 {
						_ = raw.Close()
					}
				}()
				got, err := collect(t.Context(), d.Source)
				assert.Contains(t, string(got), "hello")
				require.Error(t, err)
				if ce, ok := test.want.(*websock.CloseError); ok {
					assert.Equal(t, ce, err)
				} else {
					assert.ErrorIs(t, err, test.want)
				}
				assert.NotErrorIs(t, err, io.EOF)
				var aborted error
				assert.Error(t, d.Sink(t.Context(), stalled[[]byte](&aborted)))
				assert.Error(t, aborted)
				if test.code != 0 {
					want := binary.BigEndian.AppendUint16(nil, uint16(test.code))
					assert.Contains(t, string(heard()), string(want))
				}
				_ = raw.Close()
			})
		})
	}
}

// A peer that breaks the protocol while a sink writes ends both halves: the
// library then sends a close frame of its own, and refuses what the sink writes.
func TestFaultWhileWriting(t *testing.T) {
	for range 200 { // whether the sink meets that frame is up to the scheduler; -race shuffles it
		synctest.Test(t, func(t *testing.T) {
			raw, c := rawClient(t, websock.Config{})
			heard := answers(raw)
			d := c.Chunks()
			sent := async(func() error { return d.Sink(t.Context(), endless) })
			_, err := raw.Write(masked(0xF0|binaryData, "x"))
			require.NoError(t, err)
			assert.ErrorIs(t, second(d.Source(t.Context())), websock.ErrProtocol)
			assert.ErrorIs(t, sent(), websock.ErrProtocol)
			assert.Contains(t, string(heard()), "\x03\xea") // 1002
		})
	}
}

// After the end there is no more data, and no second end.
func TestFaultsAfterEnd(t *testing.T) {
	for _, more := range [][]byte{masked(fin|binaryData, "x"), masked(fin|text, "end")} {
		synctest.Test(t, func(t *testing.T) {
			raw, c := rawClient(t, websock.Config{})
			heard := answers(raw)
			d := c.Chunks()
			_, err := raw.Write(append(masked(fin|text, "end"), more...))
			require.NoError(t, err)
			assert.Equal(t, io.EOF, second(d.Source(t.Context())))
			var aborted error
			assert.ErrorIs(t, d.Sink(t.Context(), stalled[[]byte](&aborted)), websock.ErrProtocol)
			assert.Contains(t, string(heard()), "\x03\xea") // 1002
		})
	}
}

func TestTextMessages(t *testing.T) {
	for _, message := range []string{"\xff", "\xc3"} {
		synctest.Test(t, func(t *testing.T) {
			raw, c := rawClient(t, websock.Config{Text: true})
			heard := answers(raw)
			d := c.Messages()
			go func() {
				_, _ = raw.Write(masked(text, "h\xc3")) // a rune may be cut by fragments
				_, _ = raw.Write(masked(fin, "\xa9"))
				_, _ = raw.Write(masked(fin|text, message))
			}()
			got, err := pull.Collect(t.Context(), d.Source)
			assert.Equal(t, []frame.Msg{frame.Msg("hé")}, got)
			assert.ErrorIs(t, err, websock.ErrText)
			_ = d.Close(nil)
			assert.Contains(t, string(heard()), "\x03\xef") // 1007
		})
	}
}

// Cut anywhere before its end, a conversation never ends well, and what it
// delivers is the beginning of what was said: of the bytes, or of the messages.
func TestCutAnywhere(t *testing.T) {
	said := bytes.Join([][]byte{
		masked(fin|binaryData, "hello"), masked(fin|ping, "?"), masked(binaryData, "wor"), masked(fin, "ld"),
		masked(fin|text, "end"),
	}, nil)
	for n := range len(said) {
		cutAfter(t, said[:n], chunks, func(got []byte) bool {
			return strings.HasPrefix("helloworld", string(got))
		})
		cutAfter(t, said[:n], messages, func(got []byte) bool {
			return slices.Contains([]string{"", "hello", "helloworld"}, string(got))
		})
	}
}

func cutAfter[T ~[]byte](
	t *testing.T, said []byte, view func(*websock.Conn) duplex.Duplex[T, T], right func([]byte) bool,
) {
	synctest.Test(t, func(t *testing.T) {
		raw, c := rawClient(t, websock.Config{})
		heard := answers(raw)
		d := view(c)
		go func() {
			for i := range said { // and one byte at a time
				_, _ = raw.Write(said[i : i+1])
			}
			_ = raw.Close()
		}()
		var got []byte
		err := pull.Each(t.Context(), d.Source, func(b T) error {
			got = append(got, b...)
			return nil
		})
		assert.ErrorIs(t, err, websock.ErrLost, "cut after %d bytes", len(said))
		assert.True(t, right(got), "%q, cut after %d bytes", got, len(said))
		assert.NoError(t, d.Close(nil))
		heard()
	})
}

// Code 1000 ends both directions; a sink that had more to say has failed.
func TestClosedNormally(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		raw, c := rawClient(t, websock.Config{})
		heard := answers(raw)
		d := c.Chunks()
		_, err := raw.Write(append(masked(fin|binaryData, "hello"), closeFrame(1000, "")[:4]...))
		require.NoError(t, err)
		go func() { _, _ = raw.Write(closeFrame(1000, "")[4:]) }()
		got, err := collect(t.Context(), d.Source)
		require.NoError(t, err)
		assert.Equal(t, "hello", string(got))
		var aborted error
		err = d.Sink(t.Context(), stalled[[]byte](&aborted))
		assert.Equal(t, &websock.CloseError{Code: websock.CodeNormal}, err)
		assert.Equal(t, []byte{fin | closing, 2, 0x03, 0xe8}, heard())
	})
}

// Pings are answered although nobody reads, and a peer that says nothing is
// cut off in time.
func TestKeepalive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		raw, c := rawClient(t, websock.Config{})
		heard := answers(raw)
		d := c.Chunks()
		var aborted error
		sent := async(func() error { return d.Sink(t.Context(), stalled[[]byte](&aborted)) })
		time.Sleep(20 * time.Second)
		_, err := raw.Write(masked(fin|ping, "you?"))
		require.NoError(t, err)
		assert.Equal(t, websock.ErrSilent, sent())
		assert.Equal(t, websock.ErrSilent, aborted)
		// 20 s, 30 s, 15 s, and one second in which the peer might answer.
		assert.InDelta(t, 65, time.Since(began).Seconds(), 1.1)
		err = second(d.Source(t.Context()))
		assert.ErrorIs(t, err, websock.ErrSilent)
		want := append([]byte{fin | pong, 4}, "you?"...)
		want = append(want, fin|ping, 0, fin|closing, 2, 0x0f, 0xa5) // 4005
		assert.Equal(t, want, heard())
	})
}

// Two ends that say nothing for a day stay connected.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := inMemory(t, websock.Config{}, websock.Config{})
		near, far := a.Chunks(), b.Chunks()
		time.Sleep(24 * time.Hour)
		halfClose(t, near, far)
	})
}

func TestPeerNeverCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		raw, c := rawClient(t, websock.Config{CloseTimeout: 3 * time.Second})
		d := c.Chunks()
		heard := answers(raw)
		began := time.Now()
		require.NoError(t, d.Close(errors.New("no")))
		assert.Equal(t, 3*time.Second, time.Since(began))
		assert.Contains(t, string(heard()), "no")
	})
}

// What lies beneath TLS is reset, and before TLS is closed.
func TestResetBeneathTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		var calls []string
		c, err := websock.Accept(&taken{header: http.Header{}, conn: &outerConn{far, &calls}},
			handshake(t), websock.Config{CloseTimeout: time.Second})
		require.NoError(t, err)
		c.Close(nil) // nobody reads that
		assert.Equal(t, []string{"linger 0", "close", "close TLS"}, calls)
		_ = near.Close()
	})
}

// outerConn is what tls.Conn is, and innerConn what lies beneath.
type (
	outerConn struct {
		net.Conn
		calls *[]string
	}
	innerConn outerConn
)

func (c *outerConn) NetConn() net.Conn { return (*innerConn)(c) }

func (c *outerConn) Close() error {
	*c.calls = append(*c.calls, "close TLS")
	return c.Conn.Close()
}

func (c *innerConn) SetLinger(sec int) error {
	*c.calls = append(*c.calls, fmt.Sprintf("linger %d", sec))
	return nil
}

func (c *innerConn) Close() error {
	*c.calls = append(*c.calls, "close")
	return nil
}

// No limit is a limit too.
func TestNoMaxMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := inMemory(t, websock.Config{MaxMessage: math.MaxInt}, websock.Config{MaxMessage: math.MaxInt})
		halfClose(t, a.Messages(), b.Messages())
	})
}

func TestReset(t *testing.T) {
	var conn net.Conn
	dialer := &net.Dialer{}
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (c net.Conn, err error) {
			conn, err = dialer.DialContext(ctx, network, address)
			return conn, err
		},
	}}
	a, b := dialled(t, websock.Config{Client: client}, websock.Config{})
	near, far := a.Chunks(), b.Chunks()
	require.NoError(t, conn.(*net.TCPConn).SetLinger(0))
	require.NoError(t, conn.Close())
	err := second(far.Source(t.Context()))
	assert.ErrorIs(t, err, websock.ErrLost)
	assert.NotErrorIs(t, err, io.EOF)
	var aborted error
	assert.ErrorIs(t, far.Sink(t.Context(), stalled[[]byte](&aborted)), websock.ErrLost)
	assert.ErrorIs(t, second(near.Source(t.Context())), websock.ErrLost)
	_ = near.Close(nil)
}
