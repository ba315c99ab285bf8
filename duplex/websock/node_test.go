package websock_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/websock"
	"github.com/weir-go/weir/pull"
)

// A nodeResult is what testdata/client.cjs prints.
type nodeResult struct {
	Bytes   int
	Sent    string // hash of what it sent
	Got     string // hash of what it got
	Control []string
	Code    int
	Reason  string
	Error   string
}

// node runs the client against url. Package ws is found by NODE_PATH; where it
// is not there the test is skipped, unless WEIR_REQUIRE_NODE is set.
func node(t *testing.T, what, url string) (r nodeResult) {
	t.Helper()
	need := t.Skipf
	if os.Getenv("WEIR_REQUIRE_NODE") != "" {
		need = t.Fatalf
	}
	if out, err := exec.Command("node", "-e", "require('ws')").CombinedOutput(); err != nil {
		line, _, _ := strings.Cut(string(out), "\n")
		need("node with package ws in NODE_PATH is needed (%v) %s; TestTranscript replays it", err, line)
	}
	c := exec.CommandContext(t.Context(), "node", "testdata/client.cjs", what, url)
	c.Stderr = os.Stderr
	out, err := c.Output()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(out, &r))
	return r
}

// A thin connection reads and writes one byte at a time.
type thin struct{ net.Conn }

func (c thin) Read(p []byte) (int, error) { return c.Conn.Read(p[:min(1, len(p))]) }

func (c thin) Write(p []byte) (n int, err error) {
	for i := range p {
		if _, err := c.Conn.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

// thinWriter gives its connection out thin.
type thinWriter struct{ http.ResponseWriter }

func (w thinWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, _, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	return thin{c}, bufio.NewReadWriter(bufio.NewReader(thin{c}), bufio.NewWriter(c)), nil
}

// nodeServer runs f once for each connection and reports what it returns.
func nodeServer(
	t *testing.T, slices bool, f func(ctx context.Context, c *websock.Conn) error,
) (url string, result func() error) {
	errs := make(chan error, 1)
	h := websock.Handler(websock.Config{}, func(ctx context.Context, c *websock.Conn) {
		errs <- f(ctx, c)
	})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices {
			w = thinWriter{w}
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return "ws" + strings.TrimPrefix(s.URL, "http"), func() error { return <-errs }
}

// 1 MiB each way, and each side's end by itself.
func TestNodeHalfCloses(t *testing.T) {
	for name, slices := range map[string]bool{"whole": false, "byte by byte": true} {
		t.Run(name, func(t *testing.T) {
			data := random(1 << 20)
			var got []byte
			url, result := nodeServer(t, slices, func(ctx context.Context, c *websock.Conn) (err error) {
				d := c.Chunks()
				if got, err = collect(ctx, d.Source); err != nil {
					return err
				}
				return d.Sink(ctx, sliced(data, 1000)) // after the client's end
			})
			r := node(t, "half", url)
			require.NoError(t, result())
			assert.Equal(t, hexSum(got), r.Sent)
			assert.Equal(t, hexSum(data), r.Got)
			assert.Equal(t, []string{"end"}, r.Control)
			assert.Equal(t, 1000, r.Code)
			assert.Empty(t, r.Error)
		})
	}
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func TestNodeStops(t *testing.T) {
	url, result := nodeServer(t, false, func(ctx context.Context, c *websock.Conn) error {
		d := c.Chunks()
		err := d.Sink(ctx, endless)
		got, rerr := collect(ctx, d.Source)
		assert.Equal(t, "still here", string(got))
		return errors.Join(err, rerr)
	})
	r := node(t, "stop", url)
	var ce *websock.CloseError
	require.ErrorAs(t, result(), &ce)
	assert.Equal(t, &websock.CloseError{Code: websock.CodeFailed, Reason: "enough"}, ce)
	assert.Equal(t, 1000, r.Code)
}

func TestNodeFails(t *testing.T) {
	for what, want := range map[string]error{
		"fail":      &websock.CloseError{Code: websock.CodeFailed, Reason: "broken"},
		"terminate": websock.ErrLost,
	} {
		t.Run(what, func(t *testing.T) {
			url, result := nodeServer(t, false, func(ctx context.Context, c *websock.Conn) error {
				d := c.Chunks()
				got, err := collect(ctx, d.Source)
				assert.Equal(t, "part", string(got))
				return errors.Join(err, d.Close(nil))
			})
			node(t, what, url)
			err := result()
			if want != websock.ErrLost {
				var ce *websock.CloseError
				require.ErrorAs(t, err, &ce)
				assert.Equal(t, want, ce)
				return
			}
			assert.ErrorIs(t, err, want)
		})
	}
}

// A client learns why it was cut off, and what came before.
func TestNodeIsAborted(t *testing.T) {
	url, result := nodeServer(t, false, func(ctx context.Context, c *websock.Conn) error {
		d := c.Chunks()
		n := 0
		err := d.Sink(ctx, func(context.Context) ([]byte, error) {
			if n++; n > 1 {
				return nil, errBoom
			}
			return []byte("hello"), nil
		})
		return errors.Join(err, pull.Abort(d.Source, nil))
	})
	r := node(t, "listen", url)
	assert.ErrorIs(t, result(), errBoom)
	assert.Equal(t, 5, r.Bytes)
	assert.Equal(t, 4002, r.Code)
	assert.Equal(t, "boom", r.Reason)
}
