package netconn_test

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/pull"
)

func TestTuneLeavesOthersAlone(t *testing.T) {
	a, b := unix(t)
	p, q := net.Pipe()
	for _, c := range []net.Conn{a, b, p, q} {
		assert.NoError(t, netconn.Tune(c))
		assert.NoError(t, netconn.SetUserTimeout(c, time.Second))
		require.NoError(t, c.Close())
	}
}

// A pipe cannot end one direction: each is told by closing, when both have ended.
func TestPipeCarriesBothWays(t *testing.T) {
	ca, cb := net.Pipe()
	a, b := netconn.New(ca), netconn.New(cb)
	sent := async(func() error { return a.Sink(t.Context(), sliced([]byte("question"), 3)) })
	for want := range 3 {
		got, err := b.Source(t.Context())
		require.NoError(t, err)
		assert.NotEmpty(t, got, "piece %d", want)
		if want*3+len(got) == 8 {
			break
		}
	}
	require.NoError(t, sent())
	require.NoError(t, pull.Abort(b.Source, nil))
	answered := async(func() error { return b.Sink(t.Context(), sliced([]byte("answer"), 4)) })
	got, err := collect(t.Context(), a.Source)
	require.NoError(t, err)
	assert.Equal(t, "answer", string(got))
	require.NoError(t, answered())
}

func TestUnixDuplexesConnect(t *testing.T) {
	ca, cb := unix(t)
	near, far := duplex.Pair[[]byte, []byte]()
	proxied := async(func() error { return duplex.Connect(t.Context(), netconn.New(ca), far) })
	echo := netconn.New(cb)
	echoed := async(func() error { return echo.Sink(t.Context(), echo.Source) })
	sent := async(func() error { return near.Sink(t.Context(), sliced([]byte("there and back"), 5)) })
	got, err := collect(t.Context(), near.Source)
	require.NoError(t, err)
	assert.Equal(t, "there and back", string(got))
	for _, f := range []func() error{sent, echoed, proxied} {
		require.NoError(t, f())
	}
}
