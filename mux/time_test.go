package mux_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/mux/internal/wire"
	"github.com/weir-go/weir/pull"
)

// bubble runs f in a synctest bubble. yamux keeps timers in a global pool, and
// one that a bubble made may not be used in the next: two collections empty
// the pool.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	defer runtime.GC()
	defer runtime.GC()
	synctest.Test(t, f)
}

// settle waits until every goroutine of the bubble waits.
func settle() { synctest.Wait() }

// link is a connection through which nothing passes while it is down. What
// is written then arrives later, as it does when TCP retransmits.
type link struct {
	net.Conn
	mu   sync.Mutex
	up   sync.Cond
	down bool
}

func newLink(c net.Conn) *link {
	l := &link{Conn: c}
	l.up.L = &l.mu
	return l
}

func (l *link) set(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = down
	l.up.Broadcast()
}

func (l *link) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.down {
		l.up.Wait()
	}
	return n, err
}

func (l *link) Close() error {
	l.set(false)
	return l.Conn.Close()
}

// row: F8
func TestSilentPeer(t *testing.T) {
	for name, idle := range map[string]time.Duration{"default": 0, "1s": time.Second} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				a, b := net.Pipe()
				la := newLink(a)
				client, server := connectWith(t, la, b, mux.Config{Idle: idle})
				ours, _ := pair(t, client, server, "x")
				time.Sleep(time.Hour)
				require.NoError(t, client.Err(), "an idle session lives on")
				start := time.Now()
				la.set(true)
				limit := idle
				if limit == 0 {
					limit = 15 * time.Second
				}
				_, err := ours.Duplex().Source(context.Background())
				require.Equal(t, mux.ErrSilent, err)
				require.LessOrEqual(t, time.Since(start), limit)
				require.GreaterOrEqual(t, time.Since(start), limit*3/5)
				require.Equal(t, mux.ErrSilent, client.Err())
				<-server.Done()
			})
		})
	}
}

func TestLinkDownForAWhile(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		la, lb := newLink(a), newLink(b)
		client, server := connect(t, la, lb)
		for range 20 {
			ours, theirs := pair(t, client, server, "x")
			la.set(true)
			lb.set(true)
			sent := make(chan error, 1)
			go func() { sent <- send(soon(t), ours, noise(1000), 10) }()
			time.Sleep(7 * time.Second)
			la.set(false)
			lb.set(false)
			got, err := receive(soon(t), theirs)
			require.Equal(t, io.EOF, err)
			require.Len(t, got, 1000)
			require.NoError(t, <-sent)
			require.NoError(t, theirs.Duplex().Close(nil))
			require.NoError(t, ours.Duplex().Close(nil))
			time.Sleep(9 * time.Second)
		}
		require.NoError(t, client.Close(soon(t)))
	})
}

// A peer that takes nothing from the connection is cut after WriteTimeout,
// though it sends.
func TestWriteTimeout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		ready := make(chan *mux.Session, 1)
		go func() {
			s, err := mux.Server(context.Background(), b, mux.Config{WriteTimeout: 3 * time.Second})
			require.NoError(t, err)
			ready <- s
		}()
		require.NoError(t, greet(a, wire.Hello{}))
		_, err := a.Write(frame(window, syn, 1, 0))
		require.NoError(t, err)
		server := <-ready
		start := time.Now()
		<-server.Done()
		require.Equal(t, 3*time.Second, time.Since(start))
		require.ErrorIs(t, server.Err(), os.ErrDeadlineExceeded)
		require.ErrorIs(t, server.Err(), mux.ErrLost)
	})
}

// A stalled reader holds at most one window, and other streams go on.
// row: I5
// rule: 1.1, 2.1
func TestStalledReader(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		client, server := connectWith(t, a, b, mux.Config{Window: 256 << 10})
		stalled, theirs := pair(t, client, server, "stalled")
		ctx, cancel := context.WithCancel(context.Background())
		sank := make(chan error, 1)
		go func() { sank <- send(ctx, stalled, noise(2<<20), 64<<10) }()
		synctest.Wait()
		sent := client.Stats().BytesOut
		require.Greater(t, sent, uint64(256<<10-100))
		require.Less(t, sent, uint64(256<<10+2000))

		other, got := pair(t, client, server, "other")
		go func() { sank <- send(context.Background(), other, noise(3<<20), 64<<10) }()
		all, err := receive(context.Background(), got)
		require.Equal(t, io.EOF, err)
		require.True(t, bytes.Equal(noise(3<<20), all))
		require.NoError(t, <-sank)

		// The stalled writer can be stopped, and its reader gets what was sent.
		cancel()
		require.Equal(t, context.Canceled, <-sank)
		all, err = receive(context.Background(), theirs)
		require.Equal(t, &mux.StreamError{Code: mux.CodeCanceled, Remote: true}, err)
		require.True(t, bytes.Equal(noise(2 << 20)[:len(all)], all))
		require.Greater(t, len(all), 256<<10-100)
	})
}

// Two streams, one in each direction, and both ways of a third: every writer
// has more than ten windows to write and is stuck before anybody reads.
func TestAllWriteBeforeAnyReads(t *testing.T) {
	inCells(t, func(t *testing.T, c cell) {
		bubble(t, func(t *testing.T) {
			a, b := c.pipe(t)
			client, server := connectWith(t, a, b, mux.Config{Window: 256 << 10})
			if c.sink {
				client, server = server, client
			}
			allWrite(t, client, server)
		})
	})
}

func allWrite(t *testing.T, client, server *mux.Session) {
	payload := stamped[:10*256<<10]
	var ends []*mux.Stream
	for _, dir := range [][2]*mux.Session{{client, server}, {server, client}, {client, server}} {
		ours, theirs := pair(t, dir[0], dir[1], "x")
		ends = append(ends, ours, theirs)
	}
	var work sync.WaitGroup
	for _, st := range ends {
		work.Go(func() { assert.NoError(t, send(context.Background(), st, payload, 100_000)) })
	}
	synctest.Wait()
	for _, st := range ends {
		work.Go(func() {
			got, err := receive(context.Background(), st)
			assert.Equal(t, io.EOF, err)
			assert.True(t, bytes.Equal(payload, got))
		})
	}
	work.Wait()
	require.NoError(t, client.Close(soon(t)))
}

// The peer takes streams and reads nothing: opening and accepting go on, also
// while a writer is stuck.
func TestAcceptWhilePeerReadsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		la := newLink(a)
		client, server := connectWith(t, la, b, mux.Config{Idle: -1, WriteTimeout: -1})
		stuck, _ := pair(t, server, client, "stuck")
		la.set(true) // the client's side takes nothing from the connection any more
		sank := make(chan error, 1)
		go func() { sank <- send(context.Background(), stuck, noise(8<<20), 1<<20) }()
		synctest.Wait()
		for range 20 {
			_, err := client.Open(soon(t), "in spite of it", nil)
			require.NoError(t, err)
			_, err = server.Accept(soon(t))
			require.NoError(t, err)
		}
		// Opening into the stuck connection can be interrupted.
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := server.Open(ctx, "no room", nil)
		if err != nil {
			require.Equal(t, context.DeadlineExceeded, err)
			require.Equal(t, time.Second, time.Since(start))
		}
		require.NoError(t, server.Abort(nil))
		require.Equal(t, pull.ErrStopped, <-sank)
	})
}
