package replicate

import (
	"errors"
	"slices"
)

// Forgetting. A deletion is an update, and stays as long as some peer might
// still bring what was deleted. Replicas that are declared members of a group
// drop it once each of them is known to have it on disk. What they drop joins
// their horizon, a clock: whoever does not promise all up to a horizon may hold
// what was deleted, and must not be listened to. It takes everything anew
// instead (see resync.go), so that nothing ever comes back to life.
//
// Who has forgotten something has no partial sessions, nor takes partial dumps:
// what a partial replica holds outside of its filter may be anything.
//
// Nobody else starts to forget. A replica follows a peer's horizon when it
// holds all that the peer had.

// ErrNotMember is returned by Forget of a replica that is not one of its own
// declared members.
var ErrNotMember = errors.New("replicate: not a declared member, so it may not forget")

// tombstone reports whether a row says only that something is no more.
func (u *Update) tombstone() bool {
	f := u.object.typ.Tombstone
	return f != nil && f(u.Op())
}

// A member is what is known of a declared member: clocks that it held durably.
// Each has its own writes up to when it had the rest, and counts when it is covered
// here: what the member wrote before it had a deletion is all here then, and what
// it writes afterwards does not refer to what was deleted.
type member struct {
	heard  []Time // the newest that is covered here
	latest []Time // the newest of all
	waited []Time // one between them, nil for none: latest may never be caught up with
}

// hear takes in a newer clock of the member.
func (m member) hear(clock, public []Time) member {
	m.latest = clock
	if m.waited == nil {
		m.waited = clock
	}
	return m.settle(public)
}

// settle looks at what is covered by the public clock.
func (m member) settle(public []Time) member {
	switch {
	case covers(public, m.latest):
		m.heard, m.waited = m.latest, nil
	case m.waited != nil && covers(public, m.waited):
		m.heard, m.waited = m.waited, m.latest
	}
	return m
}

// SetMembers declares who must hold a deletion before it may be forgotten:
// all replicas that write, or may be away for long, this one included. All
// members should be declared alike on each. A journal keeps the declaration.
func (r *Replica) SetMembers(ids []ReplicaID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	members := make(map[ReplicaID]member, len(ids))
	for _, id := range ids {
		members[id] = r.members[id]
	}
	r.members = members
	r.declared++
	r.wake()
}

// Members returns the declared members, in order.
func (r *Replica) Members() []ReplicaID {
	r.mu.RLock()
	defer r.mu.RUnlock()
	ids := make([]ReplicaID, 0, len(r.members))
	for id := range r.members {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b ReplicaID) int { return slices.Compare(a[:], b[:]) })
	return ids
}

// Horizon returns up to where deletions may have been forgotten here.
func (r *Replica) Horizon() Clock {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.named(r.horizon)
}

// named returns a clock by author index as a Clock.
func (r *Replica) named(times []Time) Clock {
	c := make(Clock, len(times))
	for i, t := range times {
		if t > 0 {
			c[r.authors[i].name] = t
		}
	}
	return c
}

// indexed is the reverse of named.
func (r *Replica) indexed(c Clock) []Time {
	for _, name := range c.Authors() {
		r.internAuthor(name)
	}
	times := make([]Time, len(r.authors))
	for name, t := range c {
		times[r.byName[name].index] = t
	}
	return times
}

// Forget drops the deletions that every declared member is known to hold
// durably, and returns how many. A member is known by the sessions that this
// replica had with it; what it wrote before it heard of a deletion must have
// arrived, too. What something else refers to stays. Connected peers, whoever
// they are, and those who watch changes are waited for: what one of them has not
// confirmed, or not told, stays, unless hurry is set; then the sessions of those
// that are behind end with [ErrBehind], and the changes with [ErrResynced]. It
// takes time linear in the replica. It returns [ErrNotMember] if this replica is
// none.
func (r *Replica) Forget(hurry bool) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.members[r.id]; !ok {
		return 0, ErrNotMember
	}
	limit := slices.Clone(r.publicClock())
	for id, m := range r.members {
		if id != r.id {
			r.members[id] = m.settle(r.publicClock())
			limit = meet(limit, r.members[id].heard)
		}
	}
	upTo := r.visible()
	if !hurry {
		r.eachSession(func(s *Session) { limit = meet(limit, s.said) })
		upTo = min(upTo, r.watched())
	}
	return r.forget(limit, upTo), nil
}

// Awaited returns the other declared members that are not known to hold all
// deletions durably, and of how many each is not. It takes time linear in the
// replica.
func (r *Replica) Awaited() map[ReplicaID]int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	missing, heard := map[ReplicaID]int{}, map[ReplicaID][]Time{}
	for id, m := range r.members {
		if id != r.id {
			heard[id] = m.settle(r.publicClock()).heard
		}
	}
	for _, u := range r.log.entries {
		if u.state != stateLive || !u.deletes() {
			continue
		}
		for id, clock := range heard {
			if u.end() > timeAt(clock, u.author.index) {
				missing[id]++
			}
		}
	}
	return missing
}

// follow takes over the horizon of a peer that this replica has caught up
// with, once that is durable here.
func (r *Replica) follow(horizon Clock) bool {
	if len(horizon) == 0 {
		return true
	}
	limit := r.indexed(horizon)
	if !covers(r.publicClock(), limit) {
		return false // not durably yet
	}
	r.raise(limit)
	r.forget(limit, min(r.visible(), r.watched()))
	return true
}

// forget drops the tombstones up to limit that have places up to upTo, and raises
// the horizon.
func (r *Replica) forget(limit []Time, upTo uint64) int {
	var gone []*Update
	for _, u := range r.log.entries[:r.log.from(upTo)] {
		if r.forgettable(u, limit) {
			gone = append(gone, u)
		}
	}
	gone = unneeded(gone)
	changed := liveRows(gone)
	for o, rows := range changed {
		o.state.(Forgetter).Forget(rows)
	}
	for p, by := range r.shadows.by {
		// It was obsolete when it came: nobody said by what, which may go now.
		if by == p && changed[p.object] != nil {
			r.unshadow(p)
		}
	}
	horizon := make([]Time, len(r.authors))
	for _, u := range gone {
		horizon[u.author.index] = max(horizon[u.author.index], u.end())
		u.rows(r.forgetRow)
		r.forgotten = max(r.forgotten, u.seq)
		r.log.drop(u)
		for c := range r.readers {
			c.forget(u)
		}
	}
	r.raise(horizon)
	return len(gone)
}

// unneeded returns those of gone that can all go. What an object needs keeps the
// whole transaction, which may hold what another object needs for it: so they are
// asked until none has anything against the rest.
func unneeded(gone []*Update) []*Update {
	for {
		needed := make(map[*Update]bool)
		for o, rows := range liveRows(gone) {
			if f, ok := o.state.(Forgetter); ok {
				rows = f.Needed(rows)
			}
			for _, p := range rows {
				needed[p.entry()] = true
			}
		}
		if len(needed) == 0 {
			return gone
		}
		gone = slices.DeleteFunc(gone, func(u *Update) bool { return needed[u] })
	}
}

// liveRows returns the live rows of entries, by object.
func liveRows(entries []*Update) map[*object][]*Update {
	rows := make(map[*object][]*Update)
	for _, u := range entries {
		u.rows(func(p *Update) {
			if p.state == stateLive {
				rows[p.object] = append(rows[p.object], p)
			}
		})
	}
	return rows
}

// forgetRow takes a row out of the fingerprint, and what it stands in for out
// of the transactions that carry it.
func (r *Replica) forgetRow(p *Update) {
	if p.state == stateLive {
		r.discountRow(p)
	}
	for _, q := range slices.Clone(r.shadows.of[p]) {
		r.unshadow(q)
	}
}

// unshadow has an obsolete row not be sent any more with its transaction.
func (r *Replica) unshadow(p *Update) {
	r.shadows.remove(p)
	p.group.remove(p)
}

// forgettable reports whether u is live, a deletion, and not above limit.
func (r *Replica) forgettable(u *Update, limit []Time) bool {
	return u.state == stateLive && u.end() <= timeAt(limit, u.author.index) && u.deletes()
}

// deletes reports whether u is a tombstone in all of its parts.
func (u *Update) deletes() bool {
	ok := true
	u.rows(func(p *Update) { ok = ok && (p.tombstone() || p.state == stateDropped) })
	return ok
}

// raise joins h to the horizon. Sessions whose peer has not announced that
// much end: it may hold what was forgotten, and may not be told any more.
func (r *Replica) raise(h []Time) {
	if covers(r.horizon, h) {
		return
	}
	r.horizon = joined(r.horizon, h)
	r.wake()
	for _, t := range h {
		r.witness(t)
	}
	r.eachSession(func(s *Session) {
		switch {
		case s.partial:
			s.stopLocked(ErrInFull)
		case !covers(s.said, r.horizon):
			s.stopLocked(ErrBehind)
		}
	})
}

// eachSession calls f, with the session's lock held, for each one whose peer
// has said where it stands.
func (r *Replica) eachSession(f func(*Session)) {
	for _, p := range r.peers {
		for s := range p.sessions {
			s.mu.Lock()
			if s.state >= stateMet && s.placed || s.state == stateStreaming {
				f(s)
			}
			s.mu.Unlock()
		}
	}
}

// meet returns the meet of two clocks by author index, in c's memory.
func meet(c, d []Time) []Time {
	for i := range c {
		c[i] = min(c[i], timeAt(d, i))
	}
	return c
}
