package mux_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/chaos"
	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/mux"
)

// long asks for all there is where a test takes samples by default.
var long = os.Getenv("WEIR_LONG") != ""

// A cell is where a fault of the table strikes.
type cell struct {
	tls bool // the session runs over a channel of package secure

	// sink has the fault strike at the writer of what matters in the row, and
	// in what it hears; otherwise at its reader.
	sink bool
}

func (c cell) String() string {
	over := map[bool]string{false: "plain", true: "TLS"}[c.tls]
	return over + map[bool]string{false: "/source", true: "/sink"}[c.sink]
}

// strike is a connection whose client writes what matters, with faults in the
// direction that the cell says.
func (c cell) strike(faults ...chaos.Fault) chaos.Config {
	l := chaos.Link{Faults: faults}
	if c.sink {
		return chaos.Config{Seed: 1, In: l}
	}
	return chaos.Config{Seed: 1, Out: l}
}

// struck is the direction of the client's end in which the fault is.
func (c cell) struck(client *chaos.Conn) *chaos.Line {
	if c.sink {
		return client.In()
	}
	return client.Out()
}

// keys are those of a client and a server that know each other: one pair for
// all tests, which do not try the keys.
var keys = sync.OnceValues(func() (client, server secure.Config) {
	var ids [2]*secure.Identity
	for i := range ids {
		id, err := secure.NewIdentity()
		if err != nil {
			panic(err)
		}
		ids[i] = id
	}
	return secure.Config{Identity: ids[0], Accept: secure.Only(ids[1].ID())},
		secure.Config{Identity: ids[1], Accept: secure.Only(ids[0].ID())}
})

// wrap makes of a connection's end what the session of one side runs over.
func (c cell) wrap(ctx context.Context, conn net.Conn, client bool) (net.Conn, error) {
	if !c.tls {
		return conn, nil
	}
	clientKeys, serverKeys := keys()
	var channel *secure.Conn
	var err error
	if client {
		channel, err = secure.Client(ctx, conn, clientKeys)
	} else {
		channel, err = secure.Server(ctx, conn, serverKeys)
	}
	if err != nil {
		return nil, err // and not a nil *secure.Conn
	}
	return channel, nil
}

// wrapBoth is wrap for both ends.
func (c cell) wrapBoth(t *testing.T, a, b net.Conn) (x, y net.Conn) {
	t.Helper()
	served := later(func() (err error) {
		y, err = c.wrap(context.Background(), b, false)
		return err
	})
	x, err := c.wrap(context.Background(), a, true)
	require.NoError(t, err)
	require.NoError(t, <-served)
	return x, y
}

// pipe is a connection in memory whose writes wait for reads.
func (c cell) pipe(t *testing.T) (a, b net.Conn) {
	a, b = net.Pipe()
	return c.wrapBoth(t, a, b)
}

// heap is the memory in use, without stacks, after a collection.
func heap() int64 {
	for range 3 { // what pools hold goes in two
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// leavesNothing runs f as a subtest and checks that no goroutine and no memory
// is left of it. What the subtest has registered would hold memory until its
// end.
func leavesNothing(t *testing.T, name string, f func(t *testing.T)) {
	t.Helper()
	keys()
	memory, goroutines := heap(), runtime.NumGoroutine()
	t.Run(name, f)
	goroutines += 2       // the runtime may have some of its own at any time; TestMain counts again
	for range 1_000_000 { // those that have returned may not be gone yet
		if runtime.NumGoroutine() <= goroutines {
			break
		}
		runtime.Gosched()
	}
	assert.LessOrEqual(t, runtime.NumGoroutine(), goroutines, "%s leaves goroutines", name)
	assert.Less(t, heap()-memory, int64(1<<20), "%s leaves memory", name)
}

// typed fails unless err is one of those that say how a session or a handshake
// ended, and is no end.
func typed(t *testing.T, err error, where string) {
	t.Helper()
	assert.NotErrorIs(t, err, io.EOF, where)
	for _, want := range []error{
		mux.ErrLost, mux.ErrSilent, mux.ErrProtocol, mux.ErrNotWeir, mux.ErrVersion,
		secure.ErrTampered, secure.ErrNotWeir, secure.ErrAlert, secure.ErrTimeout,
		io.ErrUnexpectedEOF, net.ErrClosed, io.ErrClosedPipe,
	} {
		if errors.Is(err, want) {
			return
		}
	}
	var early *secure.Error
	if errors.As(err, &early) {
		return
	}
	assert.Fail(t, "not typed", "%s: %v", where, err)
}

// inCells runs f in every cell.
func inCells(t *testing.T, f func(t *testing.T, c cell)) {
	for _, c := range []cell{{}, {sink: true}, {tls: true}, {tls: true, sink: true}} {
		leavesNothing(t, c.String(), func(t *testing.T) { f(t, c) })
	}
}

// victim connects a raw peer to a session with stream 3 open: to a server whose
// client has opened it, or to a client that has. id is the peer's next.
func victim(t *testing.T, c cell, cfg mux.Config) (r *raw, s *mux.Session, st *mux.Stream, id uint32) {
	t.Helper()
	a, b := c.pipe(t)
	if !c.sink {
		r, s = rawClientOver(t, a, b, cfg)
		return r, s, r.open(s, ""), 5
	}
	r, s = rawServerOver(t, a, b, cfg)
	st, err := s.Open(soon(t), "raw", nil)
	require.NoError(t, err)
	r.write(frame(window, ack, 3, 0))
	return r, s, st, 2
}
