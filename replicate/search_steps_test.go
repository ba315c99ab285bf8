package replicate_test

import (
	"slices"
	"strings"

	"github.com/weir-go/weir/replicate"
)

// possible appends the steps that may be taken from a scene. Some of them turn
// out to be none.
func (x *search) possible(sc *scene, steps []step) []step {
	dead := x.dead(sc)
	for i := range sc.at {
		if !sc.alive(i) {
			continue
		}
		steps = x.alone(sc, i, steps)
		for j := range sc.at {
			if j == i || !sc.alive(j) {
				continue
			}
			ij := step{kind: stepMove, i: uint8(i), j: uint8(j)}
			linked := sc.linked(i, j)
			if linked && x.takes(sc, i, j) {
				steps = x.moves(sc, ij, steps)
			}
			switch {
			case i > j || !x.meet(sc, i, j):
			case !linked:
				ij.kind = stepOpen
				steps = append(steps, ij)
			case x.apart:
				ij.kind = stepCut
				steps = append(steps, ij)
			default:
				ij.kind = stepAgain
				steps = append(steps, ij)
			}
		}
	}
	for i := range sc.at {
		if sc.alive(i) && dead < x.deaths {
			steps = append(steps, step{kind: stepDie, i: uint8(i)})
		}
	}
	return steps
}

// meet reports whether two have sessions. In a line, the ends have when the middle
// is dead.
func (x *search) meet(sc *scene, i, j int) bool {
	return i != j && sc.alive(i) && sc.alive(j) && !(x.line && i+j == 2 && sc.alive(1))
}

// alone appends the steps that concern one replica.
func (x *search) alone(sc *scene, i int, steps []step) []step {
	past := &x.pasts.all[sc.past]
	if past.writes < x.writes && !x.mute(sc, i) && (x.cast == "" || strings.IndexByte("WB ", x.cast[i]) >= 0) {
		for k := range x.keys {
			if k > 0 && past.writes == 0 && !x.both {
				break // the first key is as good as the second
			}
			steps = append(steps, step{kind: stepWrite, i: uint8(i), key: x.keys[k]})
			if x.deletes {
				steps = append(steps, step{kind: stepDelete, i: uint8(i), key: x.keys[k]})
			}
		}
		if x.both {
			steps = append(steps, step{kind: stepBoth, i: uint8(i)})
		}
	}
	steps = x.copying(sc, i, x.forgetting(past, i, steps))
	c := &x.cores[sc.at[i].core]
	if c.seat.Tail == nil {
		return steps
	}
	if c.seat.Pending == nil {
		steps = append(steps, step{kind: stepTake, i: uint8(i)})
	} else {
		steps = append(steps, step{kind: stepDone, i: uint8(i)})
	}
	kept := c.kept[0]
	if x.lies {
		kept = c.kept[1]
	}
	for k := 0; k <= kept && past.crashes < x.crashes; k++ {
		steps = append(steps, step{kind: stepCrash, i: uint8(i), j: uint8(k)})
	}
	return steps
}

// take makes the scene that a step leads to; ok is false if the step is none.
func (x *search) take(sc scene, st step) (_ scene, ok bool, err error) {
	before := sc
	i, j := int(st.i), int(st.j)
	switch ok = true; st.kind {
	case stepWrite, stepBoth, stepDelete:
		ok, err = x.write(&sc, st)
	case stepOpen:
		err = x.open(&sc, i, j)
	case stepAgain:
		x.cut(&sc, i, j)
		err = x.open(&sc, i, j)
	case stepCut:
		x.cut(&sc, i, j)
	case stepDie:
		x.cutAll(&sc, i)
		sc.at[i] = seen{}
	case stepCrash:
		x.cutAll(&sc, i)
		ok = !x.act(&sc, i, act{kind: stepCrash, j: st.j}).none
		x.forget(&sc, i)
	case stepTake:
		ok = !x.act(&sc, i, act{kind: stepTake}).none
	case stepDone:
		ok = !x.act(&sc, i, act{kind: stepDone}).none
		x.confirm(&sc, i)
	case stepMove:
		ok, err = x.move(&sc, i, j)
	case stepSend:
		ok, err = x.send(&sc, i, j)
	case stepGet:
		ok, err = x.get(&sc, i, j)
	case stepCopy:
		x.copy(&sc, st)
	case stepFork:
		x.fork(&sc, i)
	default:
		ok = x.forgetful(&sc, st)
	}
	if err != nil && x.parting(err) {
		// It is over. What has happened to both stays.
		x.cut(&sc, i, j)
		err = nil
		ok = sc != before
	}
	if x.news(err) {
		err = nil // it stays here until the peer has heard it
	}
	if ok && err == nil && x.ending() {
		if st.settles() && x.counts() && !x.nearer(&before, &sc) {
			return sc, ok, errCircle
		}
		return sc, ok, x.end(&sc)
	}
	if ok && err == nil && !x.apart {
		err = x.linkAll(&sc)
	}
	if ok && err == nil && !x.rounds && !x.plain {
		x.hush(&sc)
	}
	if ok && err == nil && st.settles() && x.counts() && !x.nearer(&before, &sc) {
		err = errCircle
	}
	return sc, ok, err
}

// counts reports whether each step that brings something on is known to.
func (x *search) counts() bool {
	return x.without == noRule && x.members == 0 && x.wire == 0 && x.copies == 0
}

// act has seat i do something, and returns what came of it.
func (x *search) act(sc *scene, i int, what act) *edge {
	e := x.do(&sc.at[i], what)
	if x.trail != nil && !e.none {
		*x.trail = append(*x.trail, played{i, what})
	}
	return e
}

func (x *search) cut(sc *scene, i, j int) {
	x.act(sc, i, act{kind: actEnd, j: uint8(j)})
	x.act(sc, j, act{kind: actEnd, j: uint8(i)})
	x.drop(sc, i, j)
}

func (x *search) cutAll(sc *scene, i int) {
	for j := range sc.at {
		if j != i && sc.alive(j) && sc.linked(i, j) {
			x.cut(sc, i, j)
		}
	}
}

// linkAll has those meet that have no session.
func (x *search) linkAll(sc *scene) error {
	for i := range sc.at {
		for j := i + 1; j < len(sc.at); j++ {
			if x.meet(sc, i, j) && !sc.linked(i, j) {
				if err := x.open(sc, i, j); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// open starts a session; unless every frame of the handshake is a step of its
// own, both say who they are and where they stand.
func (x *search) open(sc *scene, i, j int) error {
	x.act(sc, i, act{kind: actBegin, j: uint8(j)})
	x.act(sc, j, act{kind: actBegin, j: uint8(i)})
	for k := 0; k < 2 && !x.greet; k++ {
		if _, err := x.pass(sc, i, j); err != nil {
			return err
		}
		if _, err := x.pass(sc, j, i); err != nil {
			return err
		}
	}
	return nil
}

// pass moves a frame from i to j, and returns its number, 0 for none.
func (x *search) pass(sc *scene, i, j int) (frame uint32, err error) {
	if !sc.linked(i, j) || !sc.linked(j, i) || !x.takes(sc, i, j) {
		return 0, nil
	}
	e := x.act(sc, i, act{kind: actNext, j: uint8(j)})
	if e.none || e.err != nil {
		return 0, e.err
	}
	return e.frame, x.act(sc, j, act{kind: actTakes, j: uint8(i), arg: e.frame}).err
}

// move passes a frame, and the acknowledgement that comes at once.
func (x *search) move(sc *scene, i, j int) (bool, error) {
	f, err := x.pass(sc, i, j)
	if f == 0 || err != nil {
		return f != 0, err
	}
	if replicate.IsMarker(x.chunks[f]) && !x.acks && x.ends[sc.at[j].ends[i]].ack {
		_, err = x.pass(sc, j, i)
	}
	return true, err
}

// hush moves every marker whose time has come and that says nothing new. It
// makes no difference to who takes it in, nor will it later; and to who sent it
// only that the next round can begin, which nothing could have joined any more,
// since all that was to be sent in this one was.
func (x *search) hush(sc *scene) {
	for n, moved := 0, true; moved && n < 20; n++ {
		moved = false
		for i := range sc.at {
			for j := range sc.at {
				if i != j && sc.alive(i) && sc.alive(j) && sc.linked(i, j) {
					moved = x.hushed(sc, i, j) || moved
				}
			}
		}
	}
}

func (x *search) hushed(sc *scene, i, j int) bool {
	look := sc.at[i]
	e := x.do(&look, act{kind: actNext, j: uint8(j)})
	if e.none || e.err != nil || !replicate.IsMarker(x.chunks[e.frame]) {
		return false
	}
	after, from := *sc, x.trail.len()
	_, err := x.move(&after, i, j)
	same := err == nil && x.same(&sc.at[j], &after.at[j])
	for k := range sc.at {
		same = same && (k == j || x.heard(sc.at[j].core, sc.at[k].core) == x.heard(after.at[j].core, after.at[k].core))
	}
	if !same {
		x.trail.cut(from)
		return false
	}
	*sc = after
	return true
}

// same reports whether two states of a replica differ in places alone.
func (x *search) same(a, b *seen) bool {
	ok := x.cores[a.core].renamed[0] == x.cores[b.core].renamed[0]
	for j := range a.ends {
		ok = ok && x.ends[a.ends[j]].renamed[0] == x.ends[b.ends[j]].renamed[0]
	}
	return ok
}

// write makes a write at one replica.
func (x *search) write(sc *scene, st step) (bool, error) {
	p := x.pasts.all[sc.past]
	e := x.act(sc, int(st.i), act{kind: st.kind, key: st.key, arg: uint32(p.writes)})
	if e.none {
		return false, nil
	}
	key := wrote{sc.past, e}
	if id, ok := x.pasts.wrote[key]; ok {
		sc.past = id
		return true, e.err
	}
	p.writes++
	for _, is := range e.made {
		p.issued[p.n] = is
		p.n++
	}
	sc.past = x.pasts.number(p)
	x.pasts.wrote[key] = sc.past
	return true, e.err
}

// confirm notes which of i's writes are on its disk for good.
func (x *search) confirm(sc *scene, i int) {
	p := x.pasts.all[sc.past]
	for k, is := range p.issued[:p.n] {
		if is.node == i && x.cores[sc.at[i].core].seat.Disk.Covers(is.stamp) {
			p.issued[k].safe = true
		}
	}
	sc.past = x.pasts.number(p)
}

// forget drops i's writes that were never confirmed and that nobody holds:
// nobody was shown them, so that they have never been.
func (x *search) forget(sc *scene, i int) {
	p := x.pasts.all[sc.past]
	p.crashes++
	held := map[replicate.Stamp]bool{}
	for k := range sc.at {
		if sc.alive(k) {
			x.cores[sc.at[k].core].seat.Replica.EachLive(func(u *replicate.Update) { held[u.Stamp()] = true })
		}
	}
	kept := slices.DeleteFunc(slices.Clone(p.issued[:p.n]), func(is issue) bool {
		return is.node == i && !is.safe && !held[is.stamp]
	})
	p.issued = [maxIssued]issue{}
	p.n = copy(p.issued[:], kept)
	sc.past = x.pasts.number(p)
}
