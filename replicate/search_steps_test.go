package replicate_test

import (
	"strings"

	"github.com/weir-go/weir/replicate"
)

// possible returns the steps that may be taken from a scene. Some of them turn
// out to be none.
func (x *search) possible(sc *scene) (steps []step) {
	dead := sc.dead()
	for i := range sc.seats {
		if !sc.alive(i) {
			continue
		}
		steps = x.alone(sc, i, steps)
		for j := range sc.seats {
			if j == i || !sc.alive(j) || x.line && i+j == 2 && dead == 0 {
				continue
			}
			linked := sc.linked(i, j)
			switch {
			case linked && !sc.seats[i].Ends[j].Quiet():
				steps = append(steps, step{kind: stepMove, i: i, j: j})
			case !linked && i < j && (x.links == 0 || sc.links() < x.links):
				steps = append(steps, step{kind: stepOpen, i: i, j: j})
			}
			if linked && i < j {
				steps = append(steps, step{kind: stepCut, i: i, j: j})
			}
		}
	}
	for i := range sc.seats {
		if sc.alive(i) && dead < x.deaths {
			steps = append(steps, step{kind: stepDie, i: i})
		}
	}
	return steps
}

// alone returns the steps that concern one replica.
func (x *search) alone(sc *scene, i int, steps []step) []step {
	if sc.writes < x.writes && (x.cast == "" || strings.IndexByte("WB", x.cast[i]) >= 0) {
		for k := range x.keys {
			if k > 0 && sc.writes == 0 && !x.both {
				break // the first key is as good as the second
			}
			steps = append(steps, step{kind: stepWrite, i: i, key: x.keys[k]})
			if x.deletes {
				steps = append(steps, step{kind: stepDelete, i: i, key: x.keys[k]})
			}
		}
		if x.both {
			steps = append(steps, step{kind: stepBoth, i: i})
		}
	}
	s := sc.seats[i]
	if s.Tail == nil {
		return steps
	}
	kept := 0
	if s.Pending == nil {
		steps = append(steps, step{kind: stepTake, i: i})
	} else {
		steps = append(steps, step{kind: stepDone, i: i})
		kept = len(cuts(s.Pending.Frames)) - 1
	}
	if x.lies {
		kept += len(cuts(s.frames)) - 1
	}
	for k := 0; k <= kept && sc.crashes < x.crashes; k++ {
		steps = append(steps, step{kind: stepCrash, i: i, j: k})
	}
	return steps
}

// take makes the scene that a step leads to; nil if the step is none.
func (x *search) take(sc *scene, st step) (*scene, error) {
	next := *sc
	err := error(nil)
	happens := true
	switch st.kind {
	case stepWrite, stepBoth, stepDelete:
		err = next.write(st, x.still)
		happens = next.writes > sc.writes
	case stepOpen:
		err = next.open(st.i, st.j, x.greet)
	case stepCut:
		next.cut(st.i, st.j)
	case stepDie:
		next.cutAll(st.i)
		next.seats[st.i] = nil
	case stepCrash:
		next.crash(st.i, st.j, x.lies)
		x.recovered(sc.seats[st.i], next.seats[st.i])
	case stepTake:
		happens = next.own(st.i).take(x.without)
	case stepDone:
		next.done(st.i, x.lies)
	case stepMove:
		happens, err = x.move(&next, st.i, st.j)
	}
	if !happens && err == nil {
		return nil, nil
	}
	for i, s := range next.seats {
		if s != nil && s != sc.seats[i] {
			x.spoil(s)
		}
	}
	return &next, err
}

// move passes a frame, and the acknowledgement that comes at once.
func (x *search) move(sc *scene, i, j int) (bool, error) {
	from, to := sc.own(i), sc.own(j)
	if x.without == cutMarkers {
		from.Ends[j].ChaseHead()
	}
	b, err := sc.pass(i, j, x.without)
	if b == nil || err != nil {
		return b != nil, err
	}
	switch {
	case replicate.IsUpdates(b) && x.without == markers:
		to.Replica.Heard()
	case replicate.IsMarker(b) && !x.acks && to.Ends[i].AckDue():
		_, err = sc.pass(j, i, x.without)
	}
	return true, err
}
