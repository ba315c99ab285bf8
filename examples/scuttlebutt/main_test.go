package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start starts a peer at a port, 0 for any, and returns its port.
func start(t *testing.T, port string, peers ...string) (at string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:"+port)
	require.NoError(t, err)
	_, at, err = net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- newPeer(io.Discard).run(ctx, l, peers) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			http.DefaultClient.CloseIdleConnections()
			require.ErrorIs(t, <-done, http.ErrServerClosed)
			http.DefaultClient.CloseIdleConnections()
		}
	}
	t.Cleanup(stop)
	return at, stop
}

// startNode starts a peer in Node. It skips the test where npm's package is not found
// by NODE_PATH, unless WEIR_REQUIRE_NODE is set.
func startNode(t *testing.T, peers ...string) (at string) {
	t.Helper()
	need := t.Skipf
	if os.Getenv("WEIR_REQUIRE_NODE") != "" {
		need = t.Fatalf
	}
	if err := exec.Command("node", "-e", "require('scuttlebutt/model')").Run(); err != nil {
		need("node with npm's scuttlebutt in NODE_PATH is needed: %v", err)
	}
	c := exec.Command("node", append([]string{"testdata/peer.js", "0"}, peers...)...)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
}

// curl returns what is at a path.
func curl(t *testing.T, port, path string) string {
	res, err := http.Get("http://127.0.0.1:" + port + path)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(text)
}

func shows(t *testing.T, port, path, want string) {
	t.Helper()
	require.Eventually(t, func() bool { return curl(t, port, path) == want+"\n" },
		30*time.Second, 5*time.Millisecond, "%s%s is not %s", port, path, want)
}

// What is set at one of three in a row is at all of them.
func testRow(t *testing.T, row []string) {
	for _, at := range row {
		require.Equal(t, "undefined\n", curl(t, at, "/x"))
	}
	for i, at := range row {
		path := "/key" + at
		require.Equal(t, path+"=caf%C3%A9\n", curl(t, at, path+"=caf%C3%A9"))
		for _, other := range row {
			shows(t, other, path, "caf%C3%A9")
		}
		value := string(rune('a' + i))
		require.Equal(t, "/x="+value+"\n", curl(t, at, "/x="+value))
		for _, other := range row {
			shows(t, other, "/x", value)
		}
	}
}

func TestRow(t *testing.T) {
	a, _ := start(t, "0")
	b, _ := start(t, "0", a)
	c, _ := start(t, "0", b)
	testRow(t, []string{a, b, c})
}

// The one in the middle is npm's, which has joined one and is joined by the other.
func TestNodeRow(t *testing.T) {
	a, _ := start(t, "0")
	b := startNode(t, a)
	c, _ := start(t, "0", b)
	testRow(t, []string{a, b, c})
}

// A peer that is started anew at its port is linked again, and told everything.
func TestPeerComesBack(t *testing.T) {
	a, stop := start(t, "0")
	b, _ := start(t, "0", a)
	curl(t, b, "/x=1")
	shows(t, a, "/x", "1")
	stop()
	curl(t, b, "/x=2")
	a, _ = start(t, a)
	shows(t, a, "/x", "2")
}
