package npm_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/npm"
)

// A nodeProcess has replicas of npm's.
type nodeProcess struct {
	t  *testing.T
	in io.Writer

	mu    sync.Mutex
	said  []map[string]json.RawMessage
	more  chan struct{}
	ended bool
}

// A node is one of its replicas.
type node struct {
	*nodeProcess
	name string
	port int
}

// needNode skips the test where the packages are not found by NODE_PATH, unless
// WEIR_REQUIRE_NODE is set.
func needNode(t *testing.T) {
	t.Helper()
	need := t.Skipf
	if os.Getenv("WEIR_REQUIRE_NODE") != "" {
		need = t.Fatalf
	}
	script := "for (const p of ['scuttlebutt','between','r-value','scuttlebucket','crdt']) require(p)"
	if out, err := exec.Command("node", "-e", script).CombinedOutput(); err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		need("node with npm's scuttlebutt in NODE_PATH is needed (%v) %s; TestTranscripts replays it", err, line)
	}
}

// startNode starts testdata/peer.js.
func startNode(t *testing.T) *nodeProcess {
	t.Helper()
	return startScript(t, "testdata/peer.js")
}

// startScript starts one of testdata, which speaks as peer.js does.
func startScript(t *testing.T, args ...string) *nodeProcess {
	t.Helper()
	needNode(t)
	c := exec.Command("node", args...)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	require.NoError(t, err)
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	n := &nodeProcess{t: t, in: in, more: make(chan struct{}, 1)}
	done := make(chan struct{})
	go n.read(out, done)
	t.Cleanup(func() {
		_ = in.Close()
		<-done
		_ = c.Wait()
	})
	return n
}

// make makes a replica.
func (n *nodeProcess) make(name string, args ...string) *node {
	n.t.Helper()
	n.send(map[string]any{"make": append([]string{name}, args...)})
	r := &node{nodeProcess: n, name: name}
	require.NoError(n.t, json.Unmarshal(r.await("port"), &r.port))
	return r
}

func (n *nodeProcess) read(out io.Reader, done chan struct{}) {
	defer close(done)
	s := bufio.NewScanner(out)
	s.Buffer(nil, 64<<20)
	for s.Scan() {
		var o map[string]json.RawMessage
		if json.Unmarshal(s.Bytes(), &o) == nil {
			n.mu.Lock()
			n.said = append(n.said, o)
			n.mu.Unlock()
			select {
			case n.more <- struct{}{}:
			default:
			}
		}
	}
	n.mu.Lock()
	n.ended = true
	n.mu.Unlock()
	close(n.more)
}

// awaitThat returns the key of the next answer that is wanted.
func (n *node) awaitThat(key string, want func(map[string]json.RawMessage) bool) json.RawMessage {
	n.t.Helper()
	late := time.After(60 * time.Second)
	for {
		n.mu.Lock()
		for i, o := range n.said {
			if string(o["of"]) == strconv.Quote(n.name) && want(o) {
				n.said = append(n.said[:i:i], n.said[i+1:]...)
				n.mu.Unlock()
				return o[key]
			}
		}
		ended := n.ended
		n.mu.Unlock()
		require.False(n.t, ended, "node ended")
		select {
		case <-n.more:
		case <-late:
			require.FailNow(n.t, "node does not say "+key)
		}
	}
}

// await returns the next answer that has the key.
func (n *node) await(key string) json.RawMessage {
	n.t.Helper()
	return n.awaitThat(key, func(o map[string]json.RawMessage) bool { return o[key] != nil })
}

// event waits for an event and returns its data.
func (n *node) event(name string) json.RawMessage {
	n.t.Helper()
	return n.awaitThat("data", func(o map[string]json.RawMessage) bool {
		return string(o["event"]) == strconv.Quote(name)
	})
}

// drop forgets what was said before.
func (n *nodeProcess) drop() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.said = nil
}

func (n *nodeProcess) send(o any) {
	n.t.Helper()
	b, err := json.Marshal(o)
	require.NoError(n.t, err)
	_, err = n.in.Write(append(b, '\n'))
	require.NoError(n.t, err)
}

// do has the replica do something.
func (n *node) do(command string, arg any) {
	n.t.Helper()
	n.send(map[string]any{"of": n.name, command: arg})
}

// A nodeState is what a node has.
type nodeState struct {
	ID      string
	Sources map[string]float64
	JSON    json.RawMessage
	History []json.RawMessage
	Seq     []string
}

func (n *node) state() (s nodeState) {
	n.t.Helper()
	n.do("state", 1)
	require.NoError(n.t, json.Unmarshal(n.await("state"), &s))
	return s
}

func (n *node) address() string { return "127.0.0.1:" + strconv.Itoa(n.port) }

func (n *node) dial() duplex.Duplex[[]byte, []byte] {
	n.t.Helper()
	d, err := netconn.Dial(n.t.Context(), "tcp", n.address())
	require.NoError(n.t, err)
	return d
}

// open opens a replica with one scuttlebutt.
func open(t testing.TB, typ replicate.Type, id string) *npm.Scuttlebutt {
	t.Helper()
	r := replicate.New(replicate.Config{Types: npm.Types()})
	s, err := npm.Open(r, typ, "", npm.Config{ID: id})
	require.NoError(t, err)
	return s
}

// row: 8 header, 14 meta, 15 model, 19 sync
func TestNodeModel(t *testing.T) {
	n := startNode(t).make("n", "model", "B")
	n.do("set", []any{"x", "from B"})
	n.do("set", []any{"y", map[string]any{"deep": []any{1, nil, true, "é☃😀"}}})
	s := open(t, npm.ModelType, "A")
	m, err := npm.NewModel[any](s)
	require.NoError(t, err)
	require.NoError(t, m.Set("z", "ü"))

	session := s.NewSession(npm.SyncConfig{Meta: map[string]string{"role": "go"}})
	ended := make(chan error, 1)
	go func() { ended <- session.Run(t.Context(), n.dial()) }()
	assert.JSONEq(t, `{"id":"A","meta":{"role":"go"}}`, string(n.event("header")))
	n.event("sync")
	require.Eventually(t, func() bool { return session.Stats().CaughtUp }, 10*time.Second, time.Millisecond)
	all, err := m.All()
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"x": "from B", "z": "ü",
		"y": map[string]any{"deep": []any{1., nil, true, "é☃😀"}}}, all)

	n.do("set", []any{"live", "B"})
	require.NoError(t, m.Set("x", "A"))
	require.Eventually(t, func() bool { v, _ := m.Get("live"); return v == "B" }, 10*time.Second, time.Millisecond)
	require.Eventually(t, func() bool {
		return strings.Contains(string(n.state().JSON), `"x":"A"`)
	}, 10*time.Second, 10*time.Millisecond)
	assert.Equal(t, n.state().Sources, s.Clock())
	n.do("cut", 1)
	require.NoError(t, <-ended)
	assert.EqualValues(t, "B", session.Stats().Peer.ID)
}
