package replicate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/weir-go/weir/pull"
)

// What a package needs that keeps a replica equal to programs which speak
// another protocol, such as replicate/npm: to take in updates and promises of
// that protocol's authors, to write as one of them, and to read what is held in
// an order that such a program can use. Authors of another protocol do not sign.

// Take takes in an update that came by another protocol, as s says who wrote it
// and when, and reports whether it was news: what is held, or at or below the
// own clock, is not. As with an update of a session, the clock does not move. It
// returns what the type's Check says of op, a SizeError, a [FutureError], a
// [SignatureError] if this replica wants signatures or s is by an author who
// signs, a [ForkError] if the stamp is held with other content, or the failure
// of the replica's journal.
func (h *Handle) Take(s Stamp, op string) (news bool, err error) {
	if err := h.o.check(op); err != nil {
		return false, err
	}
	r := h.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.takes(h.o, s); err != nil {
		return false, err
	}
	if err := r.notFuture(s); err != nil {
		return false, err
	}
	u := Update{op: op, author: r.internAuthor(s.Author), object: h.o, time: s.Time}
	n, err := r.receive([]*Update{&u}, false)
	if n > 0 {
		r.wake()
	}
	return n > 0, err
}

// takes reports why no unsigned update of that stamp is taken in, or nil.
func (r *Replica) takes(o *object, s Stamp) error {
	switch {
	case r.failed != nil:
		return r.failed
	case !s.Author.Valid() || s.Time == 0:
		return fmt.Errorf("%w: %v", ErrStamp, s)
	}
	err := r.admits(s.Author)
	if err == nil && trailerOf(s.Author) > 0 {
		err = ErrUnsigned
	}
	if err != nil {
		return &SignatureError{Stamp: s, Object: o.name, Err: err}
	}
	return nil
}

// Promise joins what a peer of another protocol has promised, once all before it
// is taken in: see the package's documentation. It returns a [FutureError], and
// nothing is joined, if an entry is too far ahead.
func (r *Replica) Promise(c Clock) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for a, t := range c {
		if err := r.notFuture(Stamp{t, a}); err != nil {
			return err
		}
	}
	for _, a := range c.Authors() {
		r.promised(nil, []clockEntry{{r.internAuthor(a), c[a]}})
	}
	r.wake()
	return nil
}

// ComposeAs is [Handle.Compose] for a write by an author of another protocol,
// whose stamp f chooses: at or above the draft's, since that is above all that
// is here, and above all that the author has written. All writes of the author
// are to be held here, as those of the replica's own author are, for its entry of
// the clock moves. There is no transaction of such writes.
func (h *Handle) ComposeAs(f func(Draft) (s Stamp, op string, err error)) (Stamp, error) {
	if h.tx != nil {
		return Stamp{}, errors.New("replicate: write by another author in a transaction")
	}
	r := h.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed != nil {
		return Stamp{}, r.failed
	}
	at := r.tick()
	s, op, err := f(Draft{Stamp{at, r.self.name}, h.o.state})
	if err != nil || op == "" {
		return Stamp{}, err
	}
	if err := errors.Join(h.o.check(op), r.takes(h.o, s)); err != nil {
		return Stamp{}, err
	}
	a := r.internAuthor(s.Author)
	if s.Time < at || s.Time <= max(a.last(), a.clock) {
		return Stamp{}, fmt.Errorf("%w: %v is not above what is here", ErrStamp, s)
	}
	r.promise(a, s.Time)
	r.accept(&Update{op: op, author: a, object: h.o, time: s.Time})
	r.wake()
	return s, nil
}

// Covered returns the live updates of the object, and of others of its replica,
// by order of their stamps, not of arrival: those that the durable clock covers, so
// that none below can come later. The first call returns all that known does not
// cover, and may return none; each later one waits until there are some. known
// says up to where an author's are left out; it is called with the replica's lock
// held, and the caller moves it before the next call. A round is of one moment:
// what is replaced while the caller passes it on is in it as it was, and is never
// left out for something above it.
func (h *Handle) Covered(known func(Author) Time, others ...*Handle) pull.Source[[]*Update] {
	r, objects := h.r, []*object{h.o}
	for _, other := range others {
		objects = append(objects, other.o)
	}
	first := true
	var done []Time // the clock of the round before
	return reading(r.newReader, func(*reader) (round []*Update, ok bool, err error) {
		round, done = r.covered(known, objects, done)
		ok, first = first || len(round) > 0, false
		return round, ok, nil
	})
}

// covered returns a round, and the clock that it goes up to: of an author whose
// entry is that of the round before there is nothing more.
func (r *Replica) covered(
	known func(Author) Time, objects []*object, done []Time,
) (round []*Update, clock []Time) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	visible, clock := r.visible(), r.publicClock()
	for i, end := range clock {
		if end == timeAt(done, i) {
			continue
		}
		a := r.authors[i]
		from := known(a.name)
		if end <= from || a.last() <= from {
			continue
		}
		for _, u := range a.entries[a.after(from):a.after(end)] {
			e := u.entry()
			shown := e.state != stateDropped && u.state != stateDropped && e.seq <= visible
			if shown && slices.Contains(objects, u.object) {
				round = append(round, u)
			}
		}
	}
	slices.SortFunc(round, func(u, v *Update) int { return u.Stamp().Compare(v.Stamp()) })
	return round, clock
}
