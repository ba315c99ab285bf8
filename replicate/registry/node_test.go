package registry_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/registry"
)

// none are no options.
var none = map[string]any{}

// The rows of seaport's own tests, with its clients on our hub. Each is named
// after the file of the test.

// row: 1 alloc
func TestNodeAlloc(t *testing.T) {
	s, h := startSeaport(t), startHub(t, quick)
	s.do(nil, "connect", "a", h.port, none)
	var port int
	s.do(&port, "register", "a", "http", none)
	assert.GreaterOrEqual(t, port, 10_000)
	found := h.waits(t, "http", 1)
	assert.Equal(t, "127.0.0.1", found[0].Host)
	assert.Equal(t, port, found[0].Port)
	mine := s.query("a", "http")
	require.Len(t, mine, 1)
	assert.Equal(t, "127.0.0.1", mine[0]["host"])
	assert.EqualValues(t, port, mine[0]["port"])
	s.do(nil, "close", "a")
	h.waits(t, "http", 0)
	s.do(nil, "connect", "b", h.port, none)
	s.do(nil, "register", "b", "http", map[string]any{"port": port})
	assert.Equal(t, port, h.waits(t, "http", 1)[0].Port)
}

// row: 2 free, 3 free_port, 4 free_server
func TestNodeFree(t *testing.T) {
	for name, free := range map[string]func(s *seaport, h *hub, m map[string]any){
		"object": func(s *seaport, h *hub, m map[string]any) { s.do(nil, "free", "a", m) },
		"port":   func(s *seaport, h *hub, m map[string]any) { s.do(nil, "free", "a", m["port"]) },
		"server": func(s *seaport, h *hub, m map[string]any) { require.NoError(t, h.Free(m["id"].(string))) },
	} {
		t.Run(name, func(t *testing.T) {
			s, h := startSeaport(t), startHub(t, quick)
			s.do(nil, "connect", "a", h.port, none)
			s.do(nil, "connect", "b", h.port, none)
			s.do(nil, "register", "a", "http", none)
			meta := s.event("b", "register")
			free(s, h, meta)
			freed := s.event("b", "free")
			assert.Equal(t, meta, freed)
			if name == "server" {
				assert.Equal(t, meta, s.event("a", "free"))
			}
			h.waits(t, "", 0)
			assert.Empty(t, s.query("a", ""))
			assert.Empty(t, s.query("b", ""))
		})
	}
}

// row: 6 meta
func TestNodeMeta(t *testing.T) {
	s, h := startSeaport(t), startHub(t, quick)
	s.do(nil, "connect", "a", h.port, none)
	var port int
	s.do(&port, "register", "a", "http", map[string]any{"beep": "boop", "host": "127.1.2.3"})
	found := h.waits(t, "http", 1)
	assert.Equal(t, "127.1.2.3", found[0].Host)
	assert.Equal(t, map[string]any{"beep": "boop"}, found[0].Meta)
	assert.Equal(t, "127.1.2.3", s.query("a", "http")[0]["host"])
	s.do(nil, "close", "a")
	h.waits(t, "", 0)
	s.do(nil, "connect", "b", h.port, none)
	s.do(nil, "register", "b", "http", map[string]any{"port": port, "foo": "bar"})
	found = h.waits(t, "http", 1)
	assert.Equal(t, "127.0.0.1", found[0].Host)
	assert.Equal(t, port, found[0].Port)
	assert.Equal(t, map[string]any{"foo": "bar"}, found[0].Meta)
}

// row: 7 meta_service, 9 service
func TestNodeLateGet(t *testing.T) {
	s, h := startSeaport(t), startHub(t, quick)
	s.do(nil, "connect", "a", h.port, none)
	s.do(nil, "connect", "b", h.port, none)
	s.send("get", "a", "woo")
	s.do(nil, "register", "b", "woo", map[string]any{"beep": "boop ☔"})
	var found metas
	s.value(&found)
	require.Len(t, found, 1)
	assert.Equal(t, "127.0.0.1", found[0]["host"])
	assert.Equal(t, "boop ☔", found[0]["beep"])
	got, err := h.Get(t.Context(), "woo")
	require.NoError(t, err)
	assert.Equal(t, found[0]["beep"], got[0].Meta["beep"])
}

// row: 8 meta_update
func TestNodeMetaUpdate(t *testing.T) {
	s, h := startSeaport(t), startHub(t, quick)
	s.do(nil, "connect", "a", h.port, none)
	s.do(nil, "connect", "b", h.port, none)
	s.do(nil, "register", "b", "woo", map[string]any{"beep": "boop"})
	meta := s.event("a", "register")
	meta["beep"] = "BOOP"
	s.do(nil, "set", "a", meta["id"], meta)
	assert.Equal(t, "BOOP", s.event("b", "register")["beep"])
	found := s.query("b", "woo")
	require.Len(t, found, 1)
	assert.Equal(t, "BOOP", found[0]["beep"])
	assert.Equal(t, "BOOP", h.waits(t, "woo", 1)[0].Meta["beep"])

	// Ours changes it too, for both.
	svc := h.waits(t, "woo", 1)[0]
	svc.Meta["beep"] = "ours"
	require.NoError(t, h.Update(svc))
	assert.Equal(t, "ours", s.event("a", "register")["beep"])
	assert.Equal(t, "ours", s.event("b", "register")["beep"])
	s.do(nil, "close", "b")
	s.event("a", "free")
	h.waits(t, "", 0)
}

// row: 12 versions
func TestNodeVersions(t *testing.T) {
	s, h := startSeaport(t), startHub(t, quick)
	for _, name := range []string{"a", "b", "c"} {
		s.do(nil, "connect", name, h.port, none)
	}
	s.do(nil, "register", "b", "beep@1.2.3", none)
	s.do(nil, "register", "b", "beep@1.3.5", none)
	s.do(nil, "register", "c", "beep@0.9.2", none)
	for range 3 {
		s.event("a", "register")
	}
	for query, want := range map[string]int{"beep": 3, "beep@1.2.x": 1, "beep@>1.2.0": 2, "beep@~1.2": 1, "beep@": 3} {
		found, err := h.Query(query)
		require.NoError(t, err)
		assert.Len(t, found, want, query)
		assert.Len(t, s.query("a", query), want, query)
	}
}

// Two of our hubs share a directory: a client of one sees what is at the other,
// and when its hub dies goes there, under its ids, and nobody sees it go.
// row: 10 multi
func TestNodeMulti(t *testing.T) {
	config := registry.Config{Heartbeat: 2 * time.Second}
	s, h0, h1 := startSeaport(t), startHub(t, config), startHub(t, config)
	cut := h0.sync(h1.node)
	for _, h := range []*hub{h0, h1} {
		_, err := h.Register(registry.Service{Role: registry.RoleHub, Version: "2.0.9", Host: "127.0.0.1", Port: h.port})
		require.NoError(t, err)
	}
	h0.waits(t, "seaport", 2)
	s.do(nil, "connect", "a", h0.port, map[string]any{"heartbeat": 1800})
	s.do(nil, "connect", "b", h1.port, map[string]any{"heartbeat": 1800})
	s.do(nil, "register", "a", "woo", none)
	s.do(nil, "register", "b", "boo", none)
	for range 3 {
		s.event("a", "register") // two hubs and boo
		s.event("b", "register")
	}
	cut()
	h0.kill()
	s.event("a", "disconnect")
	s.do(nil, "register", "a", "moo", none)
	assert.Equal(t, "moo", s.event("b", "register")["role"])
	assert.Equal(t, "seaport", s.event("b", "free")["role"], "the lease of the hub that died")
	h1.waits(t, "seaport", 1)
	h1.waits(t, "woo", 1)
	require.Empty(t, s.left("b"))
}

// A client that is killed is freed at all hubs at once, and no later than after
// three heartbeats; it has never sent one.
// row: 5 free_cases
func TestNodeKilled(t *testing.T) {
	cfg := registry.Config{Heartbeat: 500 * time.Millisecond, Linger: -1}
	s, h0, h1 := startSeaport(t), startHub(t, cfg), startHub(t, cfg)
	defer h0.sync(h1.node)()
	watching := startSeaport(t)
	watching.do(nil, "connect", "b", h1.port, map[string]any{"heartbeat": 100})
	s.do(nil, "connect", "a", h0.port, none)
	s.do(nil, "register", "a", "web@0.0.1", none)
	assert.Equal(t, "web", watching.event("b", "register")["role"])
	h1.waits(t, "web", 1)
	killed := time.Now()
	require.NoError(t, s.cmd.Process.Kill())
	assert.Equal(t, "web", watching.event("b", "free")["role"])
	t.Logf("freed everywhere after %v, of %v", time.Since(killed), 3*cfg.Heartbeat)
	h0.waits(t, "", 0)
	h1.waits(t, "", 0)
}

// A hub is started again on its replica: its clients connect again, and each says
// all that it knew. What each has itself is known again, so that the one that is
// killed then is freed.
func TestNodeHubRestarts(t *testing.T) {
	cfg := registry.Config{Heartbeat: time.Second}
	a, b, h := startSeaport(t), startSeaport(t), startHub(t, cfg)
	a.do(nil, "connect", "a", h.port, map[string]any{"heartbeat": 900})
	b.do(nil, "connect", "b", h.port, map[string]any{"heartbeat": 900})
	a.do(nil, "register", "a", "one", none)
	b.do(nil, "register", "b", "two", none)
	a.event("a", "register")
	b.event("b", "register")
	h.waits(t, "", 2)
	h.kill()
	require.NoError(t, h.Close())
	a.event("a", "disconnect")
	b.event("b", "disconnect")

	g, err := registry.Open(h.r, "", cfg)
	require.NoError(t, err)
	defer g.Close()
	again := node{g, h.r}
	require.Len(t, again.waits(t, "", 2), 2, "they are there while their lease lasts")
	second := again.listen(t, h.port)
	a.do(nil, "register", "a", "three", none) // which says that it is back
	b.do(nil, "register", "b", "four", none)
	second.waits(t, "", 4)
	require.NoError(t, b.cmd.Process.Kill())
	freed := []any{a.event("a", "free")["role"], a.event("a", "free")["role"]}
	assert.ElementsMatch(t, []any{"two", "four"}, freed)
	second.waits(t, "one", 1)
	second.waits(t, "three", 1)
}

// ours is a client of this package, of a hub of npm's.
func ours(t *testing.T, s *seaport, host string) (n node, port int) {
	t.Helper()
	s.do(&port, "hub", "hub", host, none)
	n = newNode(t, replicate.Config{}, quick)
	n.connectTo(t, fmt.Sprintf("127.0.0.1:%d", port))
	return n, port
}

// The same rows with our clients on npm's hub, beside one of npm's.
// row: 1 alloc, 2 free, 4 free_server, 6 meta, 7 meta_service, 8 meta_update, 9 service
func TestNodeOursOnTheirs(t *testing.T) {
	s := startSeaport(t)
	n, port := ours(t, s, "127.0.0.1")
	s.do(nil, "connect", "b", port, none)
	reg, err := n.Register(registry.Service{Role: "web", Version: "1.2.3", Meta: map[string]any{"beep": "boop ☔"}})
	require.NoError(t, err)
	for _, name := range []string{"hub", "b"} {
		meta := s.event(name, "register")
		assert.Equal(t, "boop ☔", meta["beep"])
		assert.Equal(t, "127.0.0.1", meta["host"])
		assert.GreaterOrEqual(t, meta["port"], 10_000.0)
	}
	assert.Len(t, s.query("hub", "web@1.2.x"), 1)
	assert.Empty(t, s.query("hub", "web@~1.3"))

	// Changed here, then there.
	svc := reg.Service()
	assert.Equal(t, "127.0.0.1", svc.Host)
	svc.Meta["beep"] = "ours"
	require.NoError(t, reg.Update(svc))
	meta := s.event("b", "register")
	assert.Equal(t, "ours", meta["beep"])
	meta["beep"] = "theirs"
	s.do(nil, "set", "b", meta["id"], meta)
	require.Eventually(t, func() bool { return reg.Service().Meta["beep"] == "theirs" }, patience, time.Millisecond)

	// A late get, and frees from either side.
	s.do(nil, "register", "b", "db@0.1.0", none)
	found := n.waits(t, "db@0.x", 1)
	s.do(nil, "free", "b", found[0].ID)
	n.waits(t, "db", 0)
	assert.Equal(t, "db", s.event("b", "free")["role"])
	s.do(nil, "free", "hub", meta["id"])
	<-reg.Done()
	n.waits(t, "", 0)
	again, err := n.Register(registry.Service{ID: "X", Role: "web"})
	require.NoError(t, err)
	assert.Equal(t, "X", s.event("b", "register")["id"])
	require.NoError(t, again.Free())
	assert.Equal(t, "web", s.event("b", "free")["role"], "the one that the hub freed")
	assert.Equal(t, "X", s.event("b", "free")["id"])
	s.do(nil, "close", "hub")
}

// Npm's hub that listens for both versions of IP sees us at an address that is
// none in the other one. We do not say it.
func TestNodeMappedAddress(t *testing.T) {
	s := startSeaport(t)
	n, _ := ours(t, s, "")
	_, err := n.Register(registry.Service{Role: "web"})
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1", s.event("hub", "register")["host"])
}

// When npm's hub goes, what it told us goes, and ours are told to the next one,
// under their ids.
func TestNodeHubGoes(t *testing.T) {
	s, other := startSeaport(t), startSeaport(t)
	var first, second int
	s.do(&first, "hub", "one", "127.0.0.1", none)
	other.do(&second, "hub", "two", "127.0.0.1", none)
	n := newNode(t, replicate.Config{}, quick)
	n.connectTo(t, fmt.Sprintf("127.0.0.1:%d", first), fmt.Sprintf("127.0.0.1:%d", second))
	_, err := n.Register(registry.Service{ID: "X", Role: "web"})
	require.NoError(t, err)
	s.do(nil, "register", "one", "db", map[string]any{"host": "h"})
	n.waits(t, "db", 1)
	assert.Equal(t, "X", s.event("one", "register")["id"])
	require.NoError(t, s.cmd.Process.Kill())
	assert.Equal(t, "X", other.event("two", "register")["id"])
	n.waits(t, "db", 0)
	n.waits(t, "web", 1)
}

// count says how often each word is there.
func count(words []string) map[string]int {
	n := map[string]int{}
	for _, w := range words {
		n[w]++
	}
	return n
}

// Our hub and npm's are peers from both sides: each service comes and goes at
// both, and at ours and its client once. (npm's hub may see a service go twice: it
// says so to itself, by its second connection, before it forgets the service. And
// what it has freed while we tell it of it, by the other connection than the one
// it came by, it takes for new, until it hears that it is gone.)
// row: 11 peer
func TestNodePeers(t *testing.T) {
	s, c, h := startSeaport(t), startSeaport(t), startHub(t, registry.Config{})
	var port int
	s.do(&port, "hub", "hub", "127.0.0.1", none)
	_, err := h.Register(registry.Service{ID: "OURS", Role: registry.RoleHub, Version: "2.0.9", Host: "127.0.0.1",
		Port: h.port})
	require.NoError(t, err)
	h.connectTo(t, fmt.Sprintf("127.0.0.1:%d", port))
	s.do(nil, "peer", "hub", h.port)
	h.waits(t, "seaport", 2)
	s.event("hub", "register")
	s.event("hub", "register")
	c.do(nil, "connect", "theirs", port, none)
	c.do(nil, "connect", "ours", h.port, none)
	for range 2 {
		c.event("theirs", "register")
		c.event("ours", "register")
	}
	seen, got := h.watch(t, "web"), []string(nil)
	for from, to := range map[string]string{"theirs": "ours", "ours": "theirs"} {
		c.do(nil, "register", from, "web@0.0.0", map[string]any{"id": from})
		s.eventOf("hub", "register", from)
		c.eventOf(to, "register", from)
		h.waits(t, "web@0.x", 1)
		c.do(nil, "free", from, from)
		s.eventOf("hub", "free", from)
		for _, name := range []string{from, to} {
			c.eventOf(name, "free", from)
		}
		h.waits(t, "web", 0)
		want := []string{from + " 127.0.0.1", from + " freed"}
		require.Eventually(t, func() bool {
			got = append(got, seen.taken()...)
			return slices.Equal(want, got)
		}, patience, time.Millisecond, "%v, and not %v", &got, want)
		got = nil
	}
	require.Empty(t, c.left("ours"))
	for _, name := range []string{"hub", "theirs"} {
		require.Eventually(t, func() bool {
			left := count(append(s.left(name), c.left(name)...))
			return left["register"] <= left["free"]
		}, patience, time.Millisecond, "%s is told of nothing that stays", name)
	}
	h.waits(t, "seaport", 2)
	require.NoError(t, s.cmd.Process.Kill())
	h.waits(t, "seaport", 1)
	c.event("ours", "free")
}
