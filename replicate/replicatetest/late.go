package replicatetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// What is done when all that are alive are equal: deletions are forgotten, or
// parts are sent. Who has forgotten something sends no parts, so that a schedule
// has one of the two.

// forgotten has all that are alive declare each other members and forget, go on
// writing, and meet who comes back from an old dump. What a reader sees must be
// what the oracle makes of all updates, as if nothing had been forgotten.
func (w *world) forgotten(alive []*node) {
	var ids []replicate.ReplicaID
	for _, n := range alive {
		ids = append(ids, n.r.ID())
	}
	for _, n := range alive {
		n.r.SetMembers(ids)
	}
	w.meet(alive) // members are known by the sessions with them
	some := false
	for i, n := range alive {
		if i > 0 && mix(w.seed, uint64(i))%3 == 0 {
			continue // it follows the others
		}
		state := n.sub.State()
		gone, err := n.r.Forget(mix(w.seed, uint64(i))%2 == 0)
		if err != nil {
			w.fail(lawForgetting, "replica %d: Forget: %v", n.index, err)
		}
		w.trace.did(gone > 0, "F%d", n.index)
		if some = some || gone > 0; n.sub.State() != state {
			w.fail(lawForgetting, "replica %d shows %q, and before it forgot %q", n.index, n.sub.State(), state)
		}
	}
	if !some || w.breach != nil {
		return
	}
	w.forgot = true
	for i, n := range alive {
		w.edit(n, mix(w.seed, uint64(1000+i)))
		w.commit(n)
	}
	w.meet(alive)
	w.agree(alive, lawForgetting)
	for i, c := range w.shelf {
		if w.breach == nil {
			w.returns(alive[0], c, byte(100+i))
		}
	}
}

// meet links all that are alive with each other, and settles.
func (w *world) meet(alive []*node) {
	shape := w.shape
	w.shape = shapeFull
	w.settle(alive)
	w.shape = shape
}

// agree checks that all show what the oracle makes of everything.
func (w *world) agree(alive []*node, law string) {
	var all idSet
	for _, n := range alive {
		all.addAll(n.received)
	}
	want := w.oracle(all)
	for _, n := range alive {
		if got := n.sub.State(); w.breach == nil && got != want {
			w.fail(law, "replica %d shows %q, the oracle makes %q of all that was written", n.index, got, want)
		}
	}
}

// returns has a replica of that id come back from an old dump, and meet n; then
// the dump is loaded into n, which refuses it or has all of it.
func (w *world) returns(n *node, c carrier, id byte) {
	r, sub, err := w.outsider(id)
	if err == nil {
		_, err = r.Load(context.Background(), pull.Values(c.chunks...))
	}
	if err != nil {
		w.fail(lawForgetting, "loading %s into an empty replica: %v", c.name, err)
		return
	}
	var back idSet // what has died with its author may come back, and is no more than that
	back.addAll(n.received)
	for _, u := range r.Live() {
		if number, ok := w.known.of(u); ok {
			back.add(number)
		}
	}
	replaced := false
	anew := replicate.SyncConfig{Resync: func([]*replicate.Update) { replaced = true }, FrameSize: w.frameSize}
	want := n.sub.State()
	err = talk(r, n.r, anew, replicate.SyncConfig{FrameSize: w.frameSize})
	w.trace.did(true, "one comes back from %s", c.name)
	if err != nil {
		w.fail(lawForgetting, "who comes back from an old dump: %v", err)
	}
	if now := n.sub.State(); now != want && (replaced || now != w.oracle(back)) {
		w.fail(lawForgetting, "replica %d shows %q, and before somebody came back from %s %q", n.index, now, c.name, want)
	}
	if want = n.sub.State(); !replaced {
		n.received = back
	}
	if got := sub.State(); got != want {
		w.fail(lawForgetting, "who comes back from %s shows %q, and replica %d %q", c.name, got, n.index, want)
	}
	_, err = n.r.Load(context.Background(), pull.Values(c.chunks...))
	if err != nil && !errors.Is(err, replicate.ErrBehind) {
		w.fail(lawForgetting, "replica %d, given %s: %v", n.index, c.name, err)
	}
	if got := n.sub.State(); got != want {
		w.fail(lawForgetting, "replica %d shows %q, and before it was given %s %q", n.index, got, c.name, want)
	}
}

// outsider is another replica, which the checks do not watch.
func (w *world) outsider(id byte) (*replicate.Replica, Subject, error) {
	random := ids(mix(w.seed, uint64(id)))
	r := replicate.New(replicate.Config{
		ID: replicate.ReplicaID{id}, Types: w.kind.Types, Rand: &random,
		Now: w.nodes[0].now,
	})
	sub, err := w.kind.Open(r)
	return r, sub, err
}

// talk runs a session of a with b until it has nothing more to say.
func talk(a, b *replicate.Replica, at, there replicate.SyncConfig) error {
	ends := [2]*replicate.Session{replicate.NewSession(a, at), replicate.NewSession(b, there)}
	for _, s := range ends {
		s.Begin()
		defer s.End()
	}
	for rounds, moved := 0, true; moved; rounds++ {
		if rounds == restless {
			return errors.New("there is always something to say")
		}
		moved = false
		for i, s := range ends {
			chunk, err := s.Next()
			if err == nil && chunk != nil {
				moved = true
				err = ends[1-i].Take(chunk)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// parted sends some objects, or some keys of one, to a replica that wants no
// more, then more, then all. What it shows must be what the oracle makes of the
// updates that it has asked for.
func (w *world) parted(n *node) {
	if len(w.known.sorted) == 0 {
		return
	}
	r, sub, err := w.outsider(4)
	if err != nil {
		w.fail(lawEdit, "Open: %v", err)
		return
	}
	rnd := rand.New(rand.NewPCG(w.seed, 'p'))
	var rules []replicate.Rule
	for range 3 {
		if w.breach != nil {
			return
		}
		if len(rules) < 2 {
			rules = append(rules, w.rule(rnd))
		} else {
			rules = []replicate.Rule{{Prefix: true}}
		}
		want := replicate.Only(rules...)
		err := talk(r, n.r, replicate.SyncConfig{Want: want, FrameSize: w.frameSize},
			replicate.SyncConfig{FrameSize: w.frameSize})
		w.trace.did(true, "one wants %v of %d", want, n.index)
		if err != nil {
			w.fail(lawParts, "who wants %v of replica %d: %v", want, n.index, err)
			return
		}
		var some idSet
		for i := range w.known.sorted {
			if e := &w.known.sorted[i]; n.received.has(e.n) && w.passes(rules, e.u) {
				some.add(e.n)
			}
		}
		if got, want := sub.State(), w.oracle(some); got != want {
			w.fail(lawParts, "who wants %v shows %q, the oracle makes %q of that", rules, got, want)
		}
	}
}

// rule is one that some update passes: by its key, or its object.
func (w *world) rule(rnd *rand.Rand) replicate.Rule {
	u := w.known.sorted[rnd.IntN(len(w.known.sorted))].u
	name := u.Object()
	rule := replicate.Rule{Type: name.Type, Name: name.Name}
	if f := w.typeOf(name.Type).Key; f != nil {
		rule.Key, _ = f(u.Op())
	}
	return rule
}

func (w *world) typeOf(tag string) *replicate.Type {
	for i := range w.kind.Types {
		if w.kind.Types[i].Tag == tag {
			return &w.kind.Types[i]
		}
	}
	panic(fmt.Sprintf("replicatetest: an update of type %q", tag))
}

// passes says in the simplest way what rules pass.
func (w *world) passes(rules []replicate.Rule, u *replicate.Update) bool {
	name := u.Object()
	key, ok := "", false
	if f := w.typeOf(name.Type).Key; f != nil {
		key, ok = f(u.Op())
	}
	for _, r := range rules {
		all := r == replicate.Rule{Prefix: true}
		same := r.Type == name.Type && r.Name == name.Name
		if all || same && (r.Key == "" || ok && len(key) >= len(r.Key) && key[:len(r.Key)] == r.Key) {
			return true
		}
	}
	return false
}
