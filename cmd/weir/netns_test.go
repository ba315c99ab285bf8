package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Two hosts, as far as the network is concerned: two network namespaces and a
// cable between them, which is pulled out while both replicas are edited. They
// are two users, who trust each other.
// WEIR_REQUIRE_NETNS=1 makes it a failure that this cannot be done here.
func TestTwoHosts(t *testing.T) {
	t.Parallel()
	cable := nsPlug(t)
	dir := t.TempDir()
	a, b := cable.hosts(t, dir)
	a.weir("", "init", "a")
	b.weir("", "init", "b")
	a.weir("", "trust", "a", b.id())
	b.weir("", "trust", "b", a.id())
	a.weir("", "set", "a", "first", "from a")

	listening := a.peer("a", "--listen", cable.addressA+":0")
	address := listening.await(t, `^listening on (.*)`)
	joined := b.peer("b", "--join", address)
	joined.await(t, `^(in sync with) `)
	a.weir(nsLines("a", 0, 500), "import", "a")
	b.weir(nsLines("b", 0, 500), "import", "b")
	nsEqual(t, a, b, 1+1000)

	cable.set(t, "down")
	// Wall-clock time is what this is about: TCP's own timers run out while the
	// cable is out, and no clock of ours can make them faster.
	plugged := time.After(3 * time.Second)
	a.weir("", "set", "a", "both", "from a")
	b.weir("", "set", "b", "both", "from b")
	a.weir("", "del", "a", "first")
	a.weir(nsLines("a", 500, 1000), "import", "a")
	b.weir(nsLines("b", 500, 1000), "import", "b")
	<-plugged
	assert.NotContains(t, a.weir("", "export", "a"), `"b500"`, "the cable is not out")
	assert.NotContains(t, b.weir("", "export", "b"), `"a500"`, "the cable is not out")

	cable.set(t, "up")
	start := time.Now()
	text := nsEqual(t, a, b, 1+2000)
	t.Logf("equal %v after the cable was plugged in", time.Since(start).Round(time.Millisecond))
	assert.Contains(t, text, `{"key":"both","value":"from b"}`, "the later write")
	assert.NotContains(t, text, `"first"`)
	listening.end(t)
	joined.end(t)
}

func nsLines(prefix string, from, to int) string {
	var s strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&s, "{\"key\":\"%s%d\",\"value\":%d}\n", prefix, i, i)
	}
	return s.String()
}

// nsEqual waits until both hosts export the same number of keys, and the same.
func nsEqual(t *testing.T, a, b *nsHost, keys int) string {
	t.Helper()
	late := time.After(30 * time.Second)
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		inA, inB := a.weir("", "export", "a"), b.weir("", "export", "b")
		if inA == inB && strings.Count(inA, "\n") == keys {
			return inA
		}
		select {
		case <-again.C:
		case <-late:
			require.Fail(t, "not equal after 30 s", "a has %d keys and b %d, of %d",
				strings.Count(inA, "\n"), strings.Count(inB, "\n"), keys)
		}
	}
}

// An nsCable connects two network namespaces.
type nsCable struct {
	a, b     string // names of the namespaces
	addressA string
	end      string // the device in a
}

var nsPlugged atomic.Int32 // how many cables there were

// nsPlug makes two namespaces and a cable between them, which go with the test.
func nsPlug(t *testing.T) nsCable {
	t.Helper()
	id := fmt.Sprintf("%d-%d", os.Getpid(), nsPlugged.Add(1))
	c := nsCable{a: "weir-" + id + "-a", b: "weir-" + id + "-b", addressA: "10.77.0.1", end: "wa" + id}
	far := "wb" + id
	cannot := func(why string) {
		t.Helper()
		if os.Getenv("WEIR_REQUIRE_NETNS") == "1" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		cannot("network namespaces need Linux and root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		cannot("network namespaces need ip, of iproute2")
	}
	for _, ns := range []string{c.a, c.b} {
		if out, err := nsIP("netns", "add", ns); err != nil {
			cannot("cannot make a network namespace here: " + out)
		}
		t.Cleanup(func() { _, _ = nsIP("netns", "del", ns) })
	}
	for _, args := range [][]string{
		// Made inside a namespace, it goes with it, whatever happens.
		{"-n", c.a, "link", "add", c.end, "type", "veth", "peer", "name", far, "netns", c.b},
		{"-n", c.a, "address", "add", c.addressA + "/24", "dev", c.end},
		{"-n", c.b, "address", "add", "10.77.0.2/24", "dev", far},
		{"-n", c.b, "link", "set", far, "up"},
		{"-n", c.a, "link", "set", c.end, "up"},
	} {
		if out, err := nsIP(args...); err != nil {
			cannot("cannot join network namespaces here: " + out)
		}
	}
	return c
}

func nsIP(args ...string) (string, error) {
	out, err := exec.Command("ip", args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// set plugs the cable in (up) or out (down).
func (c nsCable) set(t *testing.T, state string) {
	t.Helper()
	out, err := nsIP("-n", c.a, "link", "set", c.end, state)
	require.NoError(t, err, out)
}

// hosts are the two ends of the cable.
func (c nsCable) hosts(t *testing.T, dir string) (a, b *nsHost) {
	return &nsHost{t: t, ns: c.a, dir: dir}, &nsHost{t: t, ns: c.b, dir: dir}
}

// An nsHost runs programs in a namespace, as a user of its own; all share a
// folder.
type nsHost struct {
	t   *testing.T
	ns  string
	dir string
}

// id is the peer id of the host.
func (h *nsHost) id() string { return strings.TrimSpace(h.weir("", "id")) }

func (h *nsHost) command(args ...string) *exec.Cmd { return h.program("weir", args...) }

func (h *nsHost) program(name string, args ...string) *exec.Cmd {
	cmd := exec.Command("ip", append([]string{"netns", "exec", h.ns, name}, args...)...)
	cmd.Dir = h.dir
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+h.dir,
		identityVar+"="+filepath.Join(h.dir, h.ns+".identity"))
	return cmd
}

// weir runs a command and returns what it prints.
func (h *nsHost) weir(stdin string, args ...string) string {
	h.t.Helper()
	cmd := h.command(args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(h.t, err, "weir %q: %s", args, stderr.String())
	return string(out)
}

// An nsPeer is a weir peer that runs.
type nsPeer struct {
	cmd   *exec.Cmd
	lines chan string // of stderr; closed at its end
}

func (h *nsHost) peer(args ...string) *nsPeer {
	h.t.Helper()
	p := &nsPeer{cmd: h.command(append([]string{"peer"}, args...)...), lines: make(chan string, 100)}
	stderr, err := p.cmd.StderrPipe()
	require.NoError(h.t, err)
	require.NoError(h.t, p.cmd.Start())
	h.t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	go func() {
		defer close(p.lines)
		for text := bufio.NewScanner(stderr); text.Scan(); {
			select {
			case p.lines <- text.Text():
			default: // nobody waits for so many
			}
		}
	}()
	return p
}

// await returns the first group of the first line that matches.
func (p *nsPeer) await(t *testing.T, pattern string) string {
	t.Helper()
	re, late := regexp.MustCompile(pattern), time.After(10*time.Second)
	for {
		select {
		case text, ok := <-p.lines:
			require.True(t, ok, "%q ended", p.cmd.Args)
			if m := re.FindStringSubmatch(text); m != nil {
				return m[1]
			}
		case <-late:
			require.Fail(t, "no such line: "+pattern)
		}
	}
}

// end sends SIGTERM, which is to be obeyed within 2 s.
func (p *nsPeer) end(t *testing.T) {
	t.Helper()
	start := time.Now()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	late := time.AfterFunc(10*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	for text := range p.lines {
		t.Logf("%s: %s", p.cmd.Args[3], text)
	}
	require.NoError(t, p.cmd.Wait(), "%q", p.cmd.Args)
	assert.Less(t, time.Since(start), 2*time.Second, "from SIGTERM to exit")
}
