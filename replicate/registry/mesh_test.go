package registry_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/registry"
)

const beat = registry.DefaultHeartbeat

// A node is a replica with a registry, in a bubble.
type node struct {
	*registry.Registry
	r *replicate.Replica
}

func newNode(t testing.TB, rc replicate.Config, cfg registry.Config) node {
	r, g := openReplica(t, rc, cfg)
	return node{g, r}
}

// sync keeps two nodes equal until the function it returns is called, which
// waits for the end.
func (n node) sync(m node) (cut func()) {
	ctx, cancel := context.WithCancel(context.Background())
	a, b := duplex.Pair[[]byte, []byte]()
	var both sync.WaitGroup
	both.Go(func() { _ = replicate.NewSession(n.r, replicate.SyncConfig{}).Run(ctx, a) })
	both.Go(func() { _ = replicate.NewSession(m.r, replicate.SyncConfig{}).Run(ctx, b) })
	return func() {
		cancel()
		both.Wait()
	}
}

// shows wants these services, as "ID host", in a node.
func (n node) shows(t testing.TB, want ...string) {
	t.Helper()
	found, err := n.Query("")
	require.NoError(t, err)
	var got []string
	for _, s := range found {
		got = append(got, s.ID+" "+s.Host)
	}
	require.Equal(t, want, got)
}

func (n node) register(t testing.TB, id, host string) *registry.Registration {
	t.Helper()
	reg, err := n.Register(registry.Service{ID: id, Role: "web", Version: "1.2.3", Host: host, Port: 80})
	require.NoError(t, err)
	return reg
}

// told collects what a watch is told, until the test ends.
type told struct {
	mu   sync.Mutex
	text []string
}

func (n node) watch(t testing.TB, query string) *told {
	w := &told{}
	ctx, stop := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		for c, err := range n.Watch(query).All(ctx) {
			if err != nil {
				return
			}
			w.mu.Lock()
			what := c.Service.Host
			if c.Freed {
				what = "freed"
			}
			w.text = append(w.text, c.Service.ID+" "+what)
			w.mu.Unlock()
		}
	})
	t.Cleanup(func() { stop(); done.Wait() })
	return w
}

// is wants what was told since it was last asked.
func (w *told) is(t testing.TB, want ...string) {
	t.Helper()
	synctest.Wait()
	require.Equal(t, want, w.taken())
}

func (w *told) taken() (text []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text, w.text = w.text, nil
	return text
}

// bubble is a synctest bubble whose cleanups run inside.
func bubble(t *testing.T, f func(t *testing.T)) { synctest.Test(t, f) }

func TestTwoReplicasShowTheSame(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := newNode(t, replicate.Config{}, registry.Config{}), newNode(t, replicate.Config{}, registry.Config{})
		defer a.sync(b)()
		seen := b.watch(t, "web@1.x")
		reg := a.register(t, "X", "h1")
		seen.is(t, "X h1")
		require.NoError(t, b.Update(registry.Service{ID: "X", Role: "web", Version: "1.2.4", Host: "h2", Port: 80}))
		seen.is(t, "X h2")
		a.shows(t, "X h2")
		assert.Equal(t, "1.2.4", reg.Service().Version)
		require.NoError(t, reg.Update(registry.Service{Role: "web", Version: "2.0.0", Host: "h3", Port: 80}))
		seen.is(t, "X freed")
		b.shows(t, "X h3")

		// One who waits gets it, and whoever frees it frees it for all.
		got := make(chan []registry.Service, 1)
		go func() {
			found, _ := a.Get(context.Background(), "db")
			got <- found
		}()
		synctest.Wait()
		db, err := b.Register(registry.Service{Role: "db"})
		require.NoError(t, err)
		found := <-got
		require.Len(t, found, 1)
		assert.Len(t, found[0].ID, 32)
		assert.GreaterOrEqual(t, found[0].Port, 10_000)
		require.NoError(t, a.Free(found[0].ID))
		require.ErrorIs(t, a.Free(found[0].ID), registry.ErrNotFound)
		synctest.Wait()
		<-db.Done()
		require.ErrorIs(t, db.Free(), registry.ErrNotFound)
		require.ErrorIs(t, db.Update(registry.Service{Role: "db"}), registry.ErrNotFound)
		b.shows(t, "X h3")

		// What is freed there while it is renewed here stays freed.
		time.Sleep(10 * beat)
		synctest.Wait()
		b.shows(t, "X h3")
		require.NoError(t, a.Close())
		synctest.Wait()
		b.shows(t)
		<-reg.Done()
	})
}

// A hub that dies frees nothing: its lease runs out everywhere, no later than
// three heartbeats after, and holds again when it is heard of.
func TestLeaseRunsOut(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b, c := newNode(t, replicate.Config{}, registry.Config{}),
			newNode(t, replicate.Config{}, registry.Config{}), newNode(t, replicate.Config{}, registry.Config{})
		defer b.sync(c)()
		cut := a.sync(b)
		a.register(t, "X", "a")
		b.register(t, "Y", "b")
		synctest.Wait()
		seen := c.watch(t, "")
		seen.is(t, "X a", "Y b")
		time.Sleep(100*beat + beat/2) // half a beat after the last renewal
		seen.is(t)
		cut()
		time.Sleep(2 * beat)
		seen.is(t)
		time.Sleep(beat)
		seen.is(t, "X freed")
		b.shows(t, "Y b")
		a.shows(t, "X a")
		defer a.sync(b)()
		seen.is(t, "X a")
		a.shows(t, "X a", "Y b")
	})
}

// Clocks that are set, this one's or another's, free nothing.
func TestClockSteps(t *testing.T) {
	for _, step := range []time.Duration{time.Hour, -time.Hour, 30 * time.Hour, -30 * time.Hour} {
		t.Run(step.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var mu sync.Mutex
				off := [2]time.Duration{}
				clock := func(i int) replicate.Config {
					return replicate.Config{MaxAhead: 100 * time.Hour, Now: func() time.Time {
						mu.Lock()
						defer mu.Unlock()
						return time.Now().Add(off[i])
					}}
				}
				set := func(i int, d time.Duration) {
					mu.Lock()
					defer mu.Unlock()
					off[i] = d
				}
				a, b := newNode(t, clock(0), registry.Config{}), newNode(t, clock(1), registry.Config{})
				defer a.sync(b)()
				a.register(t, "X", "a")
				b.register(t, "Y", "b")
				synctest.Wait()
				seenA, seenB := a.watch(t, ""), b.watch(t, "")
				seenA.is(t, "X a", "Y b")
				seenB.is(t, "X a", "Y b")
				for range 3 {
					set(0, step)
					time.Sleep(5 * beat)
					set(1, step)
					time.Sleep(5 * beat)
					set(0, 0)
					set(1, 0)
					time.Sleep(5 * beat)
				}
				seenA.is(t)
				seenB.is(t)
				a.shows(t, "X a", "Y b")

				// Who comes now is told the same.
				c := newNode(t, clock(1), registry.Config{})
				defer a.sync(c)()
				time.Sleep(2 * beat)
				synctest.Wait()
				c.shows(t, "X a", "Y b")
			})
		})
	}
}

// A directory goes on for longer than keys are kept, and keeps no more than what
// is there.
func TestKeep(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a := newNode(t, replicate.Config{}, registry.Config{Heartbeat: 10 * time.Minute})
		a.register(t, "X", "a")
		for i := range 1000 {
			require.NoError(t, a.register(t, fmt.Sprint(i), "gone").Free())
		}
		require.Greater(t, a.r.Len(), 1000)
		seen := a.watch(t, "")
		seen.is(t, "X a")
		time.Sleep(10 * registry.Keep)
		seen.is(t)
		require.Equal(t, 2, a.r.Len(), "a claim and a lease")
		b := newNode(t, replicate.Config{}, registry.Config{})
		defer a.sync(b)()
		synctest.Wait()
		b.shows(t, "X a")
	})
}

// What is found in a replica that nobody has watched is believed for a lease, if
// it is not too old.
func TestOpenedLater(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a := newNode(t, replicate.Config{}, registry.Config{})
		a.register(t, "X", "a")
		time.Sleep(beat / 2)
		dump, err := pull.Collect(t.Context(), a.r.Read(nil))
		require.NoError(t, err)
		load := func() node {
			r := replicate.New(replicate.Config{Types: []replicate.Type{registry.JSON}})
			require.NoError(t, r.Write(t.Context(), pull.Values(dump...)))
			g, err := registry.Open(r, "", registry.Config{})
			require.NoError(t, err)
			t.Cleanup(func() { _ = g.Close() })
			return node{g, r}
		}
		time.Sleep(4 * time.Minute)
		b := load()
		b.shows(t, "X a")
		time.Sleep(3*beat + 1)
		synctest.Wait()
		b.shows(t)
		time.Sleep(2 * time.Minute)
		b = load()
		b.shows(t)
		defer a.sync(b)()
		synctest.Wait()
		b.shows(t, "X a") // it was heard of
	})
}

// Of two holders that nobody has watched, the one that was not renewed while the
// other was is dead.
func TestOpenedBesideALivingHub(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := newNode(t, replicate.Config{}, registry.Config{}), newNode(t, replicate.Config{}, registry.Config{})
		cut := a.sync(b)
		a.register(t, "X", "a")
		b.register(t, "Y", "b")
		synctest.Wait()
		cut()
		time.Sleep(4*beat + 1)
		c, err := registry.Open(a.r, "", registry.Config{})
		require.NoError(t, err)
		node{c, a.r}.shows(t, "X a")
		require.NoError(t, c.Close())
	})
}

// What another has changed before it heard that it was freed stays freed.
func TestChangedAfterItWasFreed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := newNode(t, replicate.Config{}, registry.Config{}), newNode(t, replicate.Config{}, registry.Config{})
		cut := a.sync(b)
		reg := a.register(t, "X", "a")
		a.register(t, "Y", "a") // by which its lease goes on
		synctest.Wait()
		cut()
		require.NoError(t, reg.Free())
		time.Sleep(time.Millisecond)
		require.NoError(t, b.Update(registry.Service{ID: "X", Role: "web", Host: "b"}))
		defer a.sync(b)()
		synctest.Wait()
		a.shows(t, "Y a")
		b.shows(t, "Y a")
	})
}

// Two registries on one replica are two holders.
func TestTwoOnOneReplica(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a := newNode(t, replicate.Config{}, registry.Config{})
		g, err := registry.Open(a.r, "", registry.Config{})
		require.NoError(t, err)
		b := node{g, a.r}
		a.register(t, "X", "a")
		b.register(t, "X", "b")
		synctest.Wait()
		a.shows(t, "X b")
		b.shows(t, "X b")
		require.NoError(t, b.Close())
		synctest.Wait()
		a.shows(t, "X a")
		_, err = b.Query("")
		require.ErrorIs(t, err, registry.ErrClosed)
		_, err = b.Register(registry.Service{Role: "x"})
		require.ErrorIs(t, err, registry.ErrClosed)
		require.NoError(t, b.Close())
	})
}

// Two that write about one id while they are apart agree when they meet.
func TestTwoWriteOneID(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := newNode(t, replicate.Config{}, registry.Config{}), newNode(t, replicate.Config{}, registry.Config{})
		a.register(t, "X", "a")
		time.Sleep(time.Millisecond)
		b.register(t, "X", "b")
		a.shows(t, "X a")
		b.shows(t, "X b")
		cut := a.sync(b)
		synctest.Wait()
		a.shows(t, "X b")
		b.shows(t, "X b")
		cut()
		time.Sleep(time.Millisecond)
		require.NoError(t, b.Update(registry.Service{ID: "X", Role: "web", Host: "b2"}))
		time.Sleep(time.Millisecond)
		require.NoError(t, a.Update(registry.Service{ID: "X", Role: "web", Host: "a2"}))
		defer a.sync(b)()
		synctest.Wait()
		a.shows(t, "X a2")
		b.shows(t, "X a2")
	})
}
