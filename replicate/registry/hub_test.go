package registry_test

import (
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/registry"
)

// A transcript of npm's hub with two of its clients: what the clients said is
// said again, and each is to hear the same bytes in the same order. One line is
// left out: npm's hub says a free back to whom it came from.
func TestTranscriptOfHub(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, registry.Config{Heartbeat: 300 * time.Millisecond, Linger: -1})
		clients := map[string]*peer{}
		want := map[string][]string{}
		said := 0
		for _, line := range transcript(t, "testdata/seaport.txt") {
			from, text, _ := strings.Cut(line, " ")
			switch who, to, _ := strings.Cut(from, ">"); {
			case line == "# C1 FIN":
				clients["C1"].end()
				over, err := clients["C1"].ended()
				require.True(t, over)
				require.NoError(t, err)
			case line == `HUB>C1 ["free","SVC2"]` || strings.HasPrefix(line, "#"):
			case strings.Contains(text, "heartbeat"):
				if to == "HUB" {
					clients[who].say(t, text)
				}
				time.Sleep(60 * time.Millisecond)
			case to == "HUB":
				if clients[who] == nil {
					clients[who] = n.connect(t, "::ffff:127.0.0.1")
				}
				clients[who].say(t, text)
				said++
			default:
				want[to] = append(want[to], text)
			}
		}
		require.Equal(t, 10, said)
		time.Sleep(300 * time.Millisecond)
		for who, lines := range want {
			clients[who].hears(t, lines...)
			assert.Positive(t, clients[who].beats)
		}
	})
}

// The same of a client that was written from the lines, and not npm's.
func TestTranscriptOfRawClient(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, registry.Config{})
		p := n.connect(t, "127.0.0.1")
		var want []string
		for _, line := range transcript(t, "testdata/raw.txt") {
			if text, ok := strings.CutPrefix(line, "go>  "); ok {
				p.say(t, text)
			}
			if text, ok := strings.CutPrefix(line, "js>  "); ok && !strings.Contains(text, "heartbeat") {
				want = append(want, text)
			}
		}
		p.hears(t, want...)
		n.shows(t, "GOSVC 127.0.0.1")
	})
}

// The first client of the transcript, played by this package's: it says to npm's
// hub what npm's client says, but for the order of members, and for the host of
// SVC2, which npm's clients know from then on.
func TestTranscriptOfClient(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, registry.Config{Heartbeat: 300 * time.Millisecond, Linger: -1})
		_, err := n.Register(registry.Service{ID: "SVC1", Role: "web", Version: "1.2.3", Port: 4567,
			Meta: map[string]any{"beep": "boop"}})
		require.NoError(t, err)
		hub := n.connect(t, "")
		synctest.Wait()
		var want []string
		for _, line := range transcript(t, "testdata/seaport.txt") {
			switch from, text, _ := strings.Cut(line, " "); {
			case strings.Contains(text, "heartbeat"):
			case from == "HUB>C1":
				hub.say(t, text)
			case from != "C1>HUB":
			case strings.HasPrefix(text, `["register","SVC2"`):
				n.shows(t, "SVC1 127.0.0.1")
				found, err := n.Query("web@1.2.x")
				require.NoError(t, err)
				require.Equal(t, "BOOP", found[0].Meta["beep"])
				_, err = n.Register(registry.Service{ID: "SVC2", Role: "db", Version: "0.1.0", Port: 9999,
					Host: "127.0.0.1"})
				require.NoError(t, err)
				want = append(want, text)
			case strings.HasPrefix(text, `["free","SVC2"`):
				synctest.Wait()
				require.NoError(t, n.Free("SVC2"))
				synctest.Wait()
				want = append(want, text)
			default:
				want = append(want, text)
			}
		}
		time.Sleep(300 * time.Millisecond)
		heard := hub.heard()
		require.Len(t, heard, len(want))
		for i, line := range want {
			require.JSONEq(t, line, heard[i])
		}
		assert.Positive(t, hub.beats)
	})
}

func transcript(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// A free is told once to each of the others, never back, and what they say to it
// is told to nobody.
func TestFreeIsNoStorm(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, quick)
		a, b, c := n.greeted(t, "1.1.1.1"), n.greeted(t, "1.1.1.2"), n.greeted(t, "1.1.1.3")
		a.say(t, web("X", "1.1.1.1"))
		b.hears(t, web("X", "1.1.1.1"))
		c.hears(t, web("X", "1.1.1.1"))
		b.say(t, free("X"))
		for _, p := range []*peer{a, c} {
			p.hears(t, free("X"))
			p.say(t, free("X")) // npm's clients do
		}
		for _, p := range []*peer{a, b, c} {
			p.hears(t)
		}
		n.shows(t)
	})
}

// What a client says back to a free may come when the id is registered again.
func TestLateEchoFreesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, quick)
		a, b := n.greeted(t, "1.1.1.1"), n.greeted(t, "1.1.1.2")
		a.say(t, web("X", "1.1.1.1"), free("X"), web("X", "1.1.1.1"))
		require.NoError(t, n.Free("X"))
		synctest.Wait()
		a.say(t, web("X", "9.9.9.9"))
		b.heard()
		b.say(t, free("X"))
		n.shows(t, "X 9.9.9.9")
		b.say(t, free("X")) // now it means it
		n.shows(t)
	})
}

// What a client still knows of others' services, when it comes back, may be gone:
// it is told so, and what it says of its own counts.
func TestWhoComesBackRevivesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, quick)
		a, b := n.greeted(t, "1.1.1.1"), n.greeted(t, "1.1.1.2")
		a.say(t, web("Y", "1.1.1.1"))
		b.say(t, web("X", "1.1.1.2"))
		a.hears(t, web("X", "1.1.1.2"))
		a.vanish()
		b.say(t, free("X"))
		back := n.connect(t, "1.1.1.1")
		back.say(t, web("X", "1.1.1.2"), web("Y", "1.1.1.1"), `["synced"]`)
		require.Contains(t, back.heard(), free("X"))
		n.shows(t, "Y 1.1.1.1")
	})
}

// A heartbeat that was on its way is not the answer to a free, and who registers
// the service owes none.
func TestEchoComesBehindAHeartbeat(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, quick)
		a, b := n.greeted(t, "1.1.1.1"), n.greeted(t, "1.1.1.2")
		a.say(t, web("X", "1.1.1.1"))
		a.say(t, free("X"))
		b.hears(t, web("X", "1.1.1.1"), free("X"))
		b.say(t, `["heartbeat"]`)
		a.say(t, web("X", "1.1.1.1"))
		b.say(t, free("X")) // it says back what it was told
		n.shows(t, "X 1.1.1.1")

		a.say(t, free("X"))
		b.say(t, web("X", "1.1.1.2"), free("X"))
		n.shows(t)
	})
}

// A client that does not say frees back means each of them.
func TestMuteClientFrees(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, quick)
		a, b := n.greeted(t, "1.1.1.1"), n.greeted(t, "1.1.1.2")
		a.say(t, web("X", "1.1.1.1"))
		a.say(t, free("X"))
		b.say(t, `["heartbeat"]`, `["heartbeat"]`)
		a.say(t, web("X", "1.1.1.1"))
		b.say(t, free("X"))
		n.shows(t)
		a.say(t, web("X", "1.1.1.1"))
		a.say(t, free("X"))
		a.say(t, web("X", "1.1.1.1"))
		b.say(t, free("X"))
		n.shows(t)
	})
}

// A client from which nothing comes is dead after three heartbeats, also if it
// never sent one; one that sends them lives.
// row: 5 free_cases
func TestSilentClient(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n, m := newNode(t, replicate.Config{}, registry.Config{}), newNode(t, replicate.Config{}, registry.Config{})
		defer n.sync(m)()
		dead, alive, late := n.greeted(t, "1.1.1.1"), n.greeted(t, "1.1.1.2"), n.greeted(t, "1.1.1.3")
		dead.say(t, web("X", "1.1.1.1"))
		alive.say(t, web("Y", "1.1.1.2"))
		late.say(t, web("Z", "1.1.1.3"))
		for range 2 {
			time.Sleep(beat)
			alive.say(t, `["heartbeat"]`)
		}
		late.say(t, `["heartbeat"]`)
		time.Sleep(beat - time.Nanosecond)
		m.shows(t, "X 1.1.1.1", "Y 1.1.1.2", "Z 1.1.1.3")
		alive.say(t, `["heartbeat"]`)
		time.Sleep(time.Nanosecond)
		over, err := dead.ended()
		require.True(t, over)
		require.ErrorIs(t, err, registry.ErrSilent)
		time.Sleep(2 * time.Second) // it may come back
		synctest.Wait()
		m.shows(t, "Y 1.1.1.2", "Z 1.1.1.3")
		time.Sleep(2*beat - 2*time.Second)
		alive.say(t, `["heartbeat"]`)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		m.shows(t, "Y 1.1.1.2")
	})
}

// A client that is closed says what it frees, and then ends.
func TestCloseTellsTheHub(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, registry.Config{})
		hub := n.connect(t, "")
		hub.hears(t, `["synced"]`)
		hub.say(t, `["helo","1.1.1.1"]`, `["synced"]`, web("Y", "2.2.2.2"))
		hub.hears(t) // it says nothing of what it was told
		n.register(t, "X", "h")
		hub.heard()
		require.NoError(t, n.Close())
		hub.hears(t, free("X"))
		over, _ := hub.ended()
		require.False(t, over, "the hub has not ended its side")
		time.Sleep(time.Second)
		over, err := hub.ended()
		require.True(t, over)
		require.ErrorIs(t, err, registry.ErrClosed)
	})
}

// A hub that is closed tells its clients what it frees, and then the end; what they
// say until they end their side counts for nothing.
func TestCloseTellsClients(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, registry.Config{})
		leaves, stays := n.greeted(t, "1.1.1.1"), n.greeted(t, "1.1.1.2")
		leaves.say(t, web("Y", "1.1.1.1"))
		n.register(t, "X", "h")
		leaves.heard()
		stays.heard()
		require.NoError(t, n.Close())
		leaves.hears(t, free("X"))
		stays.hears(t, free("X"))
		require.True(t, leaves.told())
		leaves.say(t, web("Z", "1.1.1.1"))
		leaves.end()
		over, err := leaves.ended()
		require.True(t, over)
		require.ErrorIs(t, err, registry.ErrClosed)
		over, _ = stays.ended()
		require.False(t, over)
		time.Sleep(time.Second)
		over, err = stays.ended()
		require.True(t, over)
		require.ErrorIs(t, err, registry.ErrClosed)
	})
}

// A service that does not say where it is has the host that the hub sees, whether
// the hub has said it before or after it was registered.
func TestRegisteredWhereTheHubSees(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, registry.Config{})
		before, err := n.Register(registry.Service{ID: "X", Role: "web", Port: 1})
		require.NoError(t, err)
		require.Empty(t, before.Service().Host)
		hub := n.connect(t, "")
		hub.say(t, `["helo","::ffff:1.1.1.1"]`, `["synced"]`)
		require.Equal(t, "1.1.1.1", before.Service().Host)
		hub.heard()
		after, err := n.Register(registry.Service{ID: "Y", Role: "web", Port: 2})
		require.NoError(t, err)
		require.Equal(t, "1.1.1.1", after.Service().Host)
		hub.hears(t, `["register","Y",{"id":"Y","port":2,"role":"web","host":"1.1.1.1"}]`, `["synced"]`)
		require.NoError(t, after.Update(registry.Service{Role: "web", Port: 3}))
		require.Equal(t, "1.1.1.1", after.Service().Host)
		hub.heard()
		require.NoError(t, after.Update(registry.Service{Role: "web", Port: 3, Host: "h"}))
		require.Equal(t, "h", after.Service().Host)
		hub.vanish()
		late, err := n.Register(registry.Service{ID: "Z", Role: "web", Port: 4})
		require.NoError(t, err)
		require.Empty(t, late.Service().Host, "nobody sees it any more")
	})
}

// What a client has registered it says to a hub that knows the service already:
// that may be of old, and gone soon.
func TestClientSaysWhatIsKnown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, registry.Config{})
		hub := n.connect(t, "")
		hub.hears(t, `["synced"]`)
		known := `["register","X",{"host":"h","id":"X","port":80,"role":"web","version":"1.2.3"}]`
		hub.say(t, known)
		n.register(t, "X", "h")
		hub.hears(t, known, `["synced"]`)
		hub.say(t, known)
		hub.hears(t)
	})
}

// A hub that frees what it is just being told, by another connection than the one
// it came by, takes it for new when that arrives: it is told that it is gone.
func TestCrossingWordIsTakenBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, quick)
		a, b := n.twice(t)
		a.say(t, web("X", "h"))
		time.Sleep(2 * time.Second)
		b.hears(t, web("X", "h")) // on its way
		b.say(t, web("X", "h"), free("X"))
		a.say(t, free("X"), web("X", "h")) // by b's word
		b.hears(t, free("X"))
		a.say(t, free("X"))
		time.Sleep(5 * time.Second)
		synctest.Wait()
		n.shows(t, "HUB 3.3.3.3")
	})
}

// A hub that has two connections, and frees at once what it has told by one of
// them, is never told that of it by the other: it would have it by our word then,
// and we by its.
func TestShortLivedIsNotRelayed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, replicate.Config{}, quick)
		a, b := n.twice(t)
		a.say(t, web("X", "h"))
		n.shows(t, "HUB 3.3.3.3", "X h")
		time.Sleep(900 * time.Millisecond)
		b.hears(t)
		a.say(t, free("X"))
		time.Sleep(5 * time.Second)
		b.hears(t)
		n.shows(t, "HUB 3.3.3.3")
	})
}

// twice returns both ends of a hub that has two connections.
func (n node) twice(t testing.TB) (a, b *peer) {
	t.Helper()
	hub := `["register","HUB",{"port":1,"id":"HUB","role":"seaport","version":"2.0.9","host":"3.3.3.3"}]`
	a, b = n.greeted(t, "3.3.3.3"), n.greeted(t, "3.3.3.3")
	a.say(t, hub)
	b.say(t, hub)
	a.heard()
	b.heard()
	return a, b
}
