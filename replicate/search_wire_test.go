package replicate_test

import "slices"

// exact reports whether scenes are told by all that they are. Frames that are on
// their way name places in logs, which then count as they are; and of a replica
// in two places it matters which of its openings were seen.
func (b *bound) exact() bool { return b.wire > 0 || b.copies > 0 }

// exactly returns the hash of a scene without any reduction.
func (x *search) exactly(sc *scene) uint64 {
	h := mixed(x.pasts.renamed(sc.past, 0), uint64(sc.wire))
	for i := range sc.at {
		h = mixed(h, uint64(sc.at[i].core)+1)
		for _, e := range sc.at[i].ends {
			h = mixed(h, uint64(e)+1)
		}
	}
	return h
}

const maxWire = 8

// wire is the frames that are on their way, by who sent them, to whom, and in
// order.
type wire [3][3][maxWire]uint32

// wires gives them numbers.
type wires struct {
	all []wire
	ids map[wire]uint32
}

func (w *wires) init() { *w = wires{all: []wire{{}}, ids: map[wire]uint32{{}: 0}} }

func (w *wires) number(what wire) uint32 {
	id, ok := w.ids[what]
	if !ok {
		id = uint32(len(w.all))
		w.ids[what] = id
		w.all = append(w.all, what)
	}
	return id
}

// moves appends the steps by which a frame moves.
func (x *search) moves(sc *scene, st step, steps []step) []step {
	if x.wire == 0 {
		return append(steps, st)
	}
	way := &x.wires.all[sc.wire][st.i][st.j]
	if way[x.wire-1] == 0 {
		st.kind = stepSend
		steps = append(steps, st)
	}
	if way[0] != 0 && x.takes(sc, int(st.i), int(st.j)) {
		st.kind = stepGet
		steps = append(steps, st)
	}
	return steps
}

// send puts a frame on its way from i to j.
func (x *search) send(sc *scene, i, j int) (bool, error) {
	e := x.act(sc, i, act{kind: actNext, j: uint8(j)})
	if e.none || e.err != nil || e.frame == 0 {
		return !e.none, e.err
	}
	w := x.wires.all[sc.wire]
	w[i][j][slices.Index(w[i][j][:], 0)] = e.frame
	sc.wire = x.wires.number(w)
	return true, nil
}

// get takes in at j what i has sent first.
func (x *search) get(sc *scene, i, j int) (bool, error) {
	w := x.wires.all[sc.wire]
	way := &w[i][j]
	frame := way[0]
	copy(way[:], way[1:])
	way[maxWire-1] = 0
	sc.wire = x.wires.number(w)
	return true, x.act(sc, j, act{kind: actTakes, j: uint8(i), arg: frame}).err
}

// drop loses what was on its way between two.
func (x *search) drop(sc *scene, i, j int) {
	if sc.wire == 0 {
		return
	}
	w := x.wires.all[sc.wire]
	w[i][j], w[j][i] = [maxWire]uint32{}, [maxWire]uint32{}
	sc.wire = x.wires.number(w)
}
