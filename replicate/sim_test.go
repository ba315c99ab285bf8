package replicate_test

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
	"github.com/weir-go/weir/through/frame"
)

// world is a few replicas, their disks and the links between them, moved one
// frame at a time by a test: no goroutine, no clock but its own.
type world struct {
	t       testing.TB
	rnd     *rand.Rand
	now     time.Time
	nodes   []*node
	links   map[[2]int]*link
	issued  []issue // every write that was ever made
	writes  int
	single  bool // a frame holds one update
	anew    bool // sessions may take everything anew
	resyncs int  // how often one did
	ends    int  // sessions that what was forgotten has ended
}

// issue is a write as its author made it.
type issue struct {
	stamp replicate.Stamp
	key   string
	node  int
	safe  bool            // the journal has confirmed it
	del   bool            // it is a deletion
	group replicate.Stamp // of the transaction that it is a part of
}

// node is a replica, and its disk if it has one.
type node struct {
	id    replicate.ReplicaID
	r     *replicate.Replica
	m     *model.Model[int]
	alive bool

	tail *replicate.Tail // nil for a replica in memory
	disk []byte          // what was synced
	who  replicate.Author

	key ed25519.PrivateKey // nil for one that does not sign

	want, allow replicate.Filter   // in every session
	asked       []replicate.Filter // all that want has been, if it ever was one
}

// link is one session between two nodes, half a session at each end.
type link struct{ ends map[int]*replicate.Session }

// randReader turns a seeded generator into a source of ids.
type randReader struct{ *rand.Rand }

func (r randReader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return len(p), nil
}

var _ io.Reader = randReader{}

func newWorld(t testing.TB, n int, seed uint64, journaled bool) *world {
	w := &world{
		t: t, rnd: rand.New(rand.NewPCG(seed, 1)), single: true,
		now: time.UnixMilli(1_700_000_000_000), links: map[[2]int]*link{},
	}
	for i := range n {
		nd := &node{}
		binary.BigEndian.PutUint64(nd.id[:], uint64(i)+1)
		w.nodes = append(w.nodes, nd)
		w.open(i, journaled)
	}
	return w
}

// open makes node i's replica, from its disk if it has one.
func (w *world) open(i int, journaled bool) {
	nd := w.nodes[i]
	nd.r = replicate.New(replicate.Config{
		ID: nd.id, Key: nd.key, Types: []replicate.Type{model.JSON},
		Now: func() time.Time { return w.now }, Rand: randReader{w.rnd},
	})
	x := nd.r.Restorer()
	for b := nd.disk; len(b) > 0; {
		msg, n, err := frame.Parse(b, 5<<20)
		require.NoError(w.t, err)
		require.NoError(w.t, x.Frame(msg))
		b = b[n:]
	}
	if nd.who != "" {
		require.NoError(w.t, nd.r.Adopt(nd.who))
	}
	if journaled {
		nd.who = nd.r.Author()
	}
	nd.alive = true
	m, err := model.Open[int](nd.r, "")
	require.NoError(w.t, err)
	nd.m = m
	if journaled {
		nd.tail, err = nd.r.Attach()
		require.NoError(w.t, err)
	}
}

// write sets a key to a value that names this very write.
func (w *world) write(i int, key string) {
	w.writes++
	require.NoError(w.t, w.nodes[i].m.Set(key, w.writes-1))
	clock := w.nodes[i].r.Clock()
	who := w.nodes[i].r.Author()
	w.issued = append(w.issued, issue{
		stamp: replicate.Stamp{Time: clock[who], Author: who}, key: key, node: i})
}

// writeAll sets keys to one new value, in one transaction.
func (w *world) writeAll(i int, keys ...string) {
	w.writes++
	nd := w.nodes[i]
	tx := nd.r.Begin()
	for _, key := range keys {
		require.NoError(w.t, nd.m.In(tx).Set(key, w.writes-1))
	}
	stamp, err := tx.Commit()
	require.NoError(w.t, err)
	for k, key := range keys {
		at := replicate.Stamp{Time: stamp.Time + replicate.Time(k), Author: stamp.Author}
		w.issued = append(w.issued, issue{stamp: at, key: key, node: i, group: stamp})
	}
}

func (w *world) del(i int, key string) {
	deleted, err := w.nodes[i].m.Delete(key)
	require.NoError(w.t, err)
	if !deleted {
		return
	}
	who := w.nodes[i].r.Author()
	w.issued = append(w.issued, issue{
		stamp: replicate.Stamp{Time: w.nodes[i].r.Clock()[who], Author: who}, key: key, node: i, del: true})
}

// commit writes what is not yet durable to node i's disk.
func (w *world) commit(i int) {
	if nd := w.nodes[i]; nd.tail != nil {
		if b, ok := nd.tail.Take(); ok {
			nd.disk = append(nd.disk, b.Frames...)
			nd.who = b.Author
			nd.tail.Done(b)
			for k := range w.issued {
				w.issued[k].safe = w.issued[k].safe || w.issued[k].node == i
			}
		}
	}
}

// kill stops node i at once: what is on its disk stays.
func (w *world) kill(i int) {
	for pair := range w.links {
		if pair[0] == i || pair[1] == i {
			w.cut(pair[0], pair[1])
		}
	}
	w.nodes[i].alive = false
}

// restart opens node i from its disk. What its journal never confirmed was
// never shown to anyone, and if it is gone it has never been.
func (w *world) restart(i int) {
	journaled := w.nodes[i].tail != nil
	w.open(i, journaled)
	held := map[replicate.Stamp]bool{}
	for _, u := range w.nodes[i].r.Live() {
		held[u.Stamp()] = true
	}
	w.issued = slices.DeleteFunc(w.issued, func(is issue) bool {
		return journaled && is.node == i && !is.safe && !held[is.stamp]
	})
}

func pairOf(i, j int) [2]int { return [2]int{min(i, j), max(i, j)} }

// connect opens a session between i and j. Both say who they are and, if they
// differ, where they stand; nothing is sent yet.
func (w *world) connect(i, j int) {
	w.dial(i, j, replicate.SyncConfig{})
	rounds := 2
	for _, k := range []int{i, j} {
		if nd := w.nodes[k]; !nd.want.All() || !nd.allow.All() {
			rounds = 3 // what they want of each other
		}
	}
	for range rounds {
		w.move(i, j)
		w.move(j, i)
	}
}

// dial opens a session without moving anything.
func (w *world) dial(i, j int, cfg replicate.SyncConfig) *link {
	w.cut(i, j)
	l := &link{ends: map[int]*replicate.Session{}}
	if w.single {
		cfg.FrameSize = 1
	}
	for _, k := range []int{i, j} {
		if w.anew {
			cfg.Resync = func([]*replicate.Update) { w.resyncs++ }
		}
		cfg.Want, cfg.Allow = w.nodes[k].want, w.nodes[k].allow
		l.ends[k] = replicate.NewSession(w.nodes[k].r, cfg)
		l.ends[k].Begin()
	}
	w.links[pairOf(i, j)] = l
	return l
}

// move sends one frame from i to j and returns it; nil if there is none.
//
// A session that ends because of what was forgotten is cut.
func (w *world) move(i, j int) []byte {
	b, err := w.tryMove(i, j)
	if errors.Is(err, replicate.ErrBehind) || errors.Is(err, replicate.ErrResynced) {
		w.ends++
		w.cut(i, j)
		return nil
	}
	require.NoError(w.t, err)
	return b
}

func (w *world) tryMove(i, j int) ([]byte, error) {
	l := w.links[pairOf(i, j)]
	if l == nil {
		return nil, nil
	}
	b, err := l.ends[i].Next()
	if err == io.EOF {
		return nil, nil
	}
	require.NoError(w.t, err)
	return b, l.ends[j].Take(b)
}

// cut ends the session between i and j, wherever it is.
func (w *world) cut(i, j int) {
	if l := w.links[pairOf(i, j)]; l != nil {
		for _, s := range l.ends {
			s.End()
		}
		delete(w.links, pairOf(i, j))
	}
}

// settle connects all that are alive and moves frames until nothing moves.
func (w *world) settle() {
	for moved := true; moved; {
		moved = w.connectAll()
		ends := w.ends
		for i := range w.nodes {
			if w.nodes[i].alive {
				w.commit(i)
			}
		}
		for pair := range w.links {
			for w.move(pair[0], pair[1]) != nil {
				moved = true
			}
			for w.move(pair[1], pair[0]) != nil {
				moved = true
			}
		}
		moved = moved || w.ends > ends // to be connected again
	}
}

// connectAll connects all that are alive, and reports whether some were not.
func (w *world) connectAll() (news bool) {
	for i := range w.nodes {
		for j := range i {
			if w.nodes[i].alive && w.nodes[j].alive && w.links[pairOf(i, j)] == nil {
				w.connect(i, j)
				news = true
			}
		}
	}
	return news
}

// converged checks that all that are alive hold the same, and that this is
// what nobody has overwritten.
func (w *world) converged() {
	w.t.Helper()
	first := -1
	for i, nd := range w.nodes {
		if !nd.alive {
			continue
		}
		w.promiseKept(i)
		if first < 0 {
			first = i
			continue
		}
		require.Equal(w.t, dumpOf(w.nodes[first].m), dumpOf(nd.m), "%d and %d", first, i)
		require.Equal(w.t, w.nodes[first].r.Clock(), nd.r.Clock())
		require.Equal(w.t, w.nodes[first].r.Content(), nd.r.Content())
		if !w.anew {
			require.Equal(w.t, w.nodes[first].r.Fingerprint(), nd.r.Fingerprint())
		}
	}
}

// promiseKept checks the one law that everything rests on: of every write
// that node i's clock covers, it holds that write or a newer one of the key.
func (w *world) promiseKept(i int) {
	w.t.Helper()
	nd := w.nodes[i]
	newest, clock := map[string]replicate.Stamp{}, nd.r.Clock()
	held := map[replicate.Stamp]bool{}
	for _, u := range nd.r.Live() {
		held[u.Stamp()] = true
		if at := u.Stamp(); newest[keyOf(u)].Compare(at) < 0 {
			newest[keyOf(u)] = at
		}
	}
	w.wholes(i, newest, held)
	for _, is := range w.issued {
		if clock.Covers(is.stamp) && !w.forgotten(is, nd.r.Horizon()) {
			require.False(w.t, newest[is.key].Compare(is.stamp) < 0,
				"node %d promises %v of %q and holds %v", i, is.stamp, is.key, newest[is.key])
		}
	}
	w.partsKept(i, newest)
}

// forgotten reports whether a write was deleted, and that below a horizon.
func (w *world) forgotten(is issue, horizon replicate.Clock) bool {
	return slices.ContainsFunc(w.issued, func(d issue) bool {
		return d.del && d.key == is.key && d.stamp.Compare(is.stamp) >= 0 && horizon.Covers(d.stamp)
	})
}

// wholes checks that of each transaction node i has all or nothing: where it
// holds one part, it holds every other or something newer.
func (w *world) wholes(i int, newest map[string]replicate.Stamp, held map[replicate.Stamp]bool) {
	w.t.Helper()
	if w.partial() {
		return // whoever was sent some keys alone passes them on
	}
	some := map[replicate.Stamp]bool{}
	for _, is := range w.issued {
		if is.group != (replicate.Stamp{}) && held[is.stamp] {
			some[is.group] = true
		}
	}
	for _, is := range w.issued {
		require.False(w.t, some[is.group] && !w.forgotten(is, w.nodes[i].r.Horizon()) && newest[is.key].Compare(is.stamp) < 0,
			"node %d has half of %v", i, is.group)
	}
}

func (w *world) String() string {
	s := ""
	for i, nd := range w.nodes {
		s += fmt.Sprintf("%d: %s\n", i, dumpOf(nd.m))
	}
	return s
}

// keyOf reads the key of a model's op; keys in tests are short.
func keyOf(u *replicate.Update) string { return u.Op()[2 : 2+u.Op()[1]] }

// settleBetween moves what there is between two nodes.
func (w *world) settleBetween(i, j int) {
	for moved := true; moved; {
		w.commit(i)
		w.commit(j)
		moved = w.move(i, j) != nil
		moved = w.move(j, i) != nil || moved
	}
}
