package chaos_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/chaos"
)

var errBoom = errors.New("boom")

// numbered is n bytes that differ from their neighbours.
func numbered(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7)
	}
	return b
}

// A way is a connection whose fault is on the way from w to r.
type way struct {
	name string
	make func(t *testing.T, l chaos.Link) (w, r net.Conn)
}

// ways are both directions of a Pair, and of a Wrap around a Pair.
var ways = []way{
	{"pair out", func(t *testing.T, l chaos.Link) (w, r net.Conn) {
		a, b := pair(t, chaos.Config{Out: l})
		return a, b
	}},
	{"pair in", func(t *testing.T, l chaos.Link) (w, r net.Conn) {
		a, b := pair(t, chaos.Config{In: l})
		return b, a
	}},
	{"wrap out", func(t *testing.T, l chaos.Link) (w, r net.Conn) {
		return wrapped(t, chaos.Config{Out: l})
	}},
	{"wrap in", func(t *testing.T, l chaos.Link) (w, r net.Conn) {
		near, far := wrapped(t, chaos.Config{In: l})
		return far, near
	}},
}

// wrapped is a Wrap around an end of a perfect Pair, and the other end.
func wrapped(t *testing.T, cfg chaos.Config) (near, far *chaos.Conn) {
	inner, far := chaos.Pair(chaos.Config{})
	near = chaos.Wrap(inner, cfg)
	t.Cleanup(func() {
		_ = far.Close()
		_ = near.Close()
	})
	return near, far
}

// eachWay runs f in a bubble of its own for each way.
func eachWay(t *testing.T, l chaos.Link, f func(t *testing.T, w, r net.Conn)) {
	inWays(t, ways, l, f)
}

func inWays(t *testing.T, ways []way, l chaos.Link, f func(t *testing.T, w, r net.Conn)) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, r := way.make(t, l)
				f(t, w, r)
			})
		})
	}
}

// deadline makes calls of c fail that would block for ever.
func deadline(c net.Conn) { _ = c.SetDeadline(time.Now().Add(time.Minute)) }

const latency = 5 * ms

func at(n int64, k chaos.Kind) chaos.Link {
	return chaos.Link{Latency: latency, Faults: []chaos.Fault{{At: n, Kind: k}}}
}

// offsets are where a fault strikes in writes of 10 bytes, 30 in all.
var offsets = []int64{0, 1, 9, 10, 11, 29}

func TestEndAtOffset(t *testing.T) {
	for _, n := range offsets {
		eachWay(t, at(n, chaos.End), func(t *testing.T, w, r net.Conn) {
			for i := range 3 {
				require.NoError(t, second(w.Write(numbered(30)[10*i:10*i+10])))
			}
			got, err := io.ReadAll(r)
			require.NoError(t, err)
			assert.Equal(t, numbered(30)[:n], got)
			require.NoError(t, second(w.Write([]byte("lost"))), "the writer does not notice")
			require.NoError(t, second(r.Write([]byte("back"))), "the other direction goes on")
			deadline(w)
			require.NoError(t, second(io.ReadFull(w, make([]byte, 4))))
		})
	}
}

func TestCutAtOffset(t *testing.T) {
	for _, n := range offsets {
		eachWay(t, at(n, chaos.Cut), func(t *testing.T, w, r net.Conn) {
			deadline(w)
			deadline(r)
			written, err := w.Write(numbered(30))
			if err != nil { // else it was quicker than the fault, beneath a Wrap
				assert.ErrorIs(t, err, syscall.EPIPE)
				assert.EqualValues(t, n, written)
			}
			got, err := io.ReadAll(r)
			require.NoError(t, err)
			assert.Equal(t, numbered(30)[:n], got)
			got, err = io.ReadAll(w)
			require.NoError(t, err)
			assert.Empty(t, got)
			synctest.Wait()
			assert.Error(t, second(w.Write([]byte("x"))))
			assert.Error(t, second(r.Write([]byte("x"))))
		})
	}
}

func TestResetAtOffset(t *testing.T) {
	for _, n := range offsets {
		eachWay(t, at(n, chaos.Reset), func(t *testing.T, w, r net.Conn) {
			deadline(w)
			deadline(r)
			_, _ = w.Write(numbered(30))
			got, err := io.ReadAll(r)
			assert.ErrorIs(t, err, syscall.ECONNRESET)
			assert.Equal(t, numbered(30)[:n], got)
			_, err = io.ReadAll(w)
			assert.ErrorIs(t, err, syscall.ECONNRESET)
			synctest.Wait()
			assert.ErrorIs(t, second(w.Write([]byte("x"))), syscall.ECONNRESET)
			assert.ErrorIs(t, second(r.Write([]byte("x"))), syscall.ECONNRESET)
		})
	}
}

func TestPairFaultIsExactForTheWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fault := chaos.Fault{At: 15, Kind: chaos.Reset, Err: errBoom}
		a, b := pair(t, chaos.Config{Out: chaos.Link{Faults: []chaos.Fault{fault}}})
		require.NoError(t, second(b.Write([]byte("arrived"))))
		n, err := a.Write(numbered(10))
		require.NoError(t, err)
		require.Equal(t, 10, n)
		n, err = a.Write(numbered(10))
		assert.Equal(t, 5, n)
		assert.ErrorIs(t, err, errBoom)
		got, err := io.ReadAll(a)
		assert.Equal(t, "arrived", string(got), "what had arrived is read")
		assert.ErrorIs(t, err, errBoom)
		got, err = io.ReadAll(b)
		assert.Len(t, got, 15)
		assert.ErrorIs(t, err, errBoom)
	})
}

func TestDropAtOffset(t *testing.T) {
	for _, n := range offsets {
		eachWay(t, at(n, chaos.Drop), func(t *testing.T, w, r net.Conn) {
			require.NoError(t, second(w.Write(numbered(30))))
			require.NoError(t, w.(interface{ CloseWrite() error }).CloseWrite())
			got := make([]byte, n)
			require.NoError(t, second(io.ReadFull(r, got)))
			assert.Equal(t, numbered(30)[:n], got)
			deadline(r)
			assert.True(t, isTimeout(second(r.Read(make([]byte, 1)))), "silence, not an end")
			require.NoError(t, r.SetDeadline(time.Time{}))
			require.NoError(t, second(r.Write([]byte("back"))))
			deadline(w)
			require.NoError(t, second(io.ReadFull(w, make([]byte, 4))))
		})
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func TestDropHidesClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, chaos.Config{})
		a.Out().Drop()
		require.NoError(t, a.SetLinger(0))
		require.NoError(t, a.Close())
		deadline(b)
		assert.NoError(t, second(b.Write(make([]byte, 1<<20))), "into the void")
		assert.True(t, isTimeout(second(b.Read(make([]byte, 1)))))
	})
}

func TestStallAtOffset(t *testing.T) {
	for _, n := range offsets {
		eachWay(t, at(n, chaos.Stall), func(t *testing.T, w, r net.Conn) {
			require.NoError(t, second(w.Write(numbered(30))))
			require.NoError(t, w.(interface{ CloseWrite() error }).CloseWrite())
			got := make([]byte, n)
			require.NoError(t, second(io.ReadFull(r, got)))
			deadline(r)
			assert.True(t, isTimeout(second(r.Read(make([]byte, 1)))))
			require.NoError(t, r.SetDeadline(time.Time{}))
			for _, c := range []net.Conn{w, r} {
				c.(*chaos.Conn).Out().Resume()
				c.(*chaos.Conn).In().Resume()
			}
			rest, err := io.ReadAll(r)
			require.NoError(t, err)
			assert.Equal(t, numbered(30), append(got, rest...))
		})
	}
}

func TestStallFillsTheBuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, chaos.Config{Out: chaos.Link{Buffer: 100}})
		a.Out().Stall()
		sent := async(func() error { return second(a.Write(numbered(150))) })
		synctest.Wait()
		assert.EqualValues(t, 100, b.In().Written())
		assert.Zero(t, b.In().Delivered())
		b.In().Resume()
		got := make([]byte, 150)
		require.NoError(t, second(io.ReadFull(b, got)))
		require.NoError(t, sent())
		assert.Equal(t, numbered(150), got)
		b.In().Resume() // nothing is stalled
	})
}

func TestFlipAtOffset(t *testing.T) {
	for bit := range 8 {
		l := chaos.Link{Faults: []chaos.Fault{
			{At: 29, Kind: chaos.Flip, Bit: bit}, {At: 10, Kind: chaos.Flip, Bit: bit},
		}}
		eachWay(t, l, func(t *testing.T, w, r net.Conn) {
			sent := numbered(30)
			require.NoError(t, second(w.Write(sent[:11])))
			require.NoError(t, second(w.Write(sent[11:])))
			assert.Equal(t, numbered(30), sent, "the writer's bytes stay")
			got := make([]byte, 30)
			require.NoError(t, second(io.ReadFull(r, got)))
			sent[10] ^= 1 << bit
			sent[29] ^= 1 << bit
			assert.Equal(t, sent, got)
		})
	}
}

// flipped is where random flips of 1 in 100 hit 100,000 zeros.
func flipped(t *testing.T, seed uint64, size int) (at []int) {
	a, b := pair(t, chaos.Config{Seed: seed, Out: chaos.Link{Flips: 0.01}})
	for range 100_000 / size {
		require.NoError(t, second(a.Write(make([]byte, size))))
	}
	require.NoError(t, a.Close())
	got, err := io.ReadAll(b)
	require.NoError(t, err)
	for i, c := range got {
		if c != 0 {
			at = append(at, i)
			assert.Zero(t, c&(c-1), "one bit")
		}
	}
	return at
}

func TestRandomFlips(t *testing.T) {
	a, b := chaos.Pair(chaos.Config{})
	assert.NotZero(t, a.Seed())
	assert.Equal(t, a.Seed(), b.Seed())
	one := flipped(t, a.Seed(), 100_000)
	assert.InDelta(t, 1000, len(one), 200, "seed %d", a.Seed())
	assert.Equal(t, one, flipped(t, a.Seed(), 1000), "they do not depend on the writes")
	assert.NotEqual(t, one, flipped(t, a.Seed()+1, 1000))
}

func TestSlices(t *testing.T) {
	eachWay(t, chaos.Link{Slices: []int{1, 2, 300}}, func(t *testing.T, w, r net.Conn) {
		require.NoError(t, second(w.Write(numbered(606))))
		require.NoError(t, w.(interface{ CloseWrite() error }).CloseWrite())
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		assert.Equal(t, numbered(606), got)
	})
	a, b := pair(t, chaos.Config{Out: chaos.Link{Slices: []int{1, 2, 300}}})
	require.NoError(t, second(a.Write(numbered(606))))
	var sizes []int
	for range 6 {
		n, err := b.Read(make([]byte, 1000))
		require.NoError(t, err)
		sizes = append(sizes, n)
	}
	assert.Equal(t, []int{1, 2, 300, 1, 2, 300}, sizes)
}

// recorder keeps the sizes of the writes to it.
type recorder struct {
	net.Conn
	sizes []int
}

func (r *recorder) Write(p []byte) (int, error) {
	r.sizes = append(r.sizes, len(p))
	return r.Conn.Write(p)
}

func TestSlicesCutWritesBeneath(t *testing.T) {
	inner, far := pair(t, chaos.Config{})
	rec := &recorder{Conn: inner}
	w := chaos.Wrap(rec, chaos.Config{Out: chaos.Link{Slice: 7}})
	require.NoError(t, second(w.Write(numbered(1000))))
	require.NoError(t, w.Close())
	got, err := io.ReadAll(far)
	require.NoError(t, err)
	assert.Equal(t, numbered(1000), got)
	seen := map[int]bool{}
	for _, n := range rec.sizes {
		seen[n] = true
	}
	assert.Len(t, seen, 7, "sizes from 1 to 7: seed %d", w.Seed())
	assert.False(t, seen[0] || seen[8])
}

func TestTamper(t *testing.T) {
	var before []byte
	replay := func(p []byte) []byte { // every write twice, the older one last
		out := bytes.Join([][]byte{p, before}, nil)
		before = bytes.Clone(p)
		return out
	}
	a, b := pair(t, chaos.Config{Out: chaos.Link{Tamper: replay}})
	for i := range 3 {
		n, err := fmt.Fprint(a, i)
		require.NoError(t, err)
		assert.Equal(t, 1, n)
	}
	require.NoError(t, a.Close())
	got, err := io.ReadAll(b)
	require.NoError(t, err)
	assert.Equal(t, "01021", string(got))
	assert.EqualValues(t, 5, a.Out().Written())
}

func TestControlsWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, chaos.Symmetric(chaos.Link{Latency: latency}))
		require.NoError(t, second(a.Write([]byte("arrives"))))
		time.Sleep(latency)
		require.NoError(t, second(a.Write([]byte("too late"))))
		reading := async(func() error { return second(io.ReadAll(a)) })
		blocked := async(func() error { return second(b.Write(make([]byte, 65<<20))) })
		synctest.Wait()
		a.Reset(errBoom)
		assert.ErrorIs(t, reading(), errBoom)
		assert.ErrorIs(t, blocked(), errBoom)
		got, err := io.ReadAll(b)
		assert.ErrorIs(t, err, errBoom)
		assert.Equal(t, "arrives", string(got))
		a.Cut()
		assert.ErrorIs(t, second(a.Read(make([]byte, 1))), errBoom, "the first one counts")

		a, b = pair(t, chaos.Config{})
		b.In().Stall()
		require.NoError(t, second(a.Write([]byte("stalled"))))
		b.Cut()
		got, err = io.ReadAll(b)
		require.NoError(t, err)
		assert.Empty(t, got)

		a, b = pair(t, chaos.Config{})
		a.Out().End()
		assert.Equal(t, io.EOF, second(b.Read(make([]byte, 1))))
		require.NoError(t, second(a.Write([]byte("lost"))))
	})
}

func TestBadConfigPanics(t *testing.T) {
	for _, l := range []chaos.Link{
		{Latency: -1}, {Jitter: -1}, {Rate: -1}, {Buffer: -1}, {Slice: -1}, {Slices: []int{1, 0}},
		{Flips: -0.1}, {Flips: 1.1}, at(-1, chaos.Cut), at(0, 0), at(0, chaos.Flip+1),
		{Faults: []chaos.Fault{{Kind: chaos.Flip, Bit: 8}}},
	} {
		assert.Panics(t, func() { chaos.Pair(chaos.Config{In: l}) }, "%+v", l)
	}
	assert.Equal(t, "Stall Drop End Cut Reset Flip Kind(7)", fmt.Sprint(chaos.Stall, " ", chaos.Drop, " ",
		chaos.End, " ", chaos.Cut, " ", chaos.Reset, " ", chaos.Flip, " ", chaos.Flip+1))
}
