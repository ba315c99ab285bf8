package mux_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/chaos"
	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/mux"
)

// TestFaults is the table of what may happen to a session, over a plain
// connection and over an encrypted one, at the side that reads and at the side
// that writes. Whatever it is: typed errors on every stream, each source ended
// or aborted once, no goroutine and no memory left, nothing delivered twice,
// no clean end that was not sent.
func TestFaults(t *testing.T) {
	rows := []struct {
		name string
		test func(t *testing.T, c cell)
	}{
		{"silent peer", silentPeer},
		{"reset", resets},
		{"cut", cuts},
		{"flipped bit", flips},
		{"tampered channel", tampered},
		{"stranger", strangers},
		{"stall in the handshake", stallsInHandshake},
		{"slow reader", slowReader},
		{"stalled reader, aborted", stalledAborted},
		{"broken frames", brokenFrames},
		{"garbage", garbage},
		{"slowloris", slowloris},
		{"ended with 256 streams in use", endedInUse},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) { inCells(t, row.test) })
	}
}

// silentPeer loses everything from one moment on, in one direction or both,
// and nobody is told. Both sides know within Config.Idle.
func silentPeer(t *testing.T, c cell) {
	for _, both := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			a, b := chaos.Pair(chaos.Config{})
			k := startTalk(t.Context(), c, a, b, usual(100_000))
			time.Sleep(time.Hour) // an idle session is none
			settle()
			require.NoError(t, k.client.session.Err())
			start := time.Now()
			c.struck(a).Drop()
			if both {
				a.In().Drop()
				a.Out().Drop()
			}
			k.over.Wait()
			require.LessOrEqual(t, time.Since(start), 15*time.Second)
			k.judge(t, fmt.Sprintf("both %v", both))
			deaf, other := k.server.err, k.client.err
			if c.sink {
				deaf, other = other, deaf
			}
			require.Equal(t, mux.ErrSilent, deaf)
			require.Equal(t, both, other == mux.ErrSilent)
		})
	}
}

// resets resets the connection at random.
func resets(t *testing.T, c cell) {
	rounds := 60
	if long {
		rounds = 2000
	}
	bubble(t, func(t *testing.T) {
		for seed := range rounds {
			rnd := rand.New(rand.NewPCG(uint64(seed), 0))
			at := rnd.Int64N([]int64{300, 3000, 30_000, 400_000}[seed%4])
			a, b := chaos.Pair(c.strike(chaos.Fault{At: at, Kind: chaos.Reset}))
			k := startTalk(t.Context(), c, a, b, usual(200_000))
			k.over.Wait()
			where := fmt.Sprintf("reset at %d", at)
			k.judge(t, where)
			// The one that closes first may spare the other the reset.
			require.ErrorIs(t, errors.Join(k.client.err, k.server.err), syscall.ECONNRESET, where)
		}
	})
}

// stride is how far apart a sweep tries offsets: all of them if there is time.
func stride(n int) int64 {
	if long {
		return 1
	}
	if raceEnabled || testing.Short() {
		n *= 7
	}
	return int64(n)
}

// cuts ends the connection, or one direction of it, during a talk; see
// TestCutAnywhere for each offset of a recorded one.
func cuts(t *testing.T, c cell) {
	bubble(t, func(t *testing.T) {
		for at := int64(0); at < 4500 && !t.Failed(); at += stride(47) {
			kind := chaos.Cut
			if at%2 == 1 {
				kind = chaos.End
			}
			a, b := chaos.Pair(c.strike(chaos.Fault{At: at, Kind: kind}))
			k := startTalk(t.Context(), c, a, b, usual(1100))
			k.over.Wait()
			k.judge(t, fmt.Sprintf("%v at %d", kind, at))
		}
	})
}

// flips changes a bit. Over TLS it is always found out. A plain session has no
// checksum: what a flip in a payload changes is delivered, and one in a frame's
// header may leave a stream waiting; but nothing panics, and whatever waits can
// be stopped.
func flips(t *testing.T, c cell) {
	unnoticed, all := 0, 0
	bubble(t, func(t *testing.T) {
		for at := int64(0); at < 4500 && !t.Failed(); at += stride(31) {
			if c.tls && (at == 1 || at == 2) {
				continue // the first record's version, which RFC 8446 says to ignore
			}
			flip := chaos.Fault{At: at, Kind: chaos.Flip, Bit: int(at % 8)}
			a, b := chaos.Pair(c.strike(flip))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			k := startTalk(ctx, c, a, b, usual(1100))
			k.over.Wait()
			all++
			where := fmt.Sprintf("bit %d of byte %d", flip.Bit, at)
			if ctx.Err() != nil {
				unnoticed++
			}
			cancel()
			if c.tls {
				k.judge(t, where)
				continue
			}
			for _, s := range []*side{&k.client, &k.server} {
				for name, h := range s.halves {
					assert.Equal(t, 1, h.ends+h.aborts, "%s, stream %s", where, name)
				}
			}
		}
	})
	t.Logf("%d of %d were not noticed", unnoticed, all)
	require.True(t, !c.tls || unnoticed == 0)
}

// stallsInHandshake has the connection deliver nothing more, somewhere before
// the session is up.
func stallsInHandshake(t *testing.T, c cell) {
	offsets := []int64{0, 5, 12, 13, 20, 27, 30}
	if c.tls {
		offsets = []int64{0, 3, 5, 100, 1000, 1400, 1560, 1600, 1700, 1750}
	}
	for _, at := range offsets {
		bubble(t, func(t *testing.T) {
			a, b := chaos.Pair(c.strike(chaos.Fault{At: at, Kind: chaos.Stall}))
			start := time.Now()
			k := startTalk(context.Background(), c, a, b, plan{})
			k.over.Wait()
			where := fmt.Sprintf("stall at %d", at)
			for _, err := range []error{k.client.err, k.server.err} {
				typed(t, err, where)
			}
			late := errors.Is(k.client.err, mux.ErrSilent) || errors.Is(k.server.err, mux.ErrSilent) ||
				errors.Is(k.client.err, secure.ErrTimeout) || errors.Is(k.server.err, secure.ErrTimeout)
			assert.True(t, late, "%s: %v, %v", where, k.client.err, k.server.err)
			require.LessOrEqual(t, time.Since(start), 10*time.Second, where)
		})
	}
}
