package shim_test

import (
	"bytes"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux/internal/shim"
	"github.com/weir-go/weir/mux/internal/wire"
)

// The peer keeps to the limits it was told, or the session ends.
func TestLimits(t *testing.T) {
	opening := func(n int) (all []byte) {
		for i := range n {
			all = append(all, frame(window, syn, uint32(1+2*i), 0)...)
		}
		return all
	}
	repeat := func(n int, f []byte) []byte { return join(opening(2), bytes.Repeat(f, n)) }
	two := side(false, 0)
	two.Streams = 2
	backlog := side(false, 0)
	backlog.Backlog = 2
	for name, c := range map[string]struct {
		cfg  shim.Config
		says []byte
		want string
	}{
		"streams":         {two, opening(4), "over 2 streams at once"},
		"backlog":         {backlog, opening(4), "over 2 streams not acknowledged"},
		"pings":           {side(false, 0), repeat(3000, frame(ping, syn, 0, 1)), "bring nothing"},
		"empty data":      {side(false, 0), repeat(3000, frame(data, 0, 3, 0)), "bring nothing"},
		"empty windows":   {side(false, 0), repeat(3000, frame(window, 0, 3, 0)), "bring nothing"},
		"wider and wider": {side(false, 0), repeat(3000, frame(window, 0, 3, 1)), "bring nothing"},
	} {
		conn, h := &pieces{left: c.says, size: 1 << 20}, &heard{}
		s := shim.New(conn, h, c.cfg)
		_, err := io.ReadAll(s)
		require.Error(t, err, name)
		require.ErrorContains(t, h.failed, c.want, name)
		var broken *wire.Error
		require.ErrorAs(t, h.failed, &broken)
		_ = s.Close()
		s.Wait()
	}
}

// A second pays for as many idle frames again, and streams pay for a few.
func TestIdleFramesAreForgiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, h, far := pipe(t, false, 0)
		go func() { _, _ = io.Copy(io.Discard, far) }()
		go func() { _, _ = io.Copy(io.Discard, c) }()
		_, err := far.Write(frame(window, syn, 1, 0))
		require.NoError(t, err)
		for range 5 {
			_, err = far.Write(bytes.Repeat(frame(ping, syn, 0, 1), 900))
			require.NoError(t, err)
			synctest.Wait()
			require.NoError(t, h.failed)
			time.Sleep(time.Second)
		}
	})
}
