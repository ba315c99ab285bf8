package replicate_test

import (
	"errors"
	"fmt"
	"slices"

	"github.com/weir-go/weir/replicate"
)

// copied is a replica's file that was copied, with so many frames more.
type copied struct {
	core  uint32
	frame uint8
}

// empty is the place for a copy.
const empty = 2

// drawsOfCopy is where the chance of a copy begins: it draws no author that the
// original does.
const drawsOfCopy = 16

// copying appends the steps that put a replica in two places, and that mend it.
func (x *search) copying(sc *scene, i int, steps []step) []step {
	p := &x.pasts.all[sc.past]
	c := &x.cores[sc.at[i].core]
	if i == 0 && p.copies < x.copies {
		for k := range c.kept[0] + 1 {
			steps = append(steps, step{kind: stepCopy, i: uint8(i), j: uint8(k)})
		}
	}
	if p.told>>i&1 == 1 && !p.forked && x.twice(sc, i) {
		steps = append(steps, step{kind: stepFork, i: uint8(i)})
	}
	return steps
}

// twice reports whether seat i is the replica that another one is.
func (x *search) twice(sc *scene, i int) bool {
	for j := range sc.at {
		if j != i && sc.alive(j) && x.cores[sc.at[j].core].seat.as == x.cores[sc.at[i].core].seat.as {
			return true
		}
	}
	return false
}

// mute reports whether seat i may not write, as it could be another's author.
func (x *search) mute(sc *scene, i int) bool {
	return x.twins && x.pasts.all[sc.past].told>>i&1 == 0 && x.twice(sc, i)
}

// copy opens a copy of a replica's file as it is now. It may be long until
// anybody meets it: then it was a backup.
func (x *search) copy(sc *scene, st step) {
	p := x.pasts.all[sc.past]
	p.copies++
	sc.past = x.pasts.number(p)
	what := copied{sc.at[st.i].core, st.j}
	id, ok := x.copied[what]
	if !ok {
		id = x.core(x.cores[what.core].seat.copyTo(empty, int(st.j), x.twins))
		x.actors.copied[what] = id
	}
	sc.at[empty] = seen{core: id}
	if x.trail != nil {
		*x.trail = append(*x.trail, played{empty, act{kind: stepCopy, j: st.j}})
	}
}

// copyTo opens a copy of the file at another place. As that is not where the file
// was written, it takes a new author; but for a twin, whom nothing tells so.
func (s *seat) copyTo(place, more int, twin bool) *seat {
	c := &seat{kind: s.kind, without: s.without, as: s.as, wall: s.wall, frames: s.frames}
	c.At, c.Who, c.Draws = place, s.Who, drawsOfCopy
	if s.Tail == nil {
		c.frames, c.Who = fileOf(s.clone().Replica), s.Replica.Author() // as if it had all been written
	}
	if more > 0 {
		c.frames = slices.Concat(s.base(), s.Pending.Frames[:s.ways(*s.Pending)[more]])
		c.Who = s.Pending.Author
	}
	c.open(s.Tail != nil, s.without != newAuthor && !twin)
	return c
}

// fork has seat i go on under an id of its own, with all that it holds.
func (x *search) fork(sc *scene, i int) {
	x.cutAll(sc, i)
	if x.act(sc, i, act{kind: stepFork}); x.cores[sc.at[i].core].seat.Disk != nil {
		x.confirm(sc, i)
	}
	p := x.pasts.all[sc.past]
	p.told, p.forked = 0, true
	sc.past = x.pasts.number(p)
}

// fork stops the replica well, and makes a file of its own of what it holds.
func (s *seat) fork() {
	journal := s.Tail != nil
	for journal && (s.Pending != nil || s.take()) {
		s.done(false)
	}
	if s.as = empty; journal {
		s.frames = fileOf(s.image(s.frames))
	} else {
		s.frames = fileOf(s.Replica)
	}
	s.open(journal, true)
}

// file is a new file of all that a replica holds.
func fileOf(r *replicate.Replica) (frames []byte) {
	w := r.Rewrite()
	defer w.Close()
	for over := false; !over; {
		some, last, err := w.Next()
		must(err)
		frames, over = append(frames, some...), last
	}
	return append(frames, r.AppendNotes(nil)...)
}

// takes reports whether j takes anything in from i: nothing once it has failed.
func (x *search) takes(sc *scene, i, j int) bool { return x.ends[sc.at[j].ends[i]].failed == nil }

// news reports whether an error ends a session, and the peer hears why.
func (x *search) news(err error) bool {
	return x.copies > 0 && (errors.Is(err, replicate.ErrForked) || errors.Is(err, replicate.ErrSuperseded))
}

// hear notes who was told that a replica is in two places.
func (x *search) hear(sc *scene) {
	p := x.pasts.all[sc.past]
	for i := range sc.at {
		for _, e := range sc.at[i].ends {
			if errors.Is(x.ends[e].failed, replicate.ErrForked) && x.twice(sc, i) && !p.forked {
				p.told |= 1 << i
			}
		}
	}
	if p.told != x.pasts.all[sc.past].told {
		sc.past = x.pasts.number(p)
	}
}

// placed checks that a replica in two places never goes into a session with
// itself.
func (x *search) placed(sc *scene) error {
	for i := range sc.at {
		for j := range i {
			if !sc.linked(i, j) || x.cores[sc.at[i].core].seat.as != x.cores[sc.at[j].core].seat.as {
				continue
			}
			if x.ends[sc.at[i].ends[j]].idle || x.ends[sc.at[j].ends[i]].idle {
				return fmt.Errorf("%d and %d are one replica, and have a session", i, j)
			}
		}
	}
	return nil
}

// mended goes on until all have heard of each other, and checks that all are
// equal; but for a replica in two places, who are both told. If there is one,
// both ways to mend that lead there.
func (x *search) mended(sc scene) error {
	if err := x.reunite(&sc); err != nil {
		return err
	}
	p := x.pasts.all[sc.past]
	twice := false
	for i := range sc.at {
		if !sc.alive(i) || p.forked || !x.twice(&sc, i) {
			continue
		}
		if twice = true; p.told>>i&1 == 0 {
			return fmt.Errorf("%d is one of two, and was not told: %03b", i, p.told)
		}
		now := sc
		x.fork(&now, i)
		if err := x.reunite(&now); err != nil {
			return err
		}
		if err := x.level(&now); err != nil {
			return fmt.Errorf("with %d forked: %w", i, err)
		}
	}
	if twice {
		return nil
	}
	return x.level(&sc)
}

// level checks that all are equal, and that nothing is lost.
func (x *search) level(sc *scene) error {
	if err := x.equal(sc); err != nil || x.lies {
		return err
	}
	return x.kept(sc)
}

// kept checks that what was confirmed to whoever wrote it is held by all, if the
// writer is alive.
func (x *search) kept(sc *scene) error {
	for _, is := range x.pasts.all[sc.past].issued[:x.pasts.all[sc.past].n] {
		for i := range sc.at {
			if !sc.alive(is.node) || !sc.alive(i) || !is.safe && x.cores[sc.at[is.node].core].seat.Tail != nil {
				continue
			}
			if held := heldBy(x.cores[sc.at[i].core].seat.Replica); held[is.key[0]-'x'] < is.stamp.Time {
				return fmt.Errorf("%d lacks %v of %s, which was confirmed", i, is.stamp, is.key)
			}
		}
	}
	return nil
}

// dead counts those that died for good.
func (x *search) dead(sc *scene) (n int) {
	for i := range sc.at {
		if !sc.alive(i) && (x.cast == "" || x.cast[i] != ' ' || x.pasts.all[sc.past].copies > 0) {
			n++
		}
	}
	return n
}
