package mux_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
)

// A nodeResult is what testdata/yamux.mjs prints.
type nodeResult struct {
	Hello struct {
		Streams, Backlog int
		Application      string
	}
	Hash    string // of what it sent
	Clean   bool   // the session was closed as it should be
	Streams map[string]struct {
		Sent, Got int // with the head
		Name      string
		Hash      string // of what it got
	}
}

// startNode starts the client against a server at port. Its packages are found
// by NODE_PATH; where they are not there the test is skipped, unless
// WEIR_REQUIRE_NODE is set.
func startNode(t *testing.T, port int) func() nodeResult {
	t.Helper()
	need := t.Skipf
	if os.Getenv("WEIR_REQUIRE_NODE") != "" {
		need = t.Fatalf
	}
	path := filepath.Join(os.Getenv("NODE_PATH"), "@libp2p/yamux/package.json")
	if _, err := exec.LookPath("node"); err != nil {
		need("node is needed: %v; TestTranscript replays a session", err)
	}
	if _, err := os.Stat(path); err != nil {
		need("@libp2p/yamux in NODE_PATH is needed: %v; TestTranscript replays a session", err)
	}
	c := exec.CommandContext(t.Context(), "node", "testdata/yamux.mjs", strconv.Itoa(port))
	var out strings.Builder
	c.Stdout, c.Stderr = &out, os.Stderr
	require.NoError(t, c.Start())
	return func() (r nodeResult) {
		require.NoError(t, c.Wait())
		require.NoError(t, json.Unmarshal([]byte(out.String()), &r))
		return r
	}
}

// A client of another's making, with another's yamux: 4 MiB each way on one
// stream, another stream that the server opens, and a clean close.
func TestNodeCarriesBothWays(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	result := startNode(t, l.Addr().(*net.TCPAddr).Port)
	conn, err := l.Accept()
	require.NoError(t, err)
	server, err := mux.Server(soon(t), conn, mux.Config{Application: "interop/1"})
	require.NoError(t, err)
	defer func() { _ = server.Abort(nil) }()

	st, err := server.Accept(soon(t))
	require.NoError(t, err)
	require.Equal(t, "both ways", st.Name())
	require.Equal(t, map[string]string{"from": "node"}, st.Meta())
	sent := later(func() error { return send(context.Background(), st, stamped, 100_000) })
	back, err := server.Open(soon(t), "back", nil)
	require.NoError(t, err)
	returned := later(func() error { return send(context.Background(), back, stamped[:1<<20], 1000) })
	got, err := receive(soon(t), st)
	require.Equal(t, io.EOF, err)
	require.NoError(t, <-sent)
	echoed, err := receive(soon(t), back)
	require.Equal(t, io.EOF, err)
	require.NoError(t, <-returned)
	<-server.Done()
	require.NoError(t, server.Err())

	r := result()
	assert.Len(t, got, 4<<20)
	assert.Equal(t, hexSum(got), r.Hash)
	assert.Equal(t, hexSum(stamped), r.Streams["3"].Hash)
	assert.Equal(t, len(stamped), r.Streams["3"].Got)
	assert.Equal(t, "back", r.Streams["2"].Name)
	assert.Equal(t, hexSum(stamped[:1<<20]), hexSum(echoed))
	assert.Equal(t, "interop/1", r.Hello.Application)
	assert.Equal(t, 256, r.Hello.Streams)
	assert.True(t, r.Clean)
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
