package replicate_test

import (
	"fmt"
	"math/bits"
	"slices"
)

// A step is one thing that happens.
type step struct {
	kind byte
	i, j uint8
	key  byte // of a write
}

// The kinds of steps. When only writes, cuts, crashes and deaths can be taken, a
// scene is at rest.
const (
	stepWrite  = 'W' // i writes key
	stepBoth   = 'X' // i writes both keys, in one transaction
	stepDelete = 'R' // i deletes key
	stepAgain  = 'A' // the session between i and j ends, and another begins
	stepCut    = 'C' // the session between i and j ends
	stepCrash  = 'K' // i crashes and is opened again, with j more frames on its disk
	stepDie    = 'E' // i dies for good
	stepOpen   = 'O' // i and j meet
	stepMove   = 'M' // one frame goes from i to j
	stepSend   = 'N' // i makes a frame for j, which is on its way from then on
	stepGet    = 'G' // and j takes the first of them in
	stepTake   = 'T' // i's journal takes what is new
	stepDone   = 'J' // and has it
	stepForget = 'F' // i forgets; with j in a hurry
	stepMember = 'S' // i declares other members: those of the bits of j
	stepCopy   = 'Y' // i's file is copied, with j more frames, and opened in the place that is empty
	stepFork   = 'P' // i goes on under an id of its own
	stepDump   = 'D' // i is dumped, in place of what was dumped before
	stepLoad   = 'L' // the dump is loaded into i; with j all but its end
)

func (s step) String() string {
	switch s.kind {
	case stepWrite:
		return fmt.Sprintf("W%d %c", s.i, s.key)
	case stepDelete:
		return fmt.Sprintf("W%d del %c", s.i, s.key)
	case stepBoth:
		return fmt.Sprintf("W%d xy", s.i)
	case stepAgain:
		return fmt.Sprintf("again%d-%d", s.i, s.j)
	case stepCut:
		return fmt.Sprintf("cut%d-%d", s.i, s.j)
	case stepCrash:
		return fmt.Sprintf("crash %d+%d", s.i, s.j)
	case stepDie:
		return fmt.Sprintf("%d dies", s.i)
	case stepOpen:
		return fmt.Sprintf("O%d-%d", s.i, s.j)
	case stepMove:
		return fmt.Sprintf("%d>%d", s.i, s.j)
	case stepSend:
		return fmt.Sprintf("%d>(%d)", s.i, s.j)
	case stepGet:
		return fmt.Sprintf("(%d)>%d", s.i, s.j)
	case stepTake:
		return fmt.Sprintf("T%d", s.i)
	case stepForget:
		return fmt.Sprintf("F%d", s.i)
	case stepMember:
		return fmt.Sprintf("members of %d: %03b", s.i, s.j)
	case stepCopy:
		return fmt.Sprintf("copy %d+%d", s.i, s.j)
	case stepFork:
		return fmt.Sprintf("fork %d", s.i)
	case stepDump:
		return fmt.Sprintf("dump %d", s.i)
	case stepLoad:
		return fmt.Sprintf("%d loads", s.i)
	}
	return fmt.Sprintf("J%d", s.i)
}

// settles reports whether a step only brings on what is under way.
func (s step) settles() bool {
	switch s.kind {
	case stepMove, stepSend, stepGet, stepTake, stepDone:
		return true
	}
	return false
}

// scene is a moment: the states of three replicas, and what has happened.
type scene struct {
	at   [3]seen // with core 0 for one that died for good
	past uint32
	wire uint32 // the number of what is on its way
}

func (sc *scene) alive(i int) bool { return sc.at[i].core != 0 }

func (sc *scene) linked(i, j int) bool { return sc.at[i].ends[j] != 0 }

// key returns the hash of a scene, the least of those under all renamings.
func (x *search) key(sc *scene) uint64 {
	if x.exact() {
		return x.exactly(sc)
	}
	least := ^uint64(0)
	var heard [3][3]uint64
	for i := range sc.at {
		for j := range sc.at {
			if i != j {
				heard[i][j] = x.heard(sc.at[i].core, sc.at[j].core)
			}
		}
	}
	for p, o := range x.orders {
		h := x.pasts.renamed(sc.past, p)
		for _, i := range o {
			s := &sc.at[i]
			h = mixed(h, x.cores[s.core].renamed[p])
			for _, j := range o {
				h = mixed(h^heard[i][j], x.ends[s.ends[j]].renamed[p])
			}
		}
		least = min(least, h)
	}
	return least
}

// mixed makes one number of two.
func mixed(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0xa0761d6478bd642f, b^0xe7037ed1a0b428db)
	return hi ^ lo ^ a*0x8ebc6af09c88c6e3
}

// hashes is a set of numbers.
type hashes struct {
	table []uint64
	n     int
	zero  bool
}

func (s *hashes) slot(h uint64) (i uint64, ok bool) {
	mask := uint64(len(s.table) - 1)
	for i = h & mask; s.table[i] != 0 && s.table[i] != h; i = (i + 1) & mask {
	}
	return i, s.table[i] == h
}

func (s *hashes) has(h uint64) bool {
	if h == 0 || s.n == 0 {
		return h == 0 && s.zero
	}
	_, ok := s.slot(h)
	return ok
}

// add reports whether h is new.
func (s *hashes) add(h uint64) bool {
	if h == 0 {
		was := s.zero
		s.zero = true
		return !was
	}
	if 4*s.n >= 3*len(s.table) {
		old := s.table
		s.table = make([]uint64, max(1024, 2*len(old)))
		for _, g := range old {
			if g != 0 {
				i, _ := s.slot(g)
				s.table[i] = g
			}
		}
	}
	i, ok := s.slot(h)
	if !ok {
		s.table[i] = h
		s.n++
	}
	return !ok
}

// past is what has happened that the replicas do not say.
type past struct {
	issued  [maxIssued]issue // every write that was ever made and not lost unseen
	n       int
	writes  int
	crashes int
	forgets int
	dumps   int
	dump    uint32 // its number, 0 for none
	copies  int
	told    uint8 // bit i: i was told that it is in two places
	forked  bool  // and one of them has an id of its own by now
}

const maxIssued = 6

// pasts gives them numbers.
type pasts struct {
	all    []past
	ids    map[past]uint32
	orders [][3]int
	hashes [][]uint64 // by renaming
	wrote  map[wrote]uint32
}

// wrote is what was written after a past.
type wrote struct {
	past uint32
	edge *edge
}

func (p *pasts) init(orders [][3]int) {
	*p = pasts{ids: map[past]uint32{}, wrote: map[wrote]uint32{}, orders: orders}
	p.number(past{})
}

func (p *pasts) number(what past) uint32 {
	slices.SortFunc(what.issued[:what.n], func(a, b issue) int { return a.stamp.Compare(b.stamp) })
	id, ok := p.ids[what]
	if ok {
		return id
	}
	id = uint32(len(p.all))
	p.ids[what] = id
	p.all = append(p.all, what)
	var hs []uint64
	for _, o := range p.orders {
		hs = append(hs, what.hash(o))
	}
	p.hashes = append(p.hashes, hs)
	return id
}

func (p *pasts) renamed(id uint32, order int) uint64 { return p.hashes[id][order] }

// hash returns a number for what has happened, under other names.
func (p past) hash(order [3]int) uint64 {
	h := mixed(uint64(p.writes)<<8|uint64(p.crashes), uint64(p.forgets)<<8|uint64(p.dumps))
	var parts []uint64
	for _, is := range p.issued[:p.n] {
		name := uint64(slices.Index(order[:], is.node))
		author := uint64(is.stamp.Author[len(is.stamp.Author)-1])
		flags := uint64(is.key[0])
		if is.safe {
			flags |= 1 << 8
		}
		if is.del {
			flags |= 1 << 9
		}
		g := mixed(uint64(is.stamp.Time), name<<32|author<<16|flags)
		parts = append(parts, mixed(g, uint64(is.group.Time)))
	}
	slices.Sort(parts)
	for _, g := range parts {
		h = mixed(h, g)
	}
	if p.dump > 0 {
		h = mixed(h, uint64(p.dump))
	}
	if p.copies > 0 {
		h = mixed(h, uint64(p.copies)<<8|uint64(p.told))
		if p.forked {
			h = mixed(h, 1)
		}
	}
	return h
}
