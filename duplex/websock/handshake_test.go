package websock_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/websock"
	"github.com/weir-go/weir/pull"
)

// refused dials a server that must not be reached, and returns the status.
func refused(t *testing.T, client, server websock.Config) *websock.HandshakeError {
	t.Helper()
	url := serve(t, server, func(context.Context, *websock.Conn) { t.Error("it was accepted") })
	_, err := websock.Dial(t.Context(), url, client)
	assert.ErrorIs(t, err, websock.ErrHandshake)
	var he *websock.HandshakeError
	require.ErrorAs(t, err, &he)
	return he
}

// closeBoth has each end answer the other's close frame.
func closeBoth(a, b *websock.Conn) {
	closed := async(func() error {
		a.Close(nil)
		return nil
	})
	b.Close(nil)
	_ = closed()
}

func TestOrigins(t *testing.T) {
	foreign := websock.Config{Header: http.Header{"Origin": {"https://evil.example"}}}
	he := refused(t, foreign, websock.Config{})
	assert.Equal(t, http.StatusForbidden, he.Status)
	assert.Contains(t, he.Error(), "evil.example")
	he = refused(t, foreign, websock.Config{Origins: []string{"good.example", "http://evil.example"}})
	assert.Equal(t, http.StatusForbidden, he.Status)
	he = refused(t, foreign, websock.Config{Origins: []string{"["}})
	assert.Equal(t, http.StatusInternalServerError, he.Status)

	a, b := dialled(t, foreign, websock.Config{Origins: []string{"*.example"}})
	closeBoth(a, b)
}

func TestSubprotocols(t *testing.T) {
	some := func(names ...string) websock.Config { return websock.Config{Subprotocols: names} }
	for _, client := range []websock.Config{some("x", "y"), some()} {
		he := refused(t, client, some("a", "b"))
		assert.Equal(t, http.StatusBadRequest, he.Status)
		assert.Contains(t, he.Error(), "this side speaks a, b")
	}
	a, b := dialled(t, some("x", "b", "a"), some("a", "b"))
	assert.Equal(t, "a", a.Subprotocol(), "the server's choice")
	assert.Equal(t, "a", b.Subprotocol())
	closeBoth(a, b)

	url := serve(t, some(), func(context.Context, *websock.Conn) {})
	_, err := websock.Dial(t.Context(), url, some("a"))
	assert.ErrorContains(t, err, "none of the subprotocols")
}

// A server that agrees to no subprotocol is told, and keeps Dial no longer than
// the handshake may take: not with a ping, nor by reading nothing.
func TestNoSubprotocol(t *testing.T) {
	for name, server := range map[string]func(c net.Conn) (heard []byte){
		"reads nothing": func(net.Conn) []byte { return nil },
		"pings": func(c net.Conn) []byte {
			go func() { _, _ = c.Write([]byte{fin | ping, 0}) }()
			heard, _ := io.ReadAll(c)
			return heard
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var heard func() error
				var got []byte
				m := &memory{wrap: func(c net.Conn) net.Conn {
					heard = async(func() error { got = server(c); return nil })
					return c
				}}
				began := time.Now()
				_, err := websock.Dial(t.Context(), "ws://memory/", websock.Config{
					Client: &http.Client{Transport: m}, Subprotocols: []string{"a"},
					HandshakeTimeout: time.Second,
				})
				assert.ErrorContains(t, err, "none of the subprotocols")
				assert.LessOrEqual(t, time.Since(began), time.Second)
				_ = heard()
				if name == "pings" {
					assert.Zero(t, time.Since(began), "it is not waited for")
					assert.Equal(t, byte(fin|closing), got[0])
				}
				m.accepted.Close(nil)
			})
		})
	}
}

// Who comes with plain HTTP is told what this is.
func TestPlainHTTP(t *testing.T) {
	url := "http" + strings.TrimPrefix(serve(t, websock.Config{Subprotocols: []string{"a"}}, nil), "ws")
	resp, err := http.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusUpgradeRequired, resp.StatusCode)
	assert.Equal(t, "websocket", resp.Header.Get("Upgrade"))
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Contains(t, string(body), "WebSocket")
}

func TestDialGivesUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts nothing, says nothing
	require.NoError(t, err)
	defer l.Close()
	url := "ws://" + l.Addr().String()
	_, err = websock.Dial(t.Context(), url, websock.Config{HandshakeTimeout: time.Millisecond})
	assert.ErrorIs(t, err, websock.ErrHandshake)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errBoom)
	_, err = websock.Dial(ctx, url, websock.Config{})
	assert.Equal(t, errBoom, err)
	_, err = websock.Dial(t.Context(), "ftp://x", websock.Config{})
	assert.ErrorIs(t, err, websock.ErrHandshake)
}

// A server that shuts down tells its clients.
func TestShutdown(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &http.Server{
		BaseContext: func(net.Listener) context.Context { return ctx },
		Handler: websock.Handler(websock.Config{}, func(ctx context.Context, c *websock.Conn) {
			d := c.Chunks()
			_ = d.Sink(ctx, d.Source)
		}),
	}
	served := async(func() error { return s.Serve(l) })
	c, err := websock.Dial(t.Context(), "ws://"+l.Addr().String(), websock.Config{})
	require.NoError(t, err)
	d := c.Chunks()
	sent := async(func() error {
		return d.Sink(t.Context(), then(pull.Values([]byte("hello"))))
	})
	got, err := d.Source(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "hello", string(got))
	cancel(&websock.CloseError{Code: 1001, Reason: "shutting down"})
	require.NoError(t, s.Shutdown(t.Context()))
	assert.Equal(t, http.ErrServerClosed, served())
	want := &websock.CloseError{Code: 1001, Reason: "shutting down"}
	assert.Equal(t, want, second(d.Source(t.Context())))
	assert.Equal(t, want, sent())
}
