package replicate_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

// bound says which scenes a search goes through: all that can be reached by any
// number of steps, of which so many may be writes, crashes and deaths.
type bound struct {
	name    string
	writes  int
	both    bool // a write may be a transaction over both keys
	deletes bool // a write may be a deletion
	keys    string
	kind    *kind  // nil for a model
	journal bool   // replicas have disks
	cast    string // of replicas, where not all are alike: W writes, D has a disk
	lies    bool   // which lose what they confirmed: they come back as new authors
	crashes int
	deaths  int
	greet   bool // each frame of the handshake is a step
	still   bool // wall clocks stand, so that stamps are Lamport's
	rounds  bool // how much is sent between two markers matters
	line    bool // 0 and 2 never meet
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

// explore searches the whole bound, or until a law breaks.
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
		first.seats[i].open(x.journal || x.cast != "" && x.cast[i] == 'D', false)
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

// key returns the hash of a scene's state, the least of those under all
// renamings of the replicas that could not be told from this one. Ties between
// stamps go by name, so that there is no renaming where there are ties.
func (x *search) key(sc *scene) uint64 {
	x.best = x.best[:0]
	for _, order := range x.orders(sc) {
		b := x.state(sc, order)
		if len(x.best) == 0 || bytes.Compare(b, x.best) < 0 {
			x.best = append(x.best[:0], b...)
		}
	}
	return maphash.Bytes(x.seed, x.best)
}

var (
	asIs    = [][3]int{{0, 1, 2}}
	anyhow  = [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}
	mirrors = [][3]int{{0, 1, 2}, {2, 1, 0}}
)

// orders returns the orders of seats worth writing down: those by sketch.
func (x *search) orders(sc *scene) [][3]int {
	if x.still || x.cast != "" {
		return asIs
	}
	all := anyhow
	if x.line {
		all = mirrors
	}
	var sketch [3]uint32
	for i, s := range sc.seats {
		if s != nil {
			sketch[i] = s.Sketch()
		}
	}
	var least [3]uint32
	var out [][3]int
	for _, o := range all {
		now := [3]uint32{sketch[o[0]], sketch[o[1]], sketch[o[2]]}
		switch c := slices.Compare(now[:], least[:]); {
		case len(out) == 0 || c < 0:
			least, out = now, append(out[:0], o)
		case c == 0:
			out = append(out, o)
		}
	}
	return out
}

// state writes a scene down with its seats in an order.
func (x *search) state(sc *scene, order [3]int) []byte {
	c := &x.canon
	var name [3]byte
	var seats [3]*replicate.Seat
	for at, i := range order {
		name[i] = byte(at)
	}
	for i, s := range sc.seats {
		if s != nil {
			seats[i] = &s.Seat
		}
	}
	c.Begin(seats[:], name)
	for _, i := range order {
		s := sc.seats[i]
		if s == nil {
			c.Dead()
			continue
		}
		c.Seat(i, order[:])
		if x.rounds {
			for _, j := range order {
				c.Byte(byte(s.round[j]))
			}
		}
	}
	issued := slices.Clone(sc.issued)
	slices.SortFunc(issued, func(a, b issue) int { return cmp.Compare(c.Key(a.stamp), c.Key(b.stamp)) })
	for _, is := range issued {
		c.Stamp(is.stamp)
		c.Byte(is.key[0])
		if is.safe {
			c.Byte(1)
		}
		if is.group.Time > 0 {
			c.Stamp(is.group)
		}
	}
	c.Byte(0)
	c.Byte(byte(sc.writes<<4 | sc.crashes))
	return c.Bytes()
}

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
	if sc.writes < x.writes && (x.cast == "" || i == 0) {
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

// lawful checks the promise of every replica: of each write that its clock
// covers, it holds that write or a newer one of the key; and of transactions
// all or nothing.
func (x *search) lawful(sc *scene) error {
	for i, s := range sc.seats {
		if s == nil {
			continue
		}
		var newest [2]replicate.Stamp
		s.Replica.EachLive(func(u *replicate.Update) {
			n := &newest[keyOf(u)[0]-'x']
			if at := u.Stamp(); n.Compare(at) < 0 {
				*n = at
			}
		})
		for _, is := range sc.issued {
			if at := newest[is.key[0]-'x']; at.Compare(is.stamp) < 0 && s.Replica.Covers(is.stamp) {
				return fmt.Errorf("%d promises %v of %s and holds %v", i, is.stamp, is.key, at)
			}
		}
		for j, n := range s.round {
			if x.rounds && n > len(x.keys) {
				return fmt.Errorf("%d has sent %d %d updates of %d keys without a marker", i, j, n, len(x.keys))
			}
		}
	}
	return nil
}

// converged checks a scene at rest: all that are alive are equal.
func (x *search) converged(sc *scene) error {
	first := -1
	for i, s := range sc.seats {
		if s == nil {
			continue
		}
		for j, e := range s.Ends {
			if e != nil && !e.Streaming() {
				return fmt.Errorf("the session of %d and %d is at rest before it has begun", i, j)
			}
		}
		if first < 0 {
			first = i
			continue
		}
		if a, b := sc.seats[first].Replica, s.Replica; !equal(a, b) {
			return fmt.Errorf("%d and %d are at rest: %s, %s", first, i, shown(a), shown(b))
		}
	}
	return nil
}

// equal compares what two replicas hold, promise and show.
func equal(a, b *replicate.Replica) bool {
	live := func(r *replicate.Replica) (all []replicate.Stamp) {
		r.EachLive(func(u *replicate.Update) { all = append(all, u.Stamp()) })
		slices.SortFunc(all, replicate.Stamp.Compare)
		return all
	}
	return slices.Equal(live(a), live(b)) && a.Clock().Compare(b.Clock()) == replicate.Equal &&
		a.Fingerprint() == b.Fingerprint() && shown(a) == shown(b)
}

// shown returns what a reader sees and, of other types than models, what is
// live.
func shown(r *replicate.Replica) string {
	if m, err := model.Open[int](r, ""); err == nil {
		return fmt.Sprint(dumpOf(m), r.Clock())
	}
	live := []string{}
	r.EachLive(func(u *replicate.Update) { live = append(live, u.Stamp().String()) })
	slices.Sort(live)
	return fmt.Sprint(live, r.Clock())
}
