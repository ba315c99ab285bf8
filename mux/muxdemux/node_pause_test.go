package muxdemux_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux/muxdemux"
)

// A paused stream holds a bounded amount while its sibling runs, with npm
// writing as long as its write says so.
func TestNodeStuckStreamAndItsSibling(t *testing.T) {
	const hold = 64 << 10
	s, p := node(t, `{}`, muxdemux.Config{Hold: hold})
	value := `"` + strings.Repeat("x", 998) + `"`
	p.do(t, cmd("create", "stuck", `"meta":"stuck"`))
	p.do(t, cmd("create", "runs", `"meta":"runs"`))
	stuck, err := s.Accept(soon(t))
	require.NoError(t, err)
	runs, err := s.Accept(soon(t))
	require.NoError(t, err)
	p.do(t, cmd("pump", "stuck", `"n":20000,"value":`+value))
	p.do(t, cmd("pump", "runs", `"n":10000`))
	got, err := receive(soon(t), runs)
	require.Equal(t, io.EOF, err)
	require.Equal(t, numbers(10_000), got)
	p.do(t, cmd("sent", "stuck", ""))
	require.Less(t, p.want(t, "sent", "stuck").N, (1<<20)/1000, "of 20,000")
	held, err := receive(soon(t), stuck)
	require.Equal(t, io.EOF, err)
	require.Len(t, held, 20_000)
}

// An npm writer that ignores what write returns is cut at Limit; one of its
// siblings goes on.
func TestNodeOverrun(t *testing.T) {
	s, p := node(t, `{}`, muxdemux.Config{Limit: 100 << 10})
	p.do(t, cmd("create", "rude", ""))
	p.do(t, cmd("create", "polite", ""))
	rude, err := s.Accept(soon(t))
	require.NoError(t, err)
	polite, err := s.Accept(soon(t))
	require.NoError(t, err)
	p.do(t, cmd("many", "rude", `"n":5000`))
	p.do(t, cmd("write", "polite", `"value":1`))
	_, err = polite.Duplex().Source(soon(t))
	require.NoError(t, err)
	_, err = receive(context.Background(), rude)
	require.ErrorIs(t, err, muxdemux.ErrOverrun)
	assert.Contains(t, p.want(t, "error", "rude").Text, "does not pause")
	p.want(t, "close", "rude")
}
