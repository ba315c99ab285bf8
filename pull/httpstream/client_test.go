package httpstream_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/httpstream"
)

func TestGetSendsAtTheFirstCall(t *testing.T) {
	n := &network{chunks: []string{"a", "b"}}
	src := httpstream.Get(n.client(), request(nil))
	require.Zero(t, n.sent)
	ctx, cancel := context.WithCancel(context.Background())
	b, err := src(ctx)
	cancel() // means nothing after the call
	require.NoError(t, err)
	require.Equal(t, "a", string(b))
	require.Equal(t, 1, n.open)
	rest, err := pull.Collect(context.Background(), src)
	require.NoError(t, err)
	require.Equal(t, [][]byte{[]byte("b")}, rest)
	require.Zero(t, n.open)
	require.Equal(t, 1, n.sent)
	require.Error(t, n.ctx.Err(), "nothing of the request goes on")
}

// A body notes that it was closed.
type closing struct {
	*strings.Reader
	closed int
}

func (c *closing) Close() error { c.closed++; return errClose }

func TestGetAbortedClosesTheRequestsBody(t *testing.T) {
	n := &network{}
	body := &closing{Reader: strings.NewReader("x")}
	src := httpstream.Get(n.client(), request(body))
	require.ErrorIs(t, pull.Abort(src, errBoom), errClose)
	require.Equal(t, 1, body.closed)
	require.Zero(t, n.sent)
}

func TestGetFailures(t *testing.T) {
	n := &network{refuse: errBoom}
	src := httpstream.Get(n.client(), request(nil))
	_, err := src(context.Background())
	require.ErrorIs(t, err, errBoom)
	_, again := src(context.Background())
	require.Equal(t, err, again)
	require.Equal(t, 1, n.sent)

	n = &network{status: 404, chunks: []string{strings.Repeat("x", 1000), strings.Repeat("y", 1000)}}
	_, err = httpstream.Get(n.client(), request(nil))(context.Background())
	var status *httpstream.StatusError
	require.ErrorAs(t, err, &status)
	require.Equal(t, http.StatusNotFound, status.Code)
	require.Len(t, status.Body, 1024)
	require.True(t, bytes.HasPrefix(status.Body, []byte("xxx")))
	require.Zero(t, n.open)

	n = &network{chunks: []string{"a"}, closing: errClose}
	src = httpstream.Get(n.client(), request(nil))
	_, err = src(context.Background())
	require.NoError(t, err)
	require.ErrorIs(t, pull.Abort(src, errBoom), errClose)
}

func TestGetInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{chunks: []string{"a"}, stalls: true}
		ctx, cancel := context.WithTimeoutCause(context.Background(), time.Second, errBoom)
		defer cancel()
		start := time.Now()
		got, err := pull.Collect(ctx, httpstream.Get(n.client(), request(nil)))
		require.Equal(t, errBoom, err)
		require.Len(t, got, 1)
		require.Equal(t, time.Second, time.Since(start))
		require.Zero(t, n.open)
	})
}
