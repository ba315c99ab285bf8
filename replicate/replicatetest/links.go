package replicatetest

import (
	"io"

	"github.com/weir-go/weir/replicate"
)

// link is a session between two nodes, half of it at each end.
type link struct {
	ends [2]*replicate.Session // of the node with the lower index, and the other
	way  [2][][]byte           // frames on their way from that end
	said [2]bool               // that end has said its last
}

// between returns the place of the link between two nodes, and a's end.
func (w *world) between(a, b *node) (at **link, end int) {
	if a.index > b.index {
		return &w.links[b.index][a.index], 1
	}
	return &w.links[a.index][b.index], 0
}

// dial opens a session, in place of one that is there.
func (w *world) dial(a, b *node, cfg replicate.SyncConfig) {
	w.cut(a, b)
	at, end := w.between(a, b)
	cfg.FrameSize = w.frameSize
	l := &link{}
	l.ends[end] = replicate.NewSession(a.r, cfg)
	l.ends[1-end] = replicate.NewSession(b.r, replicate.SyncConfig{FrameSize: w.frameSize})
	l.ends[0].Begin()
	l.ends[1].Begin()
	*at = l
}

// cut ends the session between a and b, wherever it is, and reports whether
// there was one.
func (w *world) cut(a, b *node) bool {
	at, _ := w.between(a, b)
	if *at == nil {
		return false
	}
	(*at).ends[0].End()
	(*at).ends[1].End()
	*at = nil
	return true
}

// disconnect cuts all of n's sessions.
func (w *world) disconnect(n *node) {
	for _, m := range w.nodes {
		if m != n {
			w.cut(n, m)
		}
	}
}

// next returns what a sends to b next, nil if nothing.
func (w *world) next(a, b *node) []byte {
	at, end := w.between(a, b)
	l := *at
	if l == nil || l.said[end] {
		return nil
	}
	chunk, err := l.ends[end].Next()
	switch {
	case err == io.EOF:
		l.said[end] = true
	case err != nil:
		w.fail(lawSession, "replica %d: sending to %d: %v", a.index, b.index, err)
	}
	return chunk
}

// send puts a frame of a on its way to b.
func (w *world) send(a, b *node) bool {
	at, end := w.between(a, b)
	chunk := w.next(a, b)
	if chunk == nil {
		return false
	}
	(*at).way[end] = append((*at).way[end], chunk)
	w.trace.sent(a, b, chunk)
	return true
}

// lose has a frame of a leave for b and the link cut before it is there.
func (w *world) lose(a, b *node) bool {
	chunk := w.next(a, b)
	if chunk == nil {
		return false
	}
	w.trace.sent(a, b, chunk)
	w.cut(a, b)
	return true
}

// move takes one frame from a to b, and reports whether there was one. A
// session that both ends have left is ended.
func (w *world) move(a, b *node) bool {
	at, end := w.between(a, b)
	l := *at
	if l == nil {
		return false
	}
	var chunk []byte
	if way := l.way[end]; len(way) > 0 {
		chunk, l.way[end] = way[0], way[1:]
	} else {
		chunk = w.next(a, b)
	}
	if chunk == nil {
		if l.said[0] && l.said[1] && len(l.way[0])+len(l.way[1]) == 0 {
			w.cut(a, b)
		}
		return false
	}
	clock := w.trace.clock(b)
	err := l.ends[1-end].Take(chunk)
	if kindOf(chunk) == kindMarker {
		b.promised = true
	}
	w.trace.moved(a, b, chunk, clock)
	if err != nil {
		w.fail(lawSession, "replica %d refuses what %d sends: %v", b.index, a.index, err)
	}
	w.check(b)
	return true
}

// flow moves frames between a and b until there is none.
func (w *world) flow(a, b *node) (moved bool) {
	for rounds, again := 0, true; again && w.breach == nil; rounds++ {
		if rounds == restless {
			w.fail(lawConvergence, "replicas %d and %d have always something to say", a.index, b.index)
		}
		again = w.move(a, b)
		again = w.move(b, a) || again
		moved = moved || again
	}
	return moved
}

// linked reports whether a and b have a session, and opens one if they can.
func (w *world) linked(a, b *node, cfg replicate.SyncConfig) bool {
	if at, _ := w.between(a, b); *at != nil {
		return true
	}
	if w.groups>>a.index&1 != w.groups>>b.index&1 {
		return false
	}
	w.dial(a, b, cfg)
	return true
}

// handshake moves who both are and, if they differ, where they stand.
func (w *world) handshake(a, b *node) {
	for range 2 {
		w.move(a, b)
		w.move(b, a)
	}
}
