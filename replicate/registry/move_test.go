package registry_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/registry"
	"github.com/weir-go/weir/through/codec"
	"github.com/weir-go/weir/through/frame"
)

// A client that connects again, to its hub or to another one, is there all the
// time: whether its hub has noticed, has died, or notices when the other one has
// it.
// row: 10 multi
func TestClientMovesWithoutFlap(t *testing.T) {
	for name, lose := range map[string]func(p *peer, cut func()){
		"connection ends":            func(p *peer, cut func()) { p.end() },
		"connection breaks":          func(p *peer, cut func()) { p.vanish() },
		"connection breaks unseen":   func(p *peer, cut func()) {},
		"hub dies":                   func(p *peer, cut func()) { cut() },
		"hub dies with its end seen": func(p *peer, cut func()) { cut(); p.vanish() },
	} {
		for _, to := range []string{"other hub", "same hub"} {
			t.Run(name+", "+to, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					n, m, w := newNode(t, replicate.Config{}, registry.Config{}),
						newNode(t, replicate.Config{}, registry.Config{}), newNode(t, replicate.Config{}, registry.Config{})
					cut := n.sync(m)
					defer func() { cut() }()
					defer m.sync(w)()
					p := n.greeted(t, "1.1.1.1")
					p.say(t, web("X", "1.1.1.1"), `["synced"]`)
					seen := w.watch(t, "")
					seen.is(t, "X 1.1.1.1")
					lose(p, cut)
					time.Sleep(time.Second) // as npm's clients wait
					next := m
					if to == "same hub" {
						next = n
						cut()
						cut = n.sync(m)
					}
					again := next.connect(t, "1.1.1.1")
					again.say(t, web("X", "1.1.1.1"), `["synced"]`)
					for range 10 {
						time.Sleep(beat)
						again.say(t, `["heartbeat"]`)
					}
					seen.is(t)
					w.shows(t, "X 1.1.1.1")
					again.vanish()
					time.Sleep(2 * time.Second)
					seen.is(t, "X freed")
				})
			})
		}
	}
}

// A client of npm's that connects again registers all that it knew, before its
// own: each has its own again, and nothing else, whichever comes first, at the
// same hub or another one. What has gone meanwhile it is told.
func TestClientsKnowEachOther(t *testing.T) {
	for _, how := range []string{"same hub", "other hub"} {
		t.Run(how, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				n, m := newNode(t, replicate.Config{}, registry.Config{}), newNode(t, replicate.Config{}, registry.Config{})
				defer n.sync(m)()
				hub := `["register","HUB",{"port":1,"id":"HUB","role":"seaport","version":"2.0.9","host":"3.3.3.3"}]`
				relay := n.greeted(t, "3.3.3.3")
				relay.say(t, hub)
				var clients []*peer
				for _, id := range []string{"A", "B", "C"} {
					p := n.greeted(t, "1.1.1.1")
					p.say(t, web(id, "1.1.1.1"), web(id+id, "1.1.1.1"))
					clients = append(clients, p)
				}
				for _, p := range clients {
					p.vanish()
				}
				relay.vanish()
				next := n
				if how == "other hub" {
					next = m
				}
				time.Sleep(time.Second)
				a, b := next.connect(t, "1.1.1.1"), next.connect(t, "1.1.1.1")
				a.say(t, web("B", "1.1.1.1"), hub, web("C", "1.1.1.1"), web("BB", "1.1.1.1"), web("CC", "1.1.1.1"),
					web("A", "1.1.1.1"), web("AA", "1.1.1.1"), `["synced"]`)
				b.say(t, hub, web("A", "1.1.1.1"), web("AA", "1.1.1.1"), web("CC", "1.1.1.1"), web("C", "1.1.1.1"),
					web("B", "1.1.1.1"), web("BB", "1.1.1.1"), `["synced"]`)
				a.heard()
				time.Sleep(10 * time.Second)
				n.shows(t, "A 1.1.1.1", "AA 1.1.1.1", "B 1.1.1.1", "BB 1.1.1.1")
				assert.ElementsMatch(t, []string{free("C"), free("CC"), free("HUB")}, a.heard())
				b.vanish()
				time.Sleep(2 * time.Second)
				assert.ElementsMatch(t, []string{free("B"), free("BB")}, a.heard())
				a.vanish()
				time.Sleep(2 * time.Second)
				synctest.Wait()
				n.shows(t)
				m.shows(t)
			})
		})
	}
}

// A service that starts again under its id, elsewhere, is that service.
func TestRestartedElsewhere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, registry.Config{})
		p := n.greeted(t, "1.1.1.1")
		p.say(t, web("X", "1.1.1.1"))
		p.vanish()
		q := n.greeted(t, "2.2.2.2") // which is told of X
		q.say(t, web("X", "2.2.2.2"))
		time.Sleep(10 * time.Second)
		n.shows(t, "X 2.2.2.2")
		q.vanish()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		n.shows(t)
	})
}

// Who changes another's service does not have it.
// row: 8 meta_update
func TestChangedByOthers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n, m := newNode(t, replicate.Config{}, quick), newNode(t, replicate.Config{}, quick)
		defer n.sync(m)()
		a, b, c := n.greeted(t, "1.1.1.1"), n.greeted(t, "1.1.1.2"), m.greeted(t, "1.1.1.3")
		a.say(t, web("X", "1.1.1.1"))
		b.hears(t, web("X", "1.1.1.1"))
		c.hears(t, web("X", "1.1.1.1"))
		c.say(t, web("X", "changed"))
		a.hears(t, web("X", "changed"))
		b.hears(t, web("X", "changed"))
		c.hears(t)
		c.vanish()
		synctest.Wait()
		n.shows(t, "X changed")
		b.say(t, web("X", "changed again"))
		a.hears(t, web("X", "changed again"))
		a.vanish()
		b.hears(t, free("X"))
		m.shows(t)
	})
}

// A hub of npm's that is connected to two of ours tells each what it has from
// the other. That holds up nothing, whoever is first to say it.
func TestRelaysHoldUpNothing(t *testing.T) {
	for _, first := range []string{"replica", "relay"} {
		t.Run(first, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				n, m := newNode(t, replicate.Config{}, quick), newNode(t, replicate.Config{}, quick)
				cut := func() {}
				defer func() { cut() }()
				if first == "replica" {
					cut = n.sync(m)
				}
				hubN, hubM := n.greeted(t, "3.3.3.3"), m.greeted(t, "3.3.3.3")
				hub := `["register","HUB",{"port":1,"id":"HUB","role":"seaport","version":"2.0.9","host":"3.3.3.3"}]`
				hubN.say(t, hub)
				hubM.say(t, hub)
				a := n.greeted(t, "1.1.1.1")
				a.say(t, web("X", "1.1.1.1"))
				hubN.hears(t, web("X", "1.1.1.1"))
				hubM.say(t, web("X", "1.1.1.1")) // relayed
				if first == "relay" {
					m.shows(t, "HUB 3.3.3.3", "X 1.1.1.1")
					cut = n.sync(m)
				}
				hubM.heard()
				hubM.say(t, free("Y")) // which it never had
				hubM.hears(t)
				m.shows(t, "HUB 3.3.3.3", "X 1.1.1.1")

				// The hub has lost one of ours, and frees what it had from it.
				hubM.say(t, free("X"))
				hubM.hears(t, web("X", "1.1.1.1"))
				n.shows(t, "HUB 3.3.3.3", "X 1.1.1.1")

				a.vanish()
				hubN.hears(t, free("X"))
				hubM.hears(t, free("X"))
				n.shows(t, "HUB 3.3.3.3")
				m.shows(t, "HUB 3.3.3.3")
			})
		})
	}
}

// Two of ours that share no replica tell each other everything by the lines, both
// ways, by two connections.
// row: 11 peer
func TestPeersByTheLines(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n, m := newNode(t, replicate.Config{}, quick), newNode(t, replicate.Config{}, quick)
		defer n.peer(t, m)()
		defer m.peer(t, n)()
		synctest.Wait()
		seenN, seenM := n.watch(t, "web"), m.watch(t, "web")
		a, b := n.greeted(t, "1.1.1.1"), m.greeted(t, "1.1.1.2")
		a.heard()
		b.heard()
		for range 3 {
			a.say(t, web("X", "1.1.1.1"))
			seenN.is(t, "X 1.1.1.1")
			seenM.is(t, "X 1.1.1.1")
			b.hears(t, web("X", "1.1.1.1"))
			a.say(t, free("X"))
			seenN.is(t, "X freed")
			seenM.is(t, "X freed")
			b.hears(t, free("X"))
			b.say(t, free("X"))
			time.Sleep(time.Second) // a hub is not believed sooner
		}
		a.say(t, web("X", "1.1.1.1"))
		b.hears(t, web("X", "1.1.1.1"))
		b.say(t, web("X", "changed"))
		a.hears(t, web("X", "changed"))
		a.vanish()
		b.hears(t, free("X"))
		hubs := []string{"HUB-" + n.id() + " h", "HUB-" + m.id() + " h"}
		slices.Sort(hubs)
		n.shows(t, hubs...)
		m.shows(t, hubs...)
	})
}

// A hub is not believed that a service is there which has just gone: what it says
// may be what it was told before. If it still says so a second later, it is.
func TestHubIsNotBelievedAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, quick)
		a, hub := n.greeted(t, "1.1.1.1"), n.greeted(t, "3.3.3.3")
		hub.say(t, `["register","HUB",{"port":1,"id":"HUB","role":"seaport","version":"2.0.9","host":"3.3.3.3"}]`)
		a.say(t, web("X", "1.1.1.1"), free("X"))
		a.heard()
		hub.say(t, web("X", "1.1.1.1"))
		n.shows(t, "HUB 3.3.3.3")
		hub.say(t, free("X"))
		time.Sleep(2 * time.Second)
		synctest.Wait()
		n.shows(t, "HUB 3.3.3.3")
		a.hears(t)

		a.say(t, web("X", "1.1.1.1"), free("X"))
		hub.say(t, web("X", "4.4.4.4"))
		n.shows(t, "HUB 3.3.3.3")
		time.Sleep(time.Second)
		synctest.Wait()
		n.shows(t, "HUB 3.3.3.3", "X 4.4.4.4")
		a.hears(t, web("X", "4.4.4.4"))
	})
}

func (n node) id() string { return n.r.ID().Short() }

// peer has n, a hub, join m.
func (n node) peer(t testing.TB, m node) (cut func()) {
	t.Helper()
	for _, x := range []node{n, m} {
		_, err := x.Register(registry.Service{ID: "HUB-" + x.id(), Role: registry.RoleHub, Version: "2.0.9", Host: "h", Port: 1})
		require.NoError(t, err)
	}
	return n.join(m)
}

// A line that makes no sense ends the connection it came by, with an error that
// says so, and no other one; what was registered on it goes. That a hub of npm's
// dies by one of them, where it has keys and nobody has shown one, is why the
// first line is there.
func TestMalformedLines(t *testing.T) {
	for line, want := range map[string]error{
		`["synced"]`:                  nil, // no error here
		`["register","X",{}]`:         nil,
		`{"hash":"x","payload":"{}"}`: registry.ErrRow,
		`null`:                        registry.ErrRow,
		`["register","X"]`:            registry.ErrRow,
		`["free",null]`:               registry.ErrRow,
		`["register","__proto__",{"__proto__":{"role":7},"port":"x","host":[]}]`: nil,
		`["free","` + strings.Repeat("x", 1<<17) + `"]`:                          frame.ErrTooLarge,
	} {
		t.Run(line[:min(len(line), 32)], func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				n := newNode(t, replicate.Config{}, quick)
				good, bad := n.greeted(t, "1.1.1.1"), n.connect(t, "6.6.6.6")
				good.say(t, web("G", "1.1.1.1"))
				bad.say(t, line)
				over, err := bad.ended()
				if want == nil {
					require.False(t, over, "%v", err)
				} else {
					var at *codec.LineError
					require.ErrorAs(t, err, &at)
					require.ErrorIs(t, err, want)
				}
				bad.vanish()
				synctest.Wait()
				n.shows(t, "G 1.1.1.1")
				good.say(t, web("H", "::ffff:1.1.1.1"))
				n.shows(t, "G 1.1.1.1", "H 1.1.1.1")
			})
		})
	}
}

func TestTooManyServices(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, registry.Config{MaxServices: 2, Linger: -1})
		p := n.greeted(t, "1.1.1.1")
		p.say(t, web("A", "h"), web("B", "h"), web("A", "h2"), free("B"), web("C", "h"))
		n.shows(t, "A h2", "C h")
		p.say(t, web("D", "h"))
		_, err := p.ended()
		require.ErrorIs(t, err, registry.ErrTooMany)
		n.shows(t)
	})
}

// Nor may a connection say more of what was there before it, or offer more of what
// is not believed yet.
func TestTooManyOffers(t *testing.T) {
	hub := func(id string) string {
		return `["register","` + id + `",{"port":1,"id":"` + id + `","role":"seaport","version":"2.0.9","host":"3.3.3.3"}]`
	}
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, registry.Config{MaxServices: 2, Linger: -1})
		p := n.connect(t, "1.1.1.1")
		p.say(t, hub("A"), hub("B"))
		over, _ := p.ended()
		require.False(t, over)
		p.say(t, hub("C"))
		_, err := p.ended()
		require.ErrorIs(t, err, registry.ErrTooMany)
		n.shows(t)
	})
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, registry.Config{MaxServices: 3, Linger: -1})
		p, q := n.greeted(t, "1.1.1.1"), n.greeted(t, "3.3.3.3")
		q.say(t, hub("HUB"))
		for _, id := range []string{"W", "X", "Y", "Z"} {
			p.say(t, web(id, "h"), free(id))
		}
		q.say(t, web("W", "h"), web("X", "h"), web("Y", "h"))
		over, _ := q.ended()
		require.False(t, over)
		q.say(t, web("Z", "h"))
		_, err := q.ended()
		require.ErrorIs(t, err, registry.ErrTooMany)
	})
}

// Who does not read holds up nobody, and is told in the end how things are.
func TestSlowReaderIsToldTheNewest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, registry.Config{})
		src := n.Watch("")
		reg := n.register(t, "X", "0")
		for i := range 1000 {
			require.NoError(t, reg.Update(registry.Service{Role: "web", Host: fmt.Sprint(i + 1)}))
			require.NoError(t, n.register(t, "Y", "y").Free())
		}
		c, err := src(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "1000", c.Service.Host)
		go func() {
			time.Sleep(time.Hour)
			assert.NoError(t, reg.Free())
		}()
		c, err = src(t.Context())
		require.NoError(t, err)
		assert.Equal(t, registry.Change{Service: c.Service, Freed: true}, c)
		require.NoError(t, n.Close())
		_, err = src(t.Context())
		require.ErrorIs(t, err, registry.ErrClosed)
	})
}
