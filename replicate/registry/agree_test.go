package registry_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/registry"
)

// A world is hubs on replicas of one directory, and clients that come and go.
type world struct {
	t       *testing.T
	hubs    []*worldHub
	cuts    map[[2]int]func()
	clients []*worldClient
}

type worldHub struct {
	node
	dead bool // it is cut off, and does nothing that others see
}

// A worldClient is one of npm's: it says what it has to whatever hub it is
// connected to.
type worldClient struct {
	p    *peer
	hub  int
	id   string
	has  string // what it says it is, "" if it has nothing
	gone bool
}

func (w *world) addHub() {
	w.hubs = append(w.hubs, &worldHub{node: newNode(w.t, replicate.Config{}, registry.Config{})})
}

// connect keeps two hubs equal, or no longer.
func (w *world) connect(a, b int) {
	key := [2]int{min(a, b), max(a, b)}
	if cut := w.cuts[key]; cut != nil {
		cut()
		delete(w.cuts, key)
		return
	}
	if a != b && !w.hubs[a].dead && !w.hubs[b].dead {
		w.cuts[key] = w.hubs[a].sync(w.hubs[b].node)
	}
}

// kill cuts a hub off from all.
func (w *world) kill(i int) {
	w.hubs[i].dead = true
	for key, cut := range w.cuts {
		if key[0] == i || key[1] == i {
			cut()
			delete(w.cuts, key)
		}
	}
	for _, c := range w.clients {
		if c.p != nil && c.hub == i {
			c.p.vanish()
			c.p = nil
		}
	}
}

// join connects a client to a hub, where it says what it has.
func (w *world) join(c *worldClient, hub int) {
	if c.gone || w.hubs[hub].dead {
		return
	}
	if c.p != nil {
		c.p.vanish()
	}
	c.hub, c.p = hub, w.hubs[hub].connect(w.t, "1.1.1.1")
	if c.has != "" {
		c.p.say(w.t, web(c.id, c.has))
	}
	c.p.say(w.t, `["synced"]`)
}

// echo has clients say back what they are told to be freed, as npm's do.
func (w *world) echo() {
	for _, c := range w.clients {
		if c.p == nil {
			continue
		}
		for _, line := range c.p.heard() {
			if line == free(c.id) && c.has != "" {
				c.has = ""
			}
			if len(line) > 7 && line[:7] == `["free"` {
				c.p.say(w.t, line)
			}
		}
		c.p.say(w.t, `["heartbeat"]`)
	}
}

// A move is what a step does: what, and with which client, hub, other hub, host
// and half seconds.
type move struct{ what, client, hub, other, host, wait int }

func moves() *rapid.Generator[[]move] {
	part := func(n int) *rapid.Generator[int] { return rapid.IntRange(0, n-1) }
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) move {
		return move{part(12).Draw(t, "what"), part(4).Draw(t, "client"), part(8).Draw(t, "hub"),
			part(8).Draw(t, "other"), part(3).Draw(t, "host"), part(30).Draw(t, "wait")}
	}), 1, 60)
}

func (w *world) step(m move) {
	c, hub, other := w.clients[m.client], m.hub%len(w.hubs), m.other%len(w.hubs)
	switch {
	case m.what < 3:
		w.connect(hub, other)
	case m.what < 5:
		w.join(c, hub)
	case m.what < 7 && c.p != nil:
		c.has = fmt.Sprint("h", m.host)
		c.p.say(w.t, web(c.id, c.has))
	case m.what == 7 && c.p != nil && m.wait < 10: // it dies
		c.p.vanish()
		c.p, c.gone = nil, true
	case m.what == 8 && hub > 0 && !w.hubs[hub].dead && m.wait < 15:
		w.kill(hub)
		w.addHub()
	case m.what == 9 && c.p != nil && c.has != "":
		c.has = ""
		c.p.say(w.t, free(c.id))
	case m.what == 10 && !w.hubs[hub].dead && m.wait < 10:
		_ = w.hubs[hub].Free(c.id)
	default:
		time.Sleep(time.Duration(m.wait) * time.Second / 2)
	}
	w.echo()
}

// play plays moves, and returns what each hub shows in the end, and what it
// should.
func (w *world) play(all []move) (want []string, shown [][]string) {
	for range 3 {
		w.addHub()
	}
	for i := range 4 {
		w.clients = append(w.clients, &worldClient{id: fmt.Sprint("S", i), has: "h0"})
		w.join(w.clients[i], i%3)
	}
	for _, m := range all {
		w.step(m)
	}
	for i, h := range w.hubs {
		if i > 0 && !h.dead && w.cuts[[2]int{0, i}] == nil {
			w.connect(0, i)
		}
	}
	for range 5 {
		time.Sleep(beat)
		w.echo()
	}
	for _, c := range w.clients {
		if c.p != nil && c.has != "" {
			want = append(want, c.id+" "+c.has)
		}
	}
	slices.Sort(want)
	synctest.Wait()
	for _, h := range w.hubs {
		if h.dead {
			continue
		}
		found, err := h.Query("")
		got := []string(nil)
		for _, s := range found {
			got = append(got, s.ID+" "+s.Host)
		}
		if err != nil {
			got = append(got, err.Error())
		}
		shown = append(shown, got)
	}
	for _, cut := range w.cuts {
		cut()
	}
	return want, shown
}

// Hubs and clients come and go, hubs lose each other and meet again, services
// change and are freed: in the end all hubs show the same, and that is what the
// clients have that are there.
func TestAllAgree(t *testing.T) {
	services := 0
	rapid.Check(t, func(rt *rapid.T) {
		all := moves().Draw(rt, "moves")
		var want []string
		var shown [][]string
		bubble(t, func(t *testing.T) {
			w := &world{t: t, cuts: map[[2]int]func(){}}
			want, shown = w.play(all)
		})
		services += len(want)
		for i, got := range shown {
			if !slices.Equal(want, got) {
				rt.Fatalf("the hub %d that lives shows %v, and not %v", i, got, want)
			}
		}
	})
	require.Greater(t, services, 50, "there was something to agree about")
}
