package replicatetest

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// step does one thing, if it can be done.
func (w *world) step(s step) {
	if s.r>>60 == 0 {
		w.clock += time.Millisecond
	}
	a, b := w.nodes[s.a], w.nodes[s.b]
	if a.r == nil {
		if s.kind == stepRestart {
			w.restart(a)
		}
		return
	}
	if s.kind < stepFollow {
		if b.r != nil || s.kind == stepEdit || s.kind == stepPart || s.kind == stepHeal {
			w.linkStep(s, a, b)
		}
		return
	}
	switch s.kind {
	case stepFollow:
		w.follow(a, 1+int(s.r%4))
	case stepCommit:
		w.trace.did(w.commit(a), "J%d", a.index)
	case stepTear:
		w.trace.did(w.tear(a, s.r>>8), "J%d torn, crash", a.index)
	case stepCrash:
		w.crash(a)
		w.trace.did(true, "crash %d", a.index)
	case stepDump:
		w.dump(a, s.r)
	case stepLoad:
		w.load(a, s.r)
	case stepDeliver:
		w.deliver(a, s.r)
	case stepClock:
		w.stepClock(a, s.r)
	case stepFlow:
		if b.r != nil && w.linked(a, b, replicate.SyncConfig{}) {
			w.flow(a, b)
		}
	}
}

// linkStep does what concerns edits and links.
func (w *world) linkStep(s step, a, b *node) {
	switch s.kind {
	case stepEdit:
		w.edit(a, s.r)
	case stepMove:
		w.move(a, b)
	case stepSend:
		w.send(a, b)
	case stepLose:
		w.lose(a, b)
	case stepOpen:
		if at, _ := w.between(a, b); *at == nil && w.linked(a, b, replicate.SyncConfig{}) {
			w.trace.did(true, "O%d>%d", a.index, b.index)
			w.handshake(a, b)
		}
	case stepDial:
		if w.linked(a, b, replicate.SyncConfig{Once: s.r&1 == 1}) {
			w.trace.did(true, "O%d>%d", a.index, b.index)
		}
	case stepCut:
		w.trace.did(w.cut(a, b), "cut %d-%d", a.index, b.index)
	case stepPart:
		w.part(uint8(s.r))
	case stepHeal:
		w.groups = 0
	}
}

// edit does one edit at n.
func (w *world) edit(n *node, r uint64) {
	w.pcg.Seed(r, 'e')
	w.writing = r | 1
	err := n.sub.Edit(w.rnd)
	w.writing = 0
	w.trace.wrote(w, n)
	w.trace.did(err != nil, "W%d fails", n.index)
	if err != nil {
		w.fail(lawEdit, "replica %d: Edit: %v", n.index, err)
		return
	}
	if w.kind.Reencode != nil {
		w.reencode(n)
	}
	if n.tail == nil {
		w.carry(n)
	}
	w.check(n)
}

func (w *world) reencode(n *node) {
	for _, u := range n.own {
		op, err := w.kind.Reencode(u.Op())
		if err != nil || op != u.Op() {
			w.fail(lawEncoding, "op %q, encoded again, is %q, error %v", u.Op(), op, err)
		}
	}
}

// restart opens n from its disk, or empty.
func (w *world) restart(n *node) {
	w.trace.did(true, "restart %d", n.index)
	w.open(n)
	n.news = n.news[:0]
}

// part cuts the net in two.
func (w *world) part(groups uint8) {
	w.groups = groups
	cut := false
	for i, a := range w.nodes {
		for _, b := range w.nodes[:i] {
			if groups>>a.index&1 != groups>>b.index&1 {
				cut = w.cut(a, b) || cut
			}
		}
	}
	w.trace.did(cut, "partition %0*b", w.replicas, groups&(1<<w.replicas-1))
}

// stepClock moves n's clock back or forth, a little or up to two minutes.
func (w *world) stepClock(n *node, r uint64) {
	if !w.skew {
		w.clock += time.Duration(r%3) * time.Millisecond
		return
	}
	n.offset = time.Duration(r%240-120) * time.Second
	if r&(1<<32) != 0 {
		n.offset = time.Duration(int64(r%5)-2) * time.Millisecond
	}
	w.trace.did(true, "clock %d %+v", n.index, n.offset)
}

// dump keeps what n's replica reads as.
func (w *world) dump(n *node, r uint64) {
	chunks, err := pull.Collect(context.Background(), n.r.Read(nil))
	if err != nil {
		w.fail(lawEncoding, "replica %d: reading it: %v", n.index, err)
	}
	name := w.trace.dumped(n, len(w.shelf))
	w.shelf = append(w.shelf, carrier{r, chunks, name})
}

// load loads a dump into n, whole or cut off.
func (w *world) load(n *node, r uint64) {
	c := pick(w.shelf, r)
	if c == nil {
		return
	}
	chunks := c.chunks
	if r%3 == 0 {
		chunks = chunks[:len(chunks)-1]
	}
	w.take(n, chunks, len(chunks) < len(c.chunks), c.name)
}

// deliver brings n one write, and nothing else.
func (w *world) deliver(n *node, r uint64) {
	if c := pick(w.writes, r); c != nil {
		w.take(n, c.chunks, true, c.name)
	}
}

func (w *world) take(n *node, chunks [][]byte, cut bool, name string) {
	n.promised = true
	_, err := n.r.Load(context.Background(), pull.Values(chunks...))
	w.trace.loaded(w, n, name, cut)
	if err != nil && !(cut && errors.Is(err, io.ErrUnexpectedEOF)) {
		w.fail(lawSession, "replica %d refuses %s: %v", n.index, name, err)
	}
	w.check(n)
}
