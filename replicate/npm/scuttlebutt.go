package npm

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/weir-go/weir/replicate"
)

// The types of a scuttlebutt. Each is that of one package of npm, and belongs
// into replicate.Config.Types.
var (
	// ModelType is that of scuttlebutt/model.
	ModelType = newType('m', "npm/model", newModelState, checkModel)
	// EventsType is that of scuttlebutt/events.
	EventsType = newType('e', "npm/events", newEventsState, checkEvents)
	// ValueType is that of r-value that keeps one write.
	ValueType = newType('v', "npm/value", newValueState, checkValue)
	// DocType is that of crdt's Doc.
	DocType = newType('d', "npm/doc", newDocState, checkDoc)
)

// Types returns all four.
func Types() []replicate.Type {
	return []replicate.Type{ModelType, EventsType, ValueType, DocType}
}

func newType(
	letter byte, tag string, state func() object, shape func(string) error,
) replicate.Type {
	return replicate.Type{
		Tag:   tag,
		New:   func() replicate.Object { return &base{letter: letter, object: state()} },
		Check: check(shape),
	}
}

// object is the state of one type.
type object interface {
	replicate.Object
	// kept reports whether the original would have u in its history.
	kept(u *replicate.Update) bool
}

// base is a state, and who has written it.
type base struct {
	object
	letter byte
	seen   map[replicate.Author]*source
	last   *source // of the update before
	by     replicate.Author
}

// source is an author of a scuttlebutt, as the originals call it.
type source struct {
	id    ident
	last  replicate.Time // the newest that was applied, obsolete or not
	own   bool           // written here
	wrote replicate.Time // the newest that is known to be ours
	lost  bool           // others know of more that was written by it
}

// Apply implements replicate.Object.
func (b *base) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	s := u.Stamp()
	if b.last == nil || s.Author != b.by {
		b.by, b.last = s.Author, b.source(s.Author)
		b.last.id = idOf(u)
	}
	b.last.last = max(b.last.last, s.Time)
	b.object.Apply(u, obsolete)
}

func (b *base) source(a replicate.Author) *source {
	s := b.seen[a]
	if s == nil {
		if b.seen == nil {
			b.seen = make(map[replicate.Author]*source)
		}
		s = &source{}
		b.seen[a] = s
	}
	return s
}

// Config says how a scuttlebutt is opened. The zero value gives it an id of its
// own.
type Config struct {
	// ID is what others see as the id of what is written here. "" is one that
	// goes with the author that the replica writes as. An id must not be in use
	// in two places: it is new, or that of the replica whose file this is, or of
	// a dump that is restored. A session with a peer of this id ends with
	// [ErrSameID] before anything is taken in: of two that write as one, either
	// takes what the other wrote before its own newest write for old.
	ID string
}

// A Scuttlebutt is an object of a replica that speaks with programs in JavaScript:
// what is new Model(id) there. It may be used by several goroutines at once.
type Scuttlebutt struct {
	r       *replicate.Replica
	scope   scope
	fixed   atomic.Pointer[ident] // the id that was given; nil for none
	renewed *atomic.Uint64        // how often it was given up

	typ    string            // "" for a bucket
	handle *replicate.Handle // nil for a bucket
	bucket
}

// Open opens the replica's scuttlebutt of a type and name: one of [Types], which
// must be among the replica's. It returns what Replica.Open does, and an error for
// the id "__proto__".
func Open(r *replicate.Replica, typ replicate.Type, name string, cfg Config) (*Scuttlebutt, error) {
	s, err := newScuttlebutt(r, 0, name, cfg)
	if err == nil {
		err = s.open(typ, name)
	}
	if err != nil {
		return nil, err
	}
	s.handle.View(func(o replicate.Object) { s.scope.letter = o.(*base).letter })
	s.settle()
	return s, nil
}

func newScuttlebutt(r *replicate.Replica, letter byte, name string, cfg Config) (*Scuttlebutt, error) {
	s := &Scuttlebutt{r: r, scope: scope{letter, name}, renewed: new(atomic.Uint64)}
	if cfg.ID == proto {
		return nil, fmt.Errorf("npm: id %w", errProto)
	}
	if cfg.ID != "" {
		id := identOf(cfg.ID)
		s.fixed.Store(&id)
	}
	return s, nil
}

func (s *Scuttlebutt) open(typ replicate.Type, name string) (err error) {
	if s.handle, err = s.r.Open(replicate.ObjectName{Type: typ.Tag, Name: name}); err != nil {
		return err
	}
	ok := false
	s.handle.View(func(o replicate.Object) { _, ok = o.(*base) })
	if !ok {
		return fmt.Errorf("npm: object %v is not of this package", s.handle.Name())
	}
	s.typ = typ.Tag
	return nil
}

// settle notes up to where what is here of the own id was written here. Where
// nothing can be written any more there is nothing to note.
func (s *Scuttlebutt) settle() {
	promise := s.r.Clock()
	for _, p := range s.all() {
		_, _ = p.handle.ComposeAs(func(d replicate.Draft) (replicate.Stamp, string, error) {
			a, _ := s.scope.author(s.id(d.Stamp.Author))
			src := d.State.(*base).adopt(a)
			src.wrote = max(src.wrote, src.last, promise[a])
			return replicate.Stamp{}, "", nil
		})
	}
}

// adopt returns the source that an own author is.
func (b *base) adopt(a replicate.Author) *source {
	src := b.source(a)
	if !src.own {
		src.own, src.wrote = true, src.last
	}
	return src
}

// Replica returns the replica that the scuttlebutt belongs to.
func (s *Scuttlebutt) Replica() *replicate.Replica { return s.r }

// id returns the own id, for a replica that writes as self.
func (s *Scuttlebutt) id(self replicate.Author) ident {
	if s.whole != nil {
		return s.whole.id(self)
	}
	renewed := s.renewed.Load()
	if fixed := s.fixed.Load(); fixed != nil && renewed == 0 {
		return *fixed
	}
	return s.scope.derived(self, renewed)
}

// ID returns what others see as the id of what is written here: the one that was
// given, until somebody else turns out to write as it, or to know of writes that
// were lost here.
func (s *Scuttlebutt) ID() string { return s.current().String() }

// current returns the own id, once more looked at.
func (s *Scuttlebutt) current() (id ident) {
	for _, p := range s.all() {
		_, err := p.handle.ComposeAs(func(d replicate.Draft) (replicate.Stamp, string, error) {
			_, id = d.State.(*base).own(s, d.Stamp.Author)
			return replicate.Stamp{}, "", nil
		})
		if err != nil { // nothing is written any more
			return s.id(s.r.Author())
		}
	}
	return id
}

// write writes what f makes of the state; nil writes nothing.
func (s *Scuttlebutt) write(f func(o object, at replicate.Time) (change []byte, err error)) (replicate.Stamp, error) {
	return s.handle.ComposeAs(func(d replicate.Draft) (stamp replicate.Stamp, text string, err error) {
		b := d.State.(*base)
		stamp.Time = onGrid(max(d.Stamp.Time, nearest(s.r.Now())))
		change, err := f(b.object, stamp.Time)
		if err != nil || change == nil {
			return stamp, "", err
		}
		src, id := b.own(s, d.Stamp.Author)
		author, inName := s.scope.author(id)
		stamp.Author = author
		o := op{change: string(change)}
		if !inName {
			o.id = id
		}
		src.wrote = stamp.Time
		return stamp, string(appendOp(make([]byte, 0, len(change)+8), o)), nil
	})
}

// own returns who writes here. Where the newest update by the own id is not one
// that was written here, the id is given up: it is in use elsewhere.
func (b *base) own(s *Scuttlebutt, self replicate.Author) (*source, ident) {
	for {
		id := s.id(self)
		a, _ := s.scope.author(id)
		src := b.adopt(a)
		if src.last <= src.wrote && !src.lost {
			return src, id
		}
		s.renewed.Add(1)
	}
}

// Clock returns the clock as the originals count it: for each id the newest
// timestamp of which something has been received or promised. It is not a
// promise; that is the replica's Clock.
func (s *Scuttlebutt) Clock() map[string]float64 {
	clock := make(map[string]float64)
	for _, e := range s.clock(true) {
		clock[e.id.String()] = e.ts
	}
	return clock
}

// clock returns the promise, of these authors, in the order of ids; counted, with
// what has been received above it.
func (s *Scuttlebutt) clock(counted bool) (clock []clockEntry) {
	promise := s.r.Clock()
	times, ids := make(map[replicate.Author]replicate.Time), make(map[replicate.Author]ident)
	for a, t := range promise {
		if id, ok := s.scope.id(a); ok {
			times[a], ids[a] = t, id
		}
	}
	for _, p := range s.all() {
		p.handle.View(func(o replicate.Object) {
			for a, src := range o.(*base).seen {
				if src.last == 0 {
					continue
				}
				t := promise[a]
				if counted {
					t = max(t, src.last, times[a])
				}
				if t > 0 {
					times[a], ids[a] = t, src.id
				}
			}
		})
	}
	for a, t := range times {
		clock = append(clock, clockEntry{ids[a], float64(t&^(unit(t)-1)) / ticks})
	}
	own := s.id(s.r.Author())
	slices.SortFunc(clock, func(a, b clockEntry) int {
		if (a.id == own) != (b.id == own) { // the own entry first
			if a.id == own {
				return -1
			}
			return 1
		}
		return strings.Compare(string(a.id), string(b.id))
	})
	return clock
}
