package mux_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/mux/internal/wire"
)

// brokenFrames are a peer's frames that announce too much. They are refused
// before anything is allocated for them, and end the session.
func brokenFrames(t *testing.T, c cell) {
	huge := binary.AppendUvarint(nil, 1<<30)
	far := binary.AppendUvarint([]byte{1, 11, 3}, 1<<63)
	most := func(flags uint16, id uint32) []byte { return frame(window, flags, id, 0xFFFFFFFF) }
	cases := map[string]func(id uint32) []byte{
		"length 2³²−1":         func(uint32) []byte { return frame(data, 0, 3, 0xFFFFFFFF) },
		"unopened, 2³²−1":      func(id uint32) []byte { return frame(data, 0, id, 0xFFFFFFFF) },
		"version, 2³²−1":       func(uint32) []byte { return bytes.Repeat([]byte{0xFF}, 12) },
		"head of 1 GiB":        func(id uint32) []byte { return dataFrame(syn, id, huge) },
		"message of 1 GiB":     func(uint32) []byte { return dataFrame(0, 1, append([]byte{1}, huge...)) },
		"optional message":     func(uint32) []byte { return dataFrame(0, 1, append([]byte{200}, huge...)) },
		"offset 2⁶³":           func(uint32) []byte { return dataFrame(0, 1, far) },
		"SYN with 262,145":     func(id uint32) []byte { return dataFrame(syn, id, make([]byte, 256<<10+1)) },
		"window and 2³²−1 × 2": func(uint32) []byte { return join(most(0, 3), most(0, 3)) },
		"SYN and 2³²−1 × 2": func(id uint32) []byte {
			return join(most(syn, id), most(0, id))
		},
	}
	for name, says := range cases {
		bubble(t, func(t *testing.T) {
			r, s, st, id := victim(t, c, mux.Config{Window: 256 << 10})
			h := half{sends: 300_000} // over the window
			over := later(func() error { h.use(t.Context(), st); return nil })
			attack := says(id)
			settle()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _ = r.conn.Write(attack) // it may be cut off within it
			<-s.Done()
			runtime.ReadMemStats(&after)
			<-over
			require.ErrorIs(t, s.Err(), mux.ErrProtocol, name)
			h.judge(t, s.Err(), nil, name)
			if name != "SYN with 262,145" { // its bytes were really there
				assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<10), name)
			}
		})
	}
}

// greetings are what is not this protocol.
func greetings() map[string][]byte {
	rnd := rand.New(rand.NewPCG(7, 7))
	random := make([]byte, 5000)
	for i := range random {
		random[i] = byte(rnd.Uint32())
	}
	return map[string][]byte{
		"HTTP":   []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		"zeros":  make([]byte, 5000),
		"random": random,
		"empty":  {},
	}
}

// garbage is said to a server, or to a client, instead of a handshake. It is
// answered within its deadline, by hanging up; and logged in a line at most.
func garbage(t *testing.T, c cell) {
	meet := func(t *testing.T, name string, stranger func(conn net.Conn)) {
		bubble(t, func(t *testing.T) {
			a, b := net.Pipe()
			lines := &logLines{}
			gone := later(func() error { defer a.Close(); stranger(a); return nil })
			start := time.Now()
			conn, err := c.wrap(t.Context(), b, c.sink)
			if err == nil {
				_, err = shake(t.Context(), conn, c.sink, mux.Config{Logger: lines.logger()})
			}
			typed(t, err, name)
			assert.LessOrEqual(t, time.Since(start), 5*time.Second, name)
			_, err = b.Write(nil)
			assert.ErrorIs(t, err, io.ErrClosedPipe, "%s: it has hung up", name)
			<-gone
			assert.LessOrEqual(t, lines.count(), 1, name)
		})
	}
	for name, says := range greetings() {
		meet(t, name, func(conn net.Conn) {
			go func() { _, _ = conn.Write(says) }()
			if name != "empty" {
				_, _ = io.Copy(io.Discard, conn)
			}
		})
	}
	meet(t, "silence", func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	// TLS to a plain port, plain to one with TLS; and each for a client.
	meet(t, "the other kind", func(conn net.Conn) {
		other, err := cell{tls: !c.tls}.wrap(context.Background(), conn, !c.sink)
		if err == nil {
			_, err = shake(context.Background(), other, !c.sink, mux.Config{})
		}
		typed(t, err, "the other kind")
	})
}

// slowloris has many connections that say a byte a second. Each costs no more
// than 10 KiB until the deadline of its handshake, and nothing afterwards.
func slowloris(t *testing.T, c cell) {
	n, limit := 1000, int64(10<<10)
	if c.sink { // nobody connects to a thousand servers
		n, limit = 50, 64<<10
	}
	says := wire.AppendPreface(nil, wire.RoleClient)
	if c.tls {
		says = []byte{22, 3, 1, 2, 0, 1, 0, 1, 252}
	}
	bubble(t, func(t *testing.T) {
		before := heap()
		start := time.Now()
		errs := make(chan error, n)
		conns := make([]net.Conn, n)
		for i := range n {
			a, b := net.Pipe()
			conns[i] = a
			if c.sink { // who connects speaks first
				go func() { _, _ = io.Copy(io.Discard, a) }()
			}
			go func() {
				conn, err := c.wrap(context.Background(), b, c.sink)
				if err == nil {
					_, err = shake(context.Background(), conn, c.sink, mux.Config{})
				}
				errs <- err
			}()
		}
		for i := range 4 {
			for _, conn := range conns {
				_, err := conn.Write(says[i : i+1])
				require.NoError(t, err)
			}
			time.Sleep(time.Second)
		}
		each := (heap() - before) / int64(n)
		t.Logf("each has %d bytes of heap", each)
		assert.True(t, raceEnabled || each < limit)
		for range n {
			err := <-errs
			assert.True(t, err == mux.ErrSilent || assert.ErrorIs(t, err, secure.ErrTimeout))
		}
		assert.Equal(t, 5*time.Second, time.Since(start))
		for _, conn := range conns {
			_ = conn.Close()
		}
	})
}
