package model

import (
	"fmt"
	"time"

	"github.com/weir-go/weir/replicate"
)

// Limits says which keys of an expiring model are shown.
type Limits struct {
	// MaxAge is how long a key is shown after it was written, in whole
	// milliseconds; 0 means for ever.
	MaxAge time.Duration

	// MaxCount is how many keys are shown at most: those that were written
	// last, a deletion being a write. 0 means all.
	MaxCount int
}

// Expiring returns the type like t, which is [JSON] or of [TypeOf], whose models
// keep to the limits. They are part of its tag, as in
// "model/json;age=24h0m0s;count=500". It panics if t is not such a type, a limit
// is negative or below a millisecond, or there is none.
func Expiring(t replicate.Type, l Limits) replicate.Type {
	if s, ok := t.New().(*state); !ok || s.old != nil {
		panic("model: Expiring of the type " + t.Tag)
	}
	age := replicate.Time(l.MaxAge.Milliseconds()) * millisecond
	if l.MaxAge < 0 || l.MaxCount < 0 || l.MaxAge > 0 && age == 0 || age == 0 && l.MaxCount == 0 {
		panic(fmt.Sprintf("model: Expiring with the limits %+v", l))
	}
	if age > 0 {
		t.Tag += ";age=" + l.MaxAge.Truncate(time.Millisecond).String()
	}
	if l.MaxCount > 0 {
		t.Tag += fmt.Sprintf(";count=%d", l.MaxCount)
	}
	// What is shown of one key depends on the others, and deletions count.
	t.Key, t.Tombstone = nil, nil
	b := bounds{age, l.MaxCount}
	t.New = func() replicate.Object {
		s := newState().(*state)
		s.old = &expiry{bounds: b, shown: aged{cells: s.cells}, hidden: aged{cells: newCells()}}
		return s
	}
	check := t.Check
	t.Check = func(op string) error {
		if isFloor(op) {
			_, err := parseFloor(op)
			return err
		}
		return check(op)
	}
	return t
}

// bounds is Limits in the units of stamps.
type bounds struct {
	age   replicate.Time // 0 for any
	count int            // 0 for any
}

// millisecond is the unit of ages in stamps.
const millisecond replicate.Time = 1 << 16

// since returns the oldest time that is shown now; 0 if any is.
func (m *Model[V]) since() replicate.Time {
	if m.bounds.age == 0 {
		return 0
	}
	now := replicate.TimeOf(m.h.Replica().Now())
	return now - min(now, m.bounds.age)
}

// trim writes a floor if many more keys are held than are shown.
func (m *Model[V]) trim() error {
	if m.bounds.count == 0 {
		return nil
	}
	_, err := m.h.Compose(func(d replicate.Draft) (string, error) {
		e := d.State.(*state).old
		if e.hidden.cells.len() <= max(1, m.bounds.count/4) {
			return "", nil
		}
		return floorOp(d.Stamp.Time, e.shown.oldest().Stamp().Time), nil
	})
	return err
}

// expiry is what an expiring model keeps beside what it shows.
//
// What is shown is a function of the set of writes. A key that so many others
// have been written after stays behind them: a key's newest write only gets
// newer. (To show the newest keys that are set would not do, since a deletion
// would bring back what some have dropped.)
//
// What is dropped is dropped because of one update, since a peer may be given
// that one alone in the other's place: by age, because of a write that is so
// much newer; by number, because of a floor, which a writer adds when it holds
// many more keys than it shows, and which says from where on it holds all.
type expiry struct {
	bounds
	shown  aged              // the state's cells
	hidden aged              // the newest writes of other keys, older than all that is shown
	newest replicate.Time    // of all writes
	floor  *replicate.Update // the highest, or nil
	below  replicate.Time    // what lies below that is dropped
}

// expire hides and drops what u, which is in the cells now, has pushed out: u
// itself, perhaps.
func (s *state) expire(key string, u *replicate.Update, obsolete func(*replicate.Update)) {
	e := s.old
	e.newest = max(e.newest, u.Stamp().Time)
	e.shown.put(key, u)
	for e.count > 0 && s.cells.len() > e.count {
		oldest := e.shown.oldest()
		_, key, _, _ := parseOp(oldest.Op())
		s.drop(key, oldest)
		e.hidden.put(key, oldest)
	}
	s.settle(obsolete)
}

// raise applies a floor. Of two the higher one stands in for the other, since
// it drops all that the other does.
func (s *state) raise(u *replicate.Update, obsolete func(*replicate.Update)) {
	e, own := s.old, u.Stamp().Time
	distance, _ := parseFloor(u.Op())
	below := own - min(own, replicate.Time(distance))
	if e.floor == u {
		return
	}
	if e.floor != nil && (below < e.below || below == e.below && !u.Newer(e.floor)) {
		obsolete(u)
		return
	}
	if e.floor != nil {
		obsolete(e.floor)
	}
	e.floor, e.below = u, below
	s.settle(obsolete)
}

// settle drops what one update says is to be dropped.
func (s *state) settle(obsolete func(*replicate.Update)) {
	for _, keys := range []*aged{&s.old.hidden, &s.old.shown} {
		for u := keys.oldest(); u != nil && s.old.gone(u); u = keys.oldest() {
			_, key, _, _ := parseOp(u.Op())
			s.drop(key, u)
			obsolete(u)
		}
	}
}

// gone reports whether u is below the floor, or too old for the newest write.
func (e *expiry) gone(u *replicate.Update) bool {
	t := u.Stamp().Time
	return t < e.below || e.age > 0 && t+e.age < e.newest
}
