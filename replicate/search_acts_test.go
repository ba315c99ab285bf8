package replicate_test

import (
	"fmt"
	"io"

	"github.com/weir-go/weir/replicate"
)

// An act is what one replica does by itself, or what one frame does to it. It is
// a function of the replica's own state. So replicas that are seen again in
// other company need not be moved again: what an act leads to is noted. It is
// noted for each part of the replica: what it holds and promises, its core, and
// each end of a session, which no act on another one looks at.
type act struct {
	kind byte
	j    uint8 // the other seat, or how much of a disk is kept
	key  byte
	arg  uint32 // of a frame its number; of a write how many there were
}

// The kinds of acts beyond those that are whole steps.
const (
	actBegin   = 'b' // opens its end of a session with j
	actEnd     = 'e' // ends it
	actNext    = 'n' // makes a frame for j
	actTakes   = 't' // takes one of j's in
	actRestart = 'r' // is another opening, so that no token of it is worth anything
)

// with reports whether an act is by or through the session with seat j.
func (a act) with(j int) bool {
	switch a.kind {
	case actBegin, actEnd, actNext, actTakes:
		return int(a.j) == j
	}
	return false
}

// through reports whether it is through any session.
func (a act) through() bool { return a.with(int(a.j)) }

// edge is where an act leads the core, and the end that it is through.
type edge struct {
	core  uint32
	end   uint32
	frame uint32  // that was made; 0 for none
	made  []issue // what was written
	err   error
	none  bool // there is nothing to do
}

// core is what a replica holds and promises.
type core struct {
	seat     *seat    // a replica that is like that, without sessions
	renamed  []uint64 // places reduced, under each renaming
	progress replicate.Progress
	kept     [2]int            // frames that a crash may leave, more or in all
	holds    string            // equal for equal replicas
	lasts    [2]replicate.Time // of each key, durably
}

// end is one end of a session.
type end struct {
	seat     *seat // a replica that has it
	renamed  []uint64
	progress replicate.Progress
	next     *edge // what it sends leads there, once that is known
	ack      bool  // has an ack to send
	idle     bool  // past the handshake
	sent     int   // updates since the last marker
	left     bool  // has said bye
	over     bool  // and heard it
	failed   error // why it ends, if not well
	gone     bool  // and has sent all that it will
}

// actors notes the states of replicas, and where acts lead.
type actors struct {
	*bound
	without rule
	coder   replicate.Coder
	orders  [][3]int
	ids     [2]map[string]uint32 // of cores and ends
	cores   []core               // 0 is who is dead
	ends    []end                // 0 is none
	chunks  [][]byte             // frames, by number
	frames  map[string]uint32
	leads   map[from]*edge
	takings map[uint64]*edge // by end and frame
	goes    map[along]uint32
	pairs   map[[2]uint32]uint64
	copied  map[copied]uint32
}

// from is an act of a core, and the ends that it looks at.
type from struct {
	core uint32
	ends [3]uint32
	act
}

// along is an end that another act than its own changes.
type along struct {
	core, end, to uint32
	act
}

func newActors(b *bound, without rule, orders [][3]int) *actors {
	a := &actors{
		bound: b, without: without, orders: orders,
		ids:    [2]map[string]uint32{{}, {}},
		cores:  []core{{renamed: make([]uint64, len(orders))}},
		ends:   []end{{renamed: make([]uint64, len(orders))}},
		chunks: [][]byte{nil}, frames: map[string]uint32{},
		leads: map[from]*edge{}, takings: map[uint64]*edge{}, goes: map[along]uint32{},
		pairs: map[[2]uint32]uint64{}, copied: map[copied]uint32{},
	}
	a.coder = replicate.Coder{
		Base: replicate.TimeOf(firstMoment), Clock: b.still, Ops: b.kind != last,
		Forgets: b.members != 0, Dropped: b.deletes, Waits: b.journal || b.cast != "" || b.once != 0, Copies: b.copies > 0, Exact: b.exact(),
	}
	return a
}

// seen is the state of a replica, in parts.
type seen struct {
	core uint32
	ends [3]uint32
}

// do has a replica do something, and returns what came of it.
func (a *actors) do(s *seen, what act) *edge {
	e := a.noted(s, what)
	if e == nil {
		e = a.play(*s, what)
	}
	if e.none {
		return e
	}
	if what.kind == actNext && e.core == s.core {
		s.ends[what.j] = e.end
		return e
	}
	after := seen{core: e.core}
	for j, id := range s.ends {
		switch {
		case what.with(j):
			after.ends[j] = e.end
		case what.kind == stepCrash || id == 0:
		case e.core == s.core && what.kind != actTakes:
			after.ends[j] = id
		default:
			to, ok := a.goes[along{s.core, id, e.core, what}]
			if !ok {
				a.play(*s, what)
				to = a.goes[along{s.core, id, e.core, what}]
			}
			after.ends[j] = to
		}
	}
	*s = after
	return e
}

// noted returns where an act is known to lead; nil if it is not.
func (a *actors) noted(s *seen, what act) *edge {
	switch what.kind {
	case actNext:
		return a.ends[s.ends[what.j]].next
	case actTakes:
		return a.takings[uint64(s.ends[what.j])<<32|uint64(what.arg)]
	}
	return a.leads[s.from(what)]
}

// note notes it.
func (a *actors) note(s *seen, what act, e *edge) {
	switch what.kind {
	case actNext:
		a.ends[s.ends[what.j]].next = e
	case actTakes:
		a.takings[uint64(s.ends[what.j])<<32|uint64(what.arg)] = e
	default:
		a.leads[s.from(what)] = e
	}
}

func (s *seen) from(what act) from {
	f := from{core: s.core, act: what}
	switch {
	case what.through():
		f.ends[0] = s.ends[what.j]
	case what.kind == stepForget:
		f.ends = s.ends // it waits for who is connected
	}
	return f
}

// play does an act, and notes where it leads all parts.
func (a *actors) play(before seen, what act) *edge {
	s := a.cores[before.core].seat.clone()
	for j, id := range before.ends {
		if id != 0 {
			s.Graft(j, a.ends[id].seat.Place)
			s.round[j], s.met[j] = a.ends[id].seat.round[j], a.ends[id].seat.met[j]
		}
	}
	e := a.act(s, what)
	a.note(&before, what, e)
	if e.none {
		return e
	}
	s.Tidy()
	var ends [3]uint32
	for j := range s.Ends {
		if s.Ends[j] != nil {
			ends[j] = a.end(s, j)
		}
	}
	e.core = a.core(s)
	if what.through() {
		e.end = ends[what.j]
	}
	for j, id := range before.ends {
		if id != 0 && !what.with(j) {
			a.goes[along{before.core, id, e.core, what}] = ends[j]
		}
	}
	return e
}

// act does an act to a seat that it may change.
func (a *actors) act(s *seat, what act) *edge {
	j := int(what.j)
	e := &edge{}
	switch what.kind {
	case actBegin:
		s.begin(j, a.syncing(s))
		if a.once != 0 {
			s.meets(j)
		}
	case actEnd:
		s.end(j)
	case actNext:
		var b []byte
		if b, e.err = s.next(j); e.err == io.EOF {
			e.err = nil
		}
		e.frame = a.frame(b)
		e.none = b == nil && e.err == nil
	case actTakes:
		e.err = s.takes(j, a.chunks[what.arg])
	case stepWrite, stepBoth, stepDelete:
		if !a.still {
			s.wall = int64(what.arg)
		}
		e.made, e.err = s.write(what.kind, what.key, int(what.arg))
		e.none = e.made == nil
	case stepTake:
		e.none = !s.take()
	case stepDone:
		s.done(a.lies)
	case stepCrash:
		before := s.Replica
		s.crash(j, a.lies)
		s.recovered(before)
	case stepFork:
		s.fork()
	case stepForget, stepMember, stepLoad:
		e.none = !a.forgetfully(s, what)
	case actRestart:
		s.Replica.NewEpoch()
	default:
		panic(fmt.Sprintf("act %q", what.kind))
	}
	s.spoil()
	return e
}

func (a *actors) frame(b []byte) uint32 {
	if b == nil {
		return 0
	}
	n, ok := a.frames[string(b)]
	if !ok {
		n = uint32(len(a.chunks))
		a.chunks = append(a.chunks, b)
		a.frames[string(b)] = n
	}
	return n
}

// syncing is how a seat goes into a session.
func (a *actors) syncing(s *seat) (cfg replicate.SyncConfig) {
	if a.members != 0 {
		cfg.Resync = func([]*replicate.Update) {}
	}
	if key := a.wants[s.At]; key != "" {
		cfg.Want = keys(key)
	}
	cfg.Once = a.once>>s.At&1 == 1
	return cfg
}
