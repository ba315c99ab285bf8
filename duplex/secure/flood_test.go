package secure_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/secure"
)

// footprint is what the process holds, in bytes. It stops the world, and so is
// also what goes before runtime.NumGoroutine: a thread that has just ended a
// goroutine may be moving some that ended earlier, half a list of 64, between
// two lists of the free, and meanwhile they count as running.
func footprint() (heap, stack int64) {
	for range 4 { // stacks are halved in one, what pools hold goes in two
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc), int64(m.StackInuse)
}

// warmUp has the runtime make what it keeps of n goroutines for ever.
func warmUp(n int) {
	var all []func() (int, error)
	gate := make(chan struct{})
	for range n {
		all = append(all, async(func() (int, error) {
			<-gate
			return 0, nil
		}))
	}
	close(gate)
	for _, done := range all {
		_, _ = done()
	}
}

// An unfinished handshake costs a goroutine and a few KiB until its deadline,
// and then nothing: at most 10 KiB before the client has sent a whole hello, and
// what crypto/tls holds (its keys, its stack) after that.
func TestUnfinishedHandshakes(t *testing.T) {
	const n = 1000
	r := record(t)
	flight := len(slices.Concat(r.toClient[:7]...)) // up to Finished
	warmUp(n)
	for name, begin := range map[string]func(t *testing.T, c net.Conn){
		"silent": func(*testing.T, net.Conn) {},
		"half a hello": func(t *testing.T, c net.Conn) {
			_, err := c.Write(r.toServer[0][:700])
			require.NoError(t, err)
		},
		"most of a long hello": func(t *testing.T, c net.Conn) {
			_, err := c.Write(append([]byte{22, 3, 3, 0x0b, 0xf0}, make([]byte, 0x0bef)...))
			require.NoError(t, err)
		},
		"silent after its hello": func(t *testing.T, c net.Conn) {
			_, err := c.Write(r.toServer[0])
			require.NoError(t, err)
			_, err = io.ReadFull(c, make([]byte, flight))
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, s := two(t)
				heapBefore, stackBefore := footprint()
				goroutines := runtime.NumGoroutine()
				conns := make([]net.Conn, n)
				failed := make(chan error, n)
				for i := range conns {
					var b net.Conn
					conns[i], b = net.Pipe()
					go func() { failed <- second(secure.Server(context.Background(), b, s)) }()
					begin(t, conns[i])
				}
				synctest.Wait()
				heap, stack := footprint()
				heap, stack = heap-heapBefore, stack-stackBefore
				t.Logf("each has %d bytes of heap and %d of stack", heap/n, stack/n)
				each := int64(10 << 10)
				if name == "silent after its hello" {
					each = 32 << 10
				}
				if !raceEnabled {
					assert.Less(t, heap+stack, n*each)
				}
				assert.LessOrEqual(t, runtime.NumGoroutine()-goroutines, n)

				time.Sleep(5 * time.Second)
				for range n {
					assert.ErrorIs(t, <-failed, secure.ErrTimeout)
				}
				closed(t, conns...)
				synctest.Wait()
				clear(conns)
				heap, _ = footprint() // the runtime keeps free stacks for a while
				assert.Less(t, heap-heapBefore, int64(1<<20))
				assert.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
			})
		})
	}
}

// What a client that stops after its hello costs is crypto/tls's own: a bare
// server of it, which is given the same bytes, holds all but a few KiB of the
// heap, and needs so much of an 8 KiB stack that ours is of the next size.
func TestUnfinishedHandshakeIsMostlyTLS(t *testing.T) {
	if raceEnabled {
		t.Skip("memory is not what it is")
	}
	r := record(t)
	_, ours := two(t)
	bare := stranger(ed(t))
	heap, stack := costOf(t, r.toServer[0], func(conn net.Conn) error {
		return second(secure.Server(context.Background(), conn, ours))
	})
	heapTLS, stackTLS := costOf(t, r.toServer[0], func(conn net.Conn) error {
		return tls.Server(conn, bare).Handshake()
	})
	t.Logf("each has %d bytes of heap and %d of stack, with crypto/tls alone %d and %d",
		heap, stack, heapTLS, stackTLS)
	assert.Greater(t, heapTLS, int64(10<<10), "package secure could do with 10 KiB: say so")
	assert.Less(t, heap-heapTLS, int64(4<<10))
	assert.Less(t, stack, int64(20<<10))
}

// costOf is what a server holds for a client that says hello, and hears the
// answer.
func costOf(t *testing.T, hello []byte, serve func(net.Conn) error) (heap, stack int64) {
	const n = 500
	warmUp(n)
	synctest.Test(t, func(t *testing.T) {
		heapBefore, stackBefore := footprint()
		conns := make([]net.Conn, n)
		failed := make(chan error, n)
		var clients sync.WaitGroup
		for i := range conns {
			var b net.Conn
			conns[i], b = net.Pipe()
			go func() { failed <- serve(b) }()
			clients.Go(func() {
				_, err := conns[i].Write(hello)
				assert.NoError(t, err)
				assert.NoError(t, conns[i].SetReadDeadline(time.Now().Add(time.Second)))
				_, err = io.Copy(io.Discard, conns[i])
				assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
			})
		}
		clients.Wait()
		synctest.Wait()
		heap, stack = footprint()
		heap, stack = (heap-heapBefore)/n, (stack-stackBefore)/n
		for _, conn := range conns {
			_ = conn.Close()
		}
		for range n {
			assert.Error(t, <-failed)
		}
	})
	return heap, stack
}
