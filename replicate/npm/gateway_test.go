package npm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/npm"
)

// background runs sessions until the test ends.
type background struct {
	t    *testing.T
	ctx  context.Context
	ends []func()
}

func newBackground(t *testing.T) *background {
	ctx, cancel := context.WithCancel(t.Context())
	b := &background{t: t, ctx: ctx}
	t.Cleanup(func() {
		cancel()
		for _, end := range b.ends {
			end()
		}
	})
	return b
}

func (b *background) run(f func(context.Context) error) {
	done := make(chan struct{})
	go func() {
		_ = f(b.ctx)
		close(done)
	}()
	b.ends = append(b.ends, func() { <-done })
}

// lines connects a scuttlebutt here with a node.
func (b *background) lines(s *npm.Scuttlebutt, n *node) {
	d, err := netconn.Dial(b.t.Context(), "tcp", n.address())
	require.NoError(b.t, err)
	b.run(func(ctx context.Context) error { return s.NewSession(npm.SyncConfig{}).Run(ctx, d) })
}

// native connects two replicas here.
func (b *background) native(r, s *replicate.Replica) {
	da, db := duplex.Pair[[]byte, []byte]()
	b.run(func(ctx context.Context) error { return replicate.NewSession(r, replicate.SyncConfig{}).Run(ctx, da) })
	b.run(func(ctx context.Context) error { return replicate.NewSession(s, replicate.SyncConfig{}).Run(ctx, db) })
}

// shows waits until a node shows that.
func (b *background) shows(n *node, want string) {
	b.t.Helper()
	require.Eventually(b.t, func() bool { return jsonEqual(want, string(n.state().JSON)) },
		30*time.Second, 5*time.Millisecond, "%s does not show %s", n.name, want)
}

func (b *background) showsHere(s *npm.Scuttlebutt, want string) {
	b.t.Helper()
	require.Eventually(b.t, func() bool { return jsonEqual(want, string(s.JSON())) },
		30*time.Second, 5*time.Millisecond, "want %s", want)
}

func jsonEqual(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return string(p) == string(q)
}

// Two nodes that only replicas of weir connect, which speak weir's own protocol
// with each other, see what the other writes, while all is connected.
func TestNodeGateway(t *testing.T) {
	p := startNode(t)
	b := newBackground(t)
	left, right := p.make("left", "model", "L"), p.make("right", "model", "R")
	g, h := openKind(t, newReplica(), "model", "G"), openKind(t, newReplica(), "model", "")
	left.do("set", []any{"l", 0})
	right.do("set", []any{"r", 0})
	b.lines(g, left)
	b.native(g.Replica(), h.Replica())
	b.lines(h, right)
	b.shows(right, `{"l":0,"r":0}`)
	b.shows(left, `{"l":0,"r":0}`)
	left.do("set", []any{"l", "☃"})
	right.do("set", []any{"r", []int{1}})
	b.shows(right, `{"l":"☃","r":[1]}`)
	b.shows(left, `{"l":"☃","r":[1]}`)
	writeChange(t, g, `["g",1]`)
	writeChange(t, h, `["h",1]`) // by an author that nobody gave an id
	all := `{"l":"☃","r":[1],"g":1,"h":1}`
	b.shows(right, all)
	b.shows(left, all)
	b.showsHere(g, all)
	b.showsHere(h, all)
	require.Equal(t, left.state().Sources, right.state().Sources)
	require.Equal(t, left.state().Sources, h.Clock())
	require.Equal(t, left.state().History, right.state().History)
}

// Two nodes and two replicas of weir in a ring, which is cut and closed again.
func TestNodeRing(t *testing.T) {
	p := startNode(t)
	left, right := p.make("left", "doc", "L"), p.make("right", "doc", "R")
	g, h := openKind(t, newReplica(), "doc", "G"), openKind(t, newReplica(), "doc", "H")
	b := newBackground(t)
	b.lines(g, left)
	b.native(g.Replica(), h.Replica())
	b.lines(h, right)
	left.do("connect", right.port)
	left.do("row", []any{"r", map[string]any{"a": 1, "b": 1}})
	right.do("row", []any{"s", map[string]any{"a": 1}})
	b.showsHere(g, `{"r":{"id":"r","a":1,"b":1},"s":{"id":"s","a":1}}`)
	writeChange(t, g, `["r",{"a":2}]`)
	want := `{"r":{"id":"r","a":2,"b":1},"s":{"id":"s","a":1}}`
	b.showsHere(h, want)
	b.shows(left, want)
	b.shows(right, want)
	left.do("cut", 1)
	left.state()
	left.do("row", []any{"r", map[string]any{"b": 2}})
	b.lines(g, left)
	want = `{"r":{"id":"r","a":2,"b":2},"s":{"id":"s","a":1}}`
	b.shows(right, want)
	b.shows(left, want)
	b.showsHere(h, want)
}

// A removal reaches a node that is connected, and one that was away, which no
// original would tell it; what was written before it does not come back.
func TestNodeRemoval(t *testing.T) {
	p := startNode(t)
	n, away := p.make("n", "doc", "N"), p.make("away", "doc", "W")
	s := openKind(t, newReplica(), "doc", "G")
	d, err := npm.NewDoc(s)
	require.NoError(t, err)
	b := newBackground(t)
	b.lines(s, n)
	n.do("row", []any{"r", map[string]any{"a": 1}})
	n.do("row", []any{"keep", map[string]any{"a": 1}})
	b.showsHere(s, `{"r":{"id":"r","a":1},"keep":{"id":"keep","a":1}}`)
	w := &world{t: t, kind: "doc"}
	w.once(s, away)
	b.shows(away, `{"r":{"id":"r","a":1},"keep":{"id":"keep","a":1}}`)
	_, err = d.Remove("r")
	require.NoError(t, err)
	b.shows(n, `{"keep":{"id":"keep","a":1}}`)
	w.once(s, away)
	b.shows(away, `{"keep":{"id":"keep","a":1}}`)

	n.do("rm", "keep") // and the other way round
	b.showsHere(s, `{}`)
	w.once(s, away)
	b.shows(away, `{}`)
}

// What an original has signed is verified by others that get it through here, where
// it may have come in another form.
func TestNodeSigned(t *testing.T) {
	p := startNode(t)
	keys := nodeKeys(t)
	from, to := p.make("from", "model", "test1", keys), p.make("to", "model", "test2", keys)
	from.do("set", []any{"k", map[string]any{"b": "é☃", "2": 1e21, "1": -0.5}})
	s, u := openKind(t, newReplica(), "model", ""), openKind(t, newReplica(), "model", "")
	b := newBackground(t)
	b.lines(s, from)
	b.native(s.Replica(), u.Replica())
	b.lines(u, to)
	b.shows(to, `{"k":{"b":"é☃","2":1e21,"1":-0.5}}`)
	from.do("set", []any{"k", "live"})
	b.shows(to, `{"k":"live"}`)
	require.Contains(t, to.state().Sources, "lk5RPxZJ4InN3AxwVYiqIOHHpQs=")
	writeChange(t, u, `["k","not signed"]`)
	require.Contains(t, string(to.event("unverified_data")), "not signed")
	require.JSONEq(t, `{"k":"live"}`, string(to.state().JSON))
}

// A node's text reaches one here, and the other way round, in pieces of a byte.
func TestNodeOneByteAtATime(t *testing.T) {
	n := startNode(t).make("n", "model", "é☃")
	s := openKind(t, newReplica(), "model", "😀")
	n.do("set", []any{"é☃😀", "\u2028é"})
	writeChange(t, s, `["ü","☃\ud800"]`)
	d, err := netconn.Dial(t.Context(), "tcp", n.address())
	require.NoError(t, err)
	sliced := duplex.Map(d, slice, slice)
	require.NoError(t, s.NewSession(npm.SyncConfig{Once: true}).Run(t.Context(), sliced))
	require.JSONEq(t, string(n.state().JSON), string(s.JSON()))
	require.Contains(t, string(n.state().JSON), "é☃😀")
	require.Equal(t, n.state().Sources, s.Clock())
}

// A replica in a file shows others what is in the file, and goes on as who it was.
func TestNodeJournal(t *testing.T) {
	n := startNode(t).make("n", "model", "N")
	path := filepath.Join(t.TempDir(), "r.weir")
	cfg := journal.Config{Replica: replicate.Config{Types: npm.Types()}}
	require.NoError(t, journal.Create(path, journal.Meta{}, cfg))
	var id string
	for i := range 3 {
		j, err := journal.Open(t.Context(), path, cfg)
		require.NoError(t, err)
		s := openKind(t, j.Replica(), "model", "")
		if i == 0 {
			id = s.ID()
		}
		require.Equal(t, id, s.ID())
		writeChange(t, s, fmt.Sprintf(`["here",%d]`, i))
		n.do("set", []any{"there", i})
		n.state()
		d, err := netconn.Dial(t.Context(), "tcp", n.address())
		require.NoError(t, err)
		require.NoError(t, s.NewSession(npm.SyncConfig{Once: true}).Run(t.Context(), d))
		require.JSONEq(t, string(n.state().JSON), string(s.JSON()))
		require.Equal(t, n.state().Sources, s.Clock())
		require.NoError(t, j.Close())
	}
	require.Len(t, n.state().Sources, 2)
	require.False(t, strings.HasPrefix(id, "N"))
}

// slice cuts chunks into single bytes.
func slice(src pull.Source[[]byte]) pull.Source[[]byte] {
	var rest []byte
	return pull.From(func(ctx context.Context) (chunk []byte, err error) {
		for len(rest) == 0 {
			if rest, err = src(ctx); err != nil {
				return nil, err
			}
		}
		chunk, rest = rest[:1:1], rest[1:]
		return chunk, nil
	}, func(cause error) error { return pull.Abort(src, cause) })
}

// nodeKeys is the directory of the keys that scuttlebutt's own tests use.
func nodeKeys(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("node", "-p", "require('path').dirname(require.resolve('scuttlebutt')) + '/test/keys'").Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

// What either has dumped the other loads, of each type.
// row: 16 persist
func TestNodeDumps(t *testing.T) {
	p := startNode(t)
	for _, kind := range []string{"model", "value", "events", "doc", "bucket"} {
		w := &world{t: t, rng: rand.New(rand.NewPCG(7, 7)), kind: kind}
		w.nodes = []*node{p.make("from "+kind, kind, "N☃")}
		w.gos = []*npm.Scuttlebutt{openKind(t, newReplica(), kind, "G")}
		for range 40 {
			w.edit()
		}
		dir := t.TempDir()
		theirs, ours := filepath.Join(dir, "theirs"), filepath.Join(dir, "ours")
		w.nodes[0].do("dump", theirs)
		w.nodes[0].await("dumped")
		text, err := os.ReadFile(theirs)
		require.NoError(t, err)
		_, err = w.gos[0].Load(t.Context(), pull.Once(text))
		require.NoError(t, err)
		chunks, err := pull.Collect(t.Context(), w.gos[0].Dump())
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(ours, bytes.Join(chunks, nil), 0o600))
		n := p.make("to "+kind, kind, "M")
		n.do("load", ours)
		n.await("loaded")
		w.nodes[0].do("load", ours)
		w.nodes[0].await("loaded")
		for _, n := range []*node{n, w.nodes[0]} {
			var got, want []string
			for _, line := range n.state().History {
				got = append(got, escaped(string(line)))
			}
			for _, line := range history(t, w.gos[0]) {
				want = append(want, string(line))
			}
			require.Equal(t, want, got, "%s %s", kind, n.name)
		}
	}
}
