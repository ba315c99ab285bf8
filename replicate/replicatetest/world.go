package replicatetest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// A breach is a law that a schedule broke.
type breach struct{ law, detail string }

// world is the replicas of one schedule, their disks and the links between
// them. It stops at the first breach.
type world struct {
	kind *Kind
	plan
	breach *breach

	pcg   rand.PCG
	rnd   *rand.Rand // of the step that is being done
	clock time.Duration

	nodes  []*node
	links  [maxReplicas][maxReplicas]*link // by the lower index, then the higher
	forgot bool                            // some deletions are forgotten
	groups uint8                           // bit i: the part of the net that i is in

	known   known
	newest  replicate.Clock // of all known
	writing uint64          // the key of the step that edits, 0 outside
	writes  []carrier
	shelf   []carrier // dumps

	buf   []*replicate.Update
	trace *trace // nil unless a history is wanted
}

// A carrier is a stream that brings updates: a dump, or of one write the
// beginning of one.
type carrier struct {
	key    uint64
	chunks [][]byte
	name   string // in a history
}

// epoch is when every schedule begins.
var epoch = time.UnixMilli(1_700_000_000_000)

// play plays a schedule, and returns what it breaks, or nil. A trace, if it is
// not nil, gets the history.
func play(k *Kind, p plan, t *trace) *breach {
	w := &world{kind: k, plan: p, trace: t}
	b := w.play()
	if b != nil || !p.again {
		return b
	}
	v := &world{kind: k, plan: p}
	if b = v.play(); b == nil {
		b = w.compareOps(v)
	}
	return b
}

func (w *world) play() (b *breach) {
	defer w.close()
	defer func() {
		if v := recover(); v != nil {
			b = &breach{lawPanic, fmt.Sprintf("%v%s", v, panicked(string(debug.Stack())))}
		}
	}()
	w.rnd, w.newest = rand.New(&w.pcg), replicate.Clock{}
	for i := range w.replicas {
		n := &node{w: w, index: i}
		w.nodes = append(w.nodes, n)
		w.open(n)
	}
	for i := 0; i < len(w.steps) && w.breach == nil; i++ {
		w.step(w.steps[i])
	}
	w.finish()
	return w.breach
}

// panicked returns where a panic came from: the calls down to this package's.
func panicked(stack string) string {
	_, calls, _ := strings.Cut(stack, "\npanic(")
	_, calls, _ = strings.Cut(calls, "\n\t")
	_, calls, _ = strings.Cut(calls, "\n")
	calls, _, _ = strings.Cut(calls, "/replicatetest.(*")
	lines := strings.Split(calls, "\n")
	return "\n    " + strings.Join(lines[:len(lines)-1], "\n    ")
}

// fail notes a breach; the first one counts.
func (w *world) fail(law, format string, args ...any) {
	if w.breach == nil {
		w.breach = &breach{law, fmt.Sprintf(format, args...)}
	}
}

// close ends all sessions and subscribers.
func (w *world) close() {
	for _, n := range w.nodes {
		w.disconnect(n)
		n.unfollow()
	}
}

// carry keeps what n has just written, or made durable, as a stream that
// brings nothing else and promises nothing: a dump that is cut off.
func (w *world) carry(n *node) {
	if len(n.own) == 0 {
		return
	}
	since := maps.Clone(w.newest)
	for _, u := range n.own {
		s := u.Stamp()
		since[s.Author] = min(since[s.Author], s.Time-1)
	}
	chunks, err := pull.Collect(context.Background(), n.r.Read(since))
	if err != nil {
		w.fail(lawEncoding, "replica %d: reading it: %v", n.index, err)
	}
	if len(chunks) > 2 { // else what was written is replaced already
		last := n.own[len(n.own)-1]
		i, _ := w.known.find(last)
		e := w.known.sorted[i]
		w.writes = append(w.writes, carrier{mix(e.key, uint64(e.n)), chunks[:2], w.trace.names(w, n.own)})
	}
	n.own = n.own[:0]
}

// pick returns the carrier that a step means, which stays the same when others
// are left out; nil if there is none.
func pick(from []carrier, r uint64) *carrier {
	var best *carrier
	for i := range from {
		if c := &from[i]; best == nil || mix(c.key, r) < mix(best.key, r) {
			best = c
		}
	}
	return best
}

// compareOps checks that a second play of the schedule wrote the same.
func (w *world) compareOps(v *world) *breach {
	for i, e := range w.known.sorted {
		if i >= len(v.known.sorted) {
			return &breach{lawEncoding, "the same edits, made again, made fewer updates"}
		}
		if f := v.known.sorted[i]; e.u.Stamp() != f.u.Stamp() || e.u.Op() != f.u.Op() {
			return &breach{lawEncoding, fmt.Sprintf("the same edits, made again, wrote %s instead of %s",
				w.kind.describe(f.u), w.kind.describe(e.u))}
		}
	}
	return nil
}

// called returns an update's name in histories, and what it does.
func (w *world) called(u *replicate.Update) string {
	if n, ok := w.known.of(u); ok {
		return letter(n) + " (" + w.kind.describe(u) + ")"
	}
	return u.Stamp().String()
}

func (k *Kind) describe(u *replicate.Update) string {
	if k.Describe != nil {
		return k.Describe(u.Op())
	}
	return fmt.Sprintf("%q", u.Op())
}
