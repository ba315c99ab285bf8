package replicate_test

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// bound says which scenes a search goes through: all that can be reached by any
// number of steps, of which so many may be writes, cuts, crashes and deaths.
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
	forgets int       // calls of Forget, with and without hurry
	members int       // bit i: replica i is one, declared at all; sessions may take everything anew
	declare int       // other members that any may declare
	dumps   int       // dumps of any replica, to be loaded by any, whole or cut off, any number of times
	wants   [3]string // what replicas wish to be sent: how keys begin; "" for everything
	quiet   bool      // at rest nothing is sent again that both have
	greet   bool      // each frame of the handshake is a step
	still   bool      // wall clocks stand, so that stamps are Lamport's
	rounds  bool      // how much is sent between two markers matters
	once    int       // bit i: replica i asks for sessions that run once
	copies  int       // of the file of 0, to be opened in the place that is empty
	twins   bool      // which write as 0 does, if only when told that there are two
	wire    int       // frames that may be on their way in each direction; 0: each is taken in as it is made
	line    bool      // 0 and 2 meet only when another is dead
	cuts    int       // of sessions, deaths and crashes not counted; 0 for any number, less for none
	apart   bool      // sessions may be missing: it matters which there are
	plain   bool      // steps are not put together nor left out, to see that this loses nothing
	acks    bool      // an acknowledgement is a step of its own
	limit   int       // give up after so many scenes; 0 for never
}

// found is what a search has come to.
type found struct {
	states, steps, rests int    // scenes; ways between them; scenes at rest
	parts                [2]int // states of replicas, and of ends of sessions
	byCuts               []int
	whole                bool
	took                 time.Duration
	err                  error // the law that broke, if one did
	history              []step
}

func (f found) String() string {
	s := fmt.Sprintf("%10d states %11d steps %8d at rest %7d, %d parts %8.1fs",
		f.states, f.steps, f.rests, f.parts[0], f.parts[1], f.took.Seconds())
	if len(f.byCuts) > 1 {
		s += fmt.Sprint("  by cuts: ", f.byCuts)
	}
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

// visit is a scene that was come to, by its number.
type visit struct {
	scene
	id uint32
}

// origin is how a scene was come to.
type origin struct {
	from uint32
	by   step
}

// search goes through scenes, in order of how many sessions were cut and then
// of steps. What it keeps of each is a hash of 64 bits and how it was come to:
// that two of n scenes are taken for one by chance has odds of n²/2⁶⁵.
type search struct {
	bound
	*actors
	without rule
	found
	seen    hashes
	origins []origin
	todo    []visit
	waiting [][]visit // by cuts
	pasts   pasts
	wires   wires
	seeing  func(*scene) // is shown each scene; may be nil
	trail   *trail       // what is done, if that is to be known
	lawfuls map[[2]uint32]error
}

// searched goes through the whole bound, or until a law breaks.
func searched(b bound, without rule) found {
	return newSearch(b, without).run()
}

func (x *search) run() found {
	defer debug.SetGCPercent(debug.SetGCPercent(200))
	begin := time.Now()
	x.come(0, step{}, x.opening())
	for x.whole = true; x.whole && x.err == nil; {
		before := x.states
		x.layer()
		x.byCuts = append(x.byCuts, x.states-before)
		if len(x.waiting) <= len(x.byCuts) {
			break
		}
		for _, v := range x.waiting[len(x.byCuts)] {
			if x.seen.add(x.key(&v.scene)) {
				x.enter(v)
			}
		}
		x.waiting[len(x.byCuts)] = nil
	}
	x.took = time.Since(begin)
	x.parts = [2]int{len(x.cores) - 1, len(x.ends) - 1}
	return x.found
}

func newSearch(b bound, without rule) *search {
	if b.kind == nil {
		b.kind = last
	}
	if b.keys == "" {
		b.keys = "xy"
	}
	if b.apart = b.apart || b.ending(); b.ending() {
		b.plain, b.acks = true, b.acks || b.once != 0
	}
	b.greet = b.greet || b.wire > 0
	x := &search{bound: b, without: without, lawfuls: map[[2]uint32]error{}}
	x.actors = newActors(&x.bound, without, x.renamings())
	x.pasts.init(x.actors.orders)
	x.wires.init()
	return x
}

// renamings returns the orders of seats that scenes are the same in. Ties
// between stamps go by name, so that there is no renaming where there are ties;
// and a greeting that waits has a fingerprint, which names are part of.
func (x *search) renamings() [][3]int {
	switch {
	case x.still || x.greet || x.cast != "" || x.members != 0 || x.wants != [3]string{} || x.exact():
		return asIs
	case x.line:
		return mirrors
	}
	return anyhow
}

var (
	asIs    = [][3]int{{0, 1, 2}}
	anyhow  = [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}
	mirrors = [][3]int{{0, 1, 2}, {2, 1, 0}}
)

// opening is the scene that a search begins with.
func (x *search) opening() scene {
	var first scene
	for i := range first.at {
		if x.cast != "" && x.cast[i] == ' ' {
			continue
		}
		first.at[i].core = x.core(x.first(i))
	}
	if !x.apart {
		must(x.linkAll(&first))
	}
	return first
}

// first is replica i as it begins.
func (x *search) first(i int) *seat {
	s := &seat{kind: x.kind, without: x.without, as: i}
	s.At = i
	s.open(x.journal || x.cast != "" && strings.IndexByte("DB", x.cast[i]) >= 0, false)
	if x.members != 0 {
		s.declare(x.members)
	}
	return s
}

// layer goes through all scenes that take no more cuts.
func (x *search) layer() {
	for len(x.todo) > 0 {
		now := x.todo
		x.todo = nil
		for _, v := range now {
			if x.whole = x.limit == 0 || x.states < x.limit; !x.whole {
				return
			}
			if x.leave(v); x.err != nil {
				return
			}
		}
	}
}

// leave takes every step from a scene.
func (x *search) leave(v visit) {
	rest := true
	var room [64]step
	for _, st := range x.possible(&v.scene, room[:0]) {
		next, ok, err := x.take(v.scene, st)
		if !ok && err == nil {
			continue
		}
		x.steps++
		if err != nil {
			x.fail(v.id, st, err)
			return
		}
		rest = rest && (st.kind != stepOpen || x.ending()) && !st.settles()
		x.come(v.id, st, next)
		if x.err != nil {
			return
		}
	}
	if rest {
		x.rests++
		err := x.resting(v.scene)
		if err == nil && x.quiet {
			err = x.restful(v.scene)
		}
		if err != nil {
			x.fail(v.id, step{}, err)
		}
	}
}

// come comes to a scene. One that takes another cut waits, as it may turn out
// to be reached without it.
func (x *search) come(id uint32, by step, sc scene) {
	v := visit{sc, uint32(len(x.origins))}
	key := x.key(&sc)
	switch cuts := len(x.byCuts) + 1; {
	case by.kind != stepCut && by.kind != stepAgain || x.cuts == 0:
		if x.seen.add(key) {
			x.origins = append(x.origins, origin{id, by})
			x.enter(v)
		}
	case cuts <= x.cuts && !x.seen.has(key):
		for len(x.waiting) <= cuts {
			x.waiting = append(x.waiting, nil)
		}
		x.origins = append(x.origins, origin{id, by})
		x.waiting[cuts] = append(x.waiting[cuts], v)
	}
}

// enter notes a scene that is new.
func (x *search) enter(v visit) {
	x.states++
	x.todo = append(x.todo, v)
	if x.seeing != nil {
		x.seeing(&v.scene)
	}
	if err := x.lawful(&v.scene); err != nil {
		x.fail(v.id, step{}, err)
	}
}

func (x *search) fail(id uint32, st step, err error) {
	if x.err = err; st.kind != 0 {
		x.history = append(x.history, st)
	}
	for ; id > 0; id = x.origins[id].from {
		x.history = append(x.history, x.origins[id].by)
	}
	slices.Reverse(x.history)
}

var errCircle = errors.New("what moved is no nearer to rest")
