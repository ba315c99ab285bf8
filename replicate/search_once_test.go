package replicate_test

import (
	"errors"
	"fmt"

	"github.com/weir-go/weir/replicate"
)

// meeting is what a replica held when a session began that runs once.
type meeting struct {
	held [2]replicate.Time // the newest write of each key; no two have one time
	calm bool              // nothing was written since, nor came from another peer
}

func (s *seat) meets(j int) { s.met[j] = meeting{heldBy(s.Replica), true} }

// disturb notes that something happens to the replica by other means than the
// session with seat j.
func (s *seat) disturb(j int) {
	for k := range s.met {
		s.met[k].calm = s.met[k].calm && k == j
	}
}

func heldBy(r *replicate.Replica) (held [2]replicate.Time) {
	r.EachLive(func(u *replicate.Update) {
		at := &held[keyOf(u)[0]-'x']
		*at = max(*at, u.Stamp().Time)
	})
	return held
}

// lasts is what would be held after a crash.
func (s *seat) lasts() [2]replicate.Time {
	if s.Disk != nil {
		return heldBy(s.Disk)
	}
	return heldBy(s.Replica)
}

// met writes a meeting down.
func (a *actors) met(m meeting) []byte {
	if a.once == 0 {
		return nil
	}
	code := []byte{byte(a.coder.Tick(m.held[0])), byte(a.coder.Tick(m.held[1])), 0}
	if m.calm {
		code[2] = 1
	}
	return code
}

// ending reports whether sessions end by themselves, so that to meet is a step.
func (b *bound) ending() bool { return b.once != 0 || b.copies > 0 }

// end ends the sessions that are over.
func (x *search) end(sc *scene) error {
	x.hear(sc)
	for i := range sc.at {
		for j := range i {
			e, f := &x.ends[sc.at[i].ends[j]], &x.ends[sc.at[j].ends[i]]
			if e.gone || f.gone || e.failed != nil && f.failed != nil {
				x.cut(sc, i, j)
			}
			if !e.over || !f.over {
				continue
			}
			if err := x.exchanged(sc, i, j); err != nil {
				return err
			}
			r, s := x.cores[sc.at[i].core].seat.Replica, x.cores[sc.at[j].core].seat.Replica
			calm := e.seat.met[j].calm && f.seat.met[i].calm
			if calm && (r.Fingerprint() != s.Fingerprint() || r.Content() != s.Content()) {
				return fmt.Errorf("%d and %d have ended a session well, and differ: %s, %s", i, j, shown(r), shown(s))
			}
			x.cut(sc, i, j)
		}
	}
	return nil
}

// exchanged checks what bye says: that who says it has, durably, what either
// held when they met; and so has who has answered it.
func (x *search) exchanged(sc *scene, i, j int) error {
	for _, ends := range [2][2]int{{i, j}, {j, i}} {
		met := x.ends[sc.at[ends[0]].ends[ends[1]]].seat.met[ends[1]]
		for _, k := range ends {
			if k == j && !x.ends[sc.at[i].ends[j]].over {
				continue
			}
			lasts := x.cores[sc.at[k].core].lasts
			if lasts[0] < met.held[0] || lasts[1] < met.held[1] {
				return fmt.Errorf("%d said bye to %d, and %d lacks what %d had: %v, not %v", i, j, k, ends[0], lasts, met.held)
			}
		}
	}
	return nil
}

// resting checks a scene in which nothing is under way.
func (x *search) resting(sc scene) error {
	if !x.ending() {
		return x.converged(&sc)
	}
	linked := false
	for i := range sc.at {
		for j := range i {
			if !sc.linked(i, j) {
				continue
			}
			if linked = true; (x.once>>i|x.once>>j)&1 == 1 {
				return fmt.Errorf("the session of %d and %d is at rest before its end", i, j)
			}
			if a, b := &x.cores[sc.at[i].core], &x.cores[sc.at[j].core]; a.holds != b.holds {
				return fmt.Errorf("%d and %d are at rest: %s, %s", i, j, shown(a.seat.Replica), shown(b.seat.Replica))
			}
		}
	}
	if linked {
		return nil // where the session is cut is another scene
	}
	return x.mended(sc)
}

// reunite goes on until all have heard of each other.
func (x *search) reunite(sc *scene) error {
	for range 3 {
		for i := range sc.at {
			for j := i + 1; j < len(sc.at); j++ {
				if !x.meet(sc, i, j) {
					continue
				}
				if err := x.exchange(sc, i, j); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

var errEndless = errors.New("a session goes on for ever")

// exchange has two meet, until nothing is left to do.
func (x *search) exchange(sc *scene, i, j int) error {
	if err := x.open(sc, i, j); err != nil && !x.news(err) {
		return err
	}
	if err := x.end(sc); err != nil {
		return err
	}
	for n, moved := 0, true; moved; n++ {
		if n > 1000 {
			return errEndless
		}
		moved = false
		steps := []step{{kind: stepMove, i: uint8(i), j: uint8(j)}, {kind: stepMove, i: uint8(j), j: uint8(i)}}
		for _, st := range x.alone(sc, i, x.alone(sc, j, steps)) {
			if !st.settles() || st.kind == stepMove && !sc.linked(i, j) {
				continue
			}
			next, ok, err := x.take(*sc, st)
			if err != nil {
				return err
			}
			if ok {
				*sc, moved = next, true
			}
		}
	}
	if sc.linked(i, j) && (x.once>>i|x.once>>j)&1 == 1 {
		return fmt.Errorf("the session of %d and %d has not ended", i, j)
	}
	x.cut(sc, i, j)
	return nil
}
