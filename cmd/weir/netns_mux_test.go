package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A mux session over TLS between two network namespaces, with a bulk stream
// and forty small ones, whose cable is pulled out. For a while, and all goes on
// as if nothing had been; for longer than Config.Idle, and each stream ends
// with a cause at both ends. Either way what was acknowledged had arrived.
func TestTwoHostsMux(t *testing.T) {
	t.Parallel()
	t.Run("for a while", func(t *testing.T) {
		t.Parallel()
		p := plugMux(t, "10s")
		p.cable.set(t, "down")
		// Wall-clock time is what this is about, as in TestTwoHosts.
		<-time.After(2 * time.Second)
		p.cable.set(t, "up")
		p.await(t, "again") // acknowledgements of the bulk stream, after a gap
		p.finish(t)
		for name, near := range p.check(t) {
			assert.Empty(t, near.Err, name)
			assert.Equal(t, near.Sent, near.Acked, name)
			assert.Positive(t, near.Sent, name)
		}
	})
	t.Run("for good", func(t *testing.T) {
		t.Parallel()
		p := plugMux(t, "2s")
		p.cable.set(t, "down")
		p.ends(t)
		p.cable.set(t, "up")
		for name, near := range p.check(t) {
			assert.Regexp(t, `^mux: (peer is silent|connection lost: )`, near.Err, name)
			assert.Regexp(t, `^mux: (peer is silent|connection lost: )`, p.far[name].Err, name)
			assert.Positive(t, near.Acked, "%s: the cable was in once", name)
		}
	})
}

// smallStreams is how many streams run beside the bulk.
const smallStreams = 40

// A muxRun is a session between two processes, in two namespaces.
type muxRun struct {
	cable        nsCable
	server       *exec.Cmd
	client       *exec.Cmd
	stdin        io.Closer // of the client: to finish
	fromA, fromB *bufio.Reader
	near, far    map[string]muxReport // of the client and the server
}

// plugMux starts both, and returns when every stream moves.
func plugMux(t *testing.T, idle string) *muxRun {
	t.Helper()
	p := &muxRun{cable: nsPlug(t)}
	a, b := p.cable.hosts(t, t.TempDir())
	idA, idB := a.id(), b.id()
	p.server = a.program("muxhost", "serve", p.cable.addressA+":0", idle, idB)
	p.fromA = startMux(t, p.server)
	address, err := p.fromA.ReadString('\n')
	require.NoError(t, err)
	p.client = b.program("muxhost", "dial", strings.TrimSpace(address), idle, idA)
	p.stdin, err = p.client.StdinPipe()
	require.NoError(t, err)
	p.fromB = startMux(t, p.client)
	p.await(t, "moving")
	return p
}

func startMux(t *testing.T, cmd *exec.Cmd) *bufio.Reader {
	t.Helper()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	late := time.AfterFunc(60*time.Second, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() {
		late.Stop()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if stderr.Len() > 0 {
			t.Log(stderr.String())
		}
	})
	return bufio.NewReader(out)
}

// await waits for a line of the client.
func (p *muxRun) await(t *testing.T, want string) {
	t.Helper()
	got, err := p.fromB.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, want, strings.TrimSpace(got))
}

// finish has the client end its streams, and waits for both processes.
func (p *muxRun) finish(t *testing.T) {
	t.Helper()
	require.NoError(t, p.stdin.Close())
	p.ends(t)
}

// ends waits until both processes have reported.
func (p *muxRun) ends(t *testing.T) {
	t.Helper()
	p.near, p.far = readReports(t, p.fromB), readReports(t, p.fromA)
	require.NoError(t, p.client.Wait())
	require.NoError(t, p.server.Wait())
}

func readReports(t *testing.T, r io.Reader) map[string]muxReport {
	t.Helper()
	all := map[string]muxReport{}
	for lines := bufio.NewScanner(r); lines.Scan(); {
		var m muxReport
		if strings.HasPrefix(lines.Text(), "{") {
			require.NoError(t, json.Unmarshal(lines.Bytes(), &m))
			all[m.Name] = m
		}
	}
	return all
}

// check looks at what holds however the session went.
func (p *muxRun) check(t *testing.T) map[string]muxReport {
	t.Helper()
	require.Len(t, p.near, 1+smallStreams)
	require.Len(t, p.far, 1+smallStreams)
	for name, near := range p.near {
		far := p.far[name]
		assert.True(t, far.Intact, "%s: what arrived is what was sent", name)
		assert.LessOrEqual(t, near.Acked, far.Got, "%s: what was acknowledged had arrived", name)
		assert.LessOrEqual(t, far.Got, near.Sent, name)
		if far.Err == "" {
			assert.Equal(t, near.Sent, far.Got, "%s: an end comes after everything", name)
		}
		if near.Err == "" {
			assert.Empty(t, far.Err, "%s: an end at one side is one at the other", name)
			assert.Equal(t, near.Sent, near.Acked, name)
		}
	}
	bulk := p.near["bulk"]
	t.Logf("bulk: sent %d bytes, acknowledged %d, received %d; %s", bulk.Sent, bulk.Acked, p.far["bulk"].Got, bulk.Err)
	return p.near
}
