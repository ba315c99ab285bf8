package replicatetest

import (
	"crypto/ed25519"
	"encoding/binary"
	"time"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/through/frame"
)

// node is a replica, with its disk if it has one.
type node struct {
	w       *world
	index   int
	r       *replicate.Replica // nil while it is down
	sub     Subject
	readers []*reading
	types   []replicate.Type
	opening uint64
	offset  time.Duration // of its clock

	received idSet               // all that its objects were given
	live     idSet               // of those what they did not call obsolete
	own      []*replicate.Update // written, and shown to nobody yet
	news     []int               // given since the last check
	given    int                 // how often its objects were given something
	promised bool                // its clock may have moved since the last check

	tail *replicate.Tail // nil for a replica in memory
	disk []byte          // what was synced
	who  replicate.Author
}

// ids makes what a replica takes for random.
type ids uint64

func (s *ids) Read(p []byte) (int, error) {
	for i := range p {
		if i%8 == 0 {
			*s = ids(mix(uint64(*s), 1))
		}
		p[i] = byte(*s >> (i % 8 * 8))
	}
	return len(p), nil
}

// open makes n's replica, from its disk if it has one.
func (w *world) open(n *node) {
	n.received, n.live, n.news = nil, nil, n.news[:0]
	n.opening++
	n.types = append(n.types[:0:0], w.kind.Types...)
	for i := range n.types {
		n.types[i].Observe = n.observe
	}
	who := uint64(w.ids[n.index])
	random := ids(mix(w.seed, who<<32|n.opening))
	cfg := replicate.Config{Types: n.types, Rand: &random, Now: n.now}
	binary.BigEndian.PutUint64(cfg.ID[:], mix(w.seed, who))
	if w.signed && who%2 == 0 {
		cfg.Key = keyOf(cfg.ID)
	}
	n.r = replicate.New(cfg)
	w.restore(n)
	sub, err := w.kind.Open(n.r)
	if err != nil {
		w.fail(lawEdit, "replica %d: Open: %v", n.index, err)
		return
	}
	n.sub = sub
	for _, f := range sub.Follow {
		n.readers = append(n.readers, &reading{f: f})
	}
	if w.journals>>n.index&1 == 1 {
		n.who = n.r.Author()
		if n.tail, err = n.r.Attach(); err != nil {
			w.fail(lawSession, "replica %d: Attach: %v", n.index, err)
		}
	}
	n.promised = true
	w.check(n)
}

// keyOf is the key of a replica that signs, the same at each opening.
func keyOf(id replicate.ReplicaID) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(append(id[:], id[:]...))
}

// now reads n's clock.
func (n *node) now() time.Time { return epoch.Add(n.w.clock + n.offset) }

// restore reads n's disk. What its journal has never confirmed was shown to
// nobody: if it is gone, it has never been.
func (w *world) restore(n *node) {
	x := n.r.Restorer()
	for b := n.disk; len(b) > 0; {
		msg, size, err := frame.Parse(b, len(b))
		if err == nil {
			err = x.Frame(msg)
		}
		if err != nil {
			w.fail(lawSession, "replica %d: its file: %v", n.index, err)
			return
		}
		b = b[size:]
	}
	if n.who != "" {
		if err := n.r.Adopt(n.who); err != nil {
			w.fail(lawSession, "replica %d: Adopt: %v", n.index, err)
		}
	}
	kept := n.own[:0]
	for _, u := range n.own {
		if i, ok := w.known.find(u); ok && n.received.has(w.known.sorted[i].n) {
			kept = append(kept, u)
		} else if ok && n.tail != nil {
			w.known.remove(i)
		}
	}
	n.own = kept
	if n.tail != nil {
		w.carry(n)
	}
}

// observe is told what n's objects were given; see replicate.Type.
func (n *node) observe(u *replicate.Update, obsolete []*replicate.Update) {
	w := n.w
	id, ok := w.known.of(u)
	switch {
	case !ok && w.writing == 0:
		w.fail(lawSession, "replica %d was given %v, which nobody wrote", n.index, u.Stamp())
		return
	case !ok:
		n.wrote(u)
		id, _ = w.known.add(u, w.writing, n.received.clone())
	default:
		w.known.copied(u)
	}
	n.received.add(id)
	n.live.add(id)
	n.news = append(n.news, id)
	n.given++
	for _, v := range obsolete {
		old, ok := w.known.of(v)
		if !ok || !n.received.has(old) {
			w.fail(lawObsolete, "replica %d: %s called %s obsolete, which was not given",
				n.index, w.called(u), w.called(v))
			return
		}
		n.live.remove(old)
	}
}

// wrote checks the stamp of an own update: above all that its author has been
// given, directly or through what those authors had been given.
func (n *node) wrote(u *replicate.Update) {
	w := n.w
	n.own = append(n.own, u)
	w.newest[u.Stamp().Author] = max(w.newest[u.Stamp().Author], u.Stamp().Time)
	for i := len(w.known.sorted) - 1; i >= 0; i-- {
		e := &w.known.sorted[i]
		if u.Newer(e.u) {
			return
		}
		if n.received.has(e.n) {
			w.fail(lawStamps, "replica %d has seen %s, stamped %v, and wrote %s, stamped %v",
				n.index, w.called(e.u), e.u.Stamp(), w.kind.describe(u), u.Stamp())
		}
	}
}

// commit writes what is not yet durable to n's disk.
func (w *world) commit(n *node) bool {
	if n.tail == nil {
		return false
	}
	b, ok := n.tail.Take()
	if !ok {
		return false
	}
	n.disk = append(n.disk, b.Frames...)
	n.who = b.Author
	n.tail.Done(b)
	w.carry(n)
	return true
}

// tear crashes n in the middle of a group commit: some of its frames reach the
// disk, and nobody was told that any did.
func (w *world) tear(n *node, r uint64) bool {
	if n.tail == nil {
		return false
	}
	b, ok := n.tail.Take()
	if !ok {
		return false
	}
	var ends []int
	for at := 0; at < len(b.Frames); {
		_, size, err := frame.Parse(b.Frames[at:], len(b.Frames))
		if err != nil {
			w.fail(lawSession, "replica %d: its journal: %v", n.index, err)
			return false
		}
		ends = append(ends, at)
		at += size
	}
	keep := ends[r%uint64(len(ends))]
	n.disk = append(n.disk, b.Frames[:keep]...)
	if keep > 0 || !b.Renewed {
		n.who = b.Author
	}
	w.crash(n)
	return true
}

// crash stops n at once: what is on its disk stays.
func (w *world) crash(n *node) {
	w.disconnect(n)
	n.unfollow()
	n.r = nil
}
