package replicate_test

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/weir-go/weir/replicate"
)

// bound says which scenes a search goes through: all that can be reached by any
// number of steps, of which so many may be writes, crashes and deaths.
type bound struct {
	name    string
	writes  int
	both    bool   // a write may be a transaction over both keys
	deletes bool   // a write may be a deletion
	keys    string // "" for x and y
	kind    *kind  // nil for a model
	journal bool   // replicas have disks
	cast    string // of replicas that are not alike: D has a disk, W writes, B both, - neither
	lies    bool   // which lose what they confirmed: they come back as new authors
	crashes int
	deaths  int
	greet   bool // each frame of the handshake is a step
	still   bool // wall clocks stand, so that stamps are Lamport's
	rounds  bool // how much is sent between two markers matters
	line    bool // 0 and 2 meet only when another is dead
	links   int  // sessions at a time; 0 for three
	acks    bool // an acknowledgement is a step of its own
	deep    bool // depth first: less memory, longer histories
	limit   int  // give up after so many scenes; 0 for never
}

// found is what a search has come to.
type found struct {
	states, steps, rests int // scenes; ways between them; scenes at rest
	whole                bool
	took                 time.Duration
	err                  error // the law that broke, if one did
	history              []step
}

func (f found) String() string {
	s := fmt.Sprintf("%9d states %10d steps %8d at rest %8.1fs", f.states, f.steps, f.rests, f.took.Seconds())
	if !f.whole {
		s += "  (not all)"
	}
	if f.err != nil {
		s += "\n" + f.story()
	}
	return s
}

// story tells the history in the notation of the named tests.
func (f found) story() string {
	var out []string
	for _, st := range f.history {
		out = append(out, st.String())
	}
	return strings.Join(out, "; ") + "\n" + f.err.Error()
}

// search goes through scenes.
type search struct {
	bound
	without rule
	found
	seen  map[uint64]uint32
	seed  maphash.Seed
	canon replicate.Canon
	best  []byte
	todo  []*visit
	edges [][2]uint32
}

// visit is a scene that was come to, and how.
type visit struct {
	from  *visit
	by    step
	scene *scene // nil once it was left
	id    uint32
}

// searched goes through the whole bound, or until a law breaks.
func searched(b bound, without rule) found {
	x := newSearch(b, without)
	// Scenes are small and short-lived.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	begin := time.Now()
	x.visit(nil, step{}, x.opening())
	x.whole = true
	for len(x.todo) > 0 && x.err == nil {
		if x.limit > 0 && x.states >= x.limit {
			x.whole = false
			break
		}
		var v *visit
		if x.deep {
			v, x.todo = x.todo[len(x.todo)-1], x.todo[:len(x.todo)-1]
		} else {
			v, x.todo = x.todo[0], x.todo[1:]
		}
		x.leave(v)
	}
	if x.err == nil && x.circles() {
		x.err = errors.New("frames go round for ever")
	}
	x.took = time.Since(begin)
	return x.found
}

func newSearch(b bound, without rule) *search {
	x := &search{bound: b, without: without, seen: map[uint64]uint32{}, seed: maphash.MakeSeed()}
	x.canon = replicate.Canon{Base: replicate.TimeOf(firstMoment), Clock: b.still}
	if x.kind == nil {
		x.kind = last
	}
	if x.keys == "" {
		x.keys = "xy"
	}
	return x
}

// opening is the scene that a search begins with.
func (x *search) opening() *scene {
	first := &scene{}
	for i := range first.seats {
		if x.cast != "" && x.cast[i] == ' ' {
			continue
		}
		first.seats[i] = &seat{id: i, kind: x.kind, without: x.without}
		first.seats[i].open(x.journal || x.cast != "" && strings.IndexByte("DB", x.cast[i]) >= 0, false)
	}
	return first
}

// leave takes every step from a scene.
func (x *search) leave(v *visit) {
	sc := v.scene
	v.scene = nil
	rest := true
	for _, st := range x.possible(sc) {
		next, err := x.take(sc, st)
		if next == nil && err == nil {
			continue
		}
		x.steps++
		if err != nil {
			x.fail(v, st, err)
			return
		}
		rest = rest && st.kind != stepOpen && !st.settles()
		id := x.visit(v, st, next)
		if x.err != nil {
			return
		}
		if st.settles() {
			x.edges = append(x.edges, [2]uint32{v.id, id})
		}
	}
	if rest {
		x.rests++
		if err := x.converged(sc); err != nil {
			x.fail(v.from, v.by, err)
		}
	}
}

func (x *search) fail(v *visit, st step, err error) {
	x.err = err
	if x.history = []step{st}; v != nil {
		x.history = append(v.history(), st)
	}
}

// history returns the steps to a visit.
func (v *visit) history() (steps []step) {
	for ; v.from != nil; v = v.from {
		steps = append(steps, v.by)
	}
	slices.Reverse(steps)
	return steps
}

// visit comes to a scene, and returns its number; one that was seen is left
// alone.
func (x *search) visit(from *visit, by step, sc *scene) uint32 {
	key := x.key(sc)
	if id, ok := x.seen[key]; ok {
		return id
	}
	x.seen[key] = uint32(x.states)
	v := &visit{from: from, by: by, scene: sc, id: uint32(x.states)}
	x.states++
	if err := x.lawful(sc); err != nil {
		x.fail(from, by, err)
	}
	x.todo = append(x.todo, v)
	return v.id
}

// circles reports whether scenes can be gone round by steps that only bring on
// what is under way: it takes away scenes that no such step leads to, until
// none is left.
func (x *search) circles() bool {
	slices.SortFunc(x.edges, func(a, b [2]uint32) int { return cmp.Compare(a[0], b[0]) })
	into := make([]uint32, x.states)
	start := make([]int, x.states+1)
	for _, e := range x.edges {
		into[e[1]]++
		start[e[0]+1]++
	}
	var free []int
	for i, n := range into {
		start[i+1] += start[i]
		if n == 0 {
			free = append(free, i)
		}
	}
	left := x.states
	for ; len(free) > 0; left-- {
		i := free[len(free)-1]
		free = free[:len(free)-1]
		for _, e := range x.edges[start[i]:start[i+1]] {
			if into[e[1]]--; into[e[1]] == 0 {
				free = append(free, int(e[1]))
			}
		}
	}
	return left > 0
}

var (
	asIs    = [][3]int{{0, 1, 2}}
	anyhow  = [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}
	mirrors = [][3]int{{0, 1, 2}, {2, 1, 0}}
)
