package main

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nodeHost starts npm's dnode with testdata/dnode.cjs, and returns where it
// listens and what it prints. The package is found by NODE_PATH; where it is not
// there the test is skipped, unless WEIR_REQUIRE_NODE is set.
func nodeHost(t *testing.T) (address string, lines *bufio.Scanner) {
	t.Helper()
	need := t.Skipf
	if os.Getenv("WEIR_REQUIRE_NODE") != "" {
		need = t.Fatalf
	}
	if _, err := exec.LookPath("node"); err != nil {
		need("node is needed: %v", err)
	}
	if _, err := os.Stat(filepath.Join(os.Getenv("NODE_PATH"), "dnode/package.json")); err != nil {
		need("dnode in NODE_PATH is needed: %v", err)
	}
	c := exec.Command("node", "testdata/dnode.cjs")
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	require.NoError(t, err)
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	t.Cleanup(func() {
		_ = in.Close()
		_ = c.Wait()
	})
	lines = bufio.NewScanner(out)
	require.True(t, lines.Scan())
	return net.JoinHostPort("127.0.0.1", lines.Text()), lines
}

// weirCall runs weir call in this process.
func weirCall(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, log bytes.Buffer
	status = run(ctx, append([]string{"call"}, args...), strings.NewReader(""), &out, &log)
	return status, out.String(), log.String()
}

// npm's dnode is called like any other, and what it cannot say is not said.
func TestNodeCall(t *testing.T) {
	address, lines := nodeHost(t)
	for _, row := range []struct {
		args   string // without the address
		status int
		stdout string
		stderr string // a part
	}{
		{args: "", stdout: "divide\nin.deep\nlookup\nloop\nlouder\nnone\nnote\nrefuse\nthrows\ntick\n"},
		{args: `louder "☔beep"`, stdout: "\"☔BEEP\"\n"},
		{args: `in.deep "x"`, stdout: "\"X\"\n"},
		{args: `divide 7 4`, stdout: "1\n3\n"},
		{args: `divide 7 4 --json`, stdout: "[1,3]\n"},
		{args: `none --json`, stdout: "[]\n"},
		{args: `loop`, stdout: "[\"[Function]\",\"[Circular]\"]\n\"[Function]\"\n"},
		{args: `tick 3 --times 2 --json`, stdout: "[0,\"of 3\"]\n[1,\"of 3\"]\n"},
		{args: `loop --times 1`, stdout: "[\"[Function]\",\"[Circular]\"]\n\"[Function]\"\n"},
		{args: `lookup "a" --error-first`, stdout: "1\n"},
		{args: `lookup "b" --error-first`, status: exitRemote, stderr: "remote: "},
		{args: `refuse --error-first`, status: exitRemote, stderr: "weir: remote: as a text\n"},
		{args: `version`, status: exitNotFound, stderr: `no method "version" there`},
		{args: `throws --timeout 1s`, status: exitFailed, stderr: "no answer within 1s"},
	} {
		status, stdout, stderr := weirCall(t, append([]string{address}, strings.Fields(row.args)...)...)
		assert.Equal(t, row.status, status, "%s: %s", row.args, stderr)
		assert.Equal(t, row.stdout, stdout, row.args)
		assert.Contains(t, stderr, row.stderr, row.args)
	}
	require.True(t, lines.Scan())
	require.Equal(t, "thrown in npm", lines.Text())
	status, _, stderr := weirCall(t, address, "note", `"sent"`, "--no-reply")
	require.Equal(t, exitOK, status, stderr)
	require.True(t, lines.Scan())
	require.Equal(t, "noted sent", lines.Text())
}
