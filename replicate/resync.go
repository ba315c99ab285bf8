package replicate

import "slices"

// Taking everything anew. A replica that is behind what a peer has forgotten
// may hold what was deleted and can not be told so any more. It is sent all
// that there is, builds that beside what it has, and puts it in its place when
// it is complete, with clock and horizon. What it had written and the peer does
// not have is handed to the application, and not merged: what it was based on
// may be gone.

// blank reports whether the replica holds and promises nothing.
func (r *Replica) blank() bool {
	for _, a := range r.authors {
		if a.clock > 0 || len(a.entries) > a.gone {
			return false
		}
	}
	return true
}

// compareHorizons decides, from what both sides announced, whether one of them
// must take everything anew. Both come to the same result.
func (s *Session) compareHorizons(p position, known []Time) error {
	r := s.r
	s.stand()
	for name, t := range p.forgot {
		if err := r.notFuture(Stamp{t, name}); err != nil {
			return err
		}
		r.witness(t)
	}
	horizon := r.indexed(p.forgot)
	if s.partial && (len(p.forgot) > 0 || !covers(nil, r.horizon)) {
		return ErrInFull
	}
	s.horizon = p.forgot
	behind, ahead := !covers(s.announced, horizon), !covers(known, s.told)
	switch {
	case !covers(s.told, r.horizon) && !covers(known, r.horizon):
		return ErrBehind // our horizon has grown meanwhile: meet again
	case !behind && !ahead:
		if !s.partial {
			r.heardMember(s.peer.id, known)
		}
		return nil
	case behind && !ahead && s.resync && !s.doubted:
		s.staging = r.stage()
		return nil
	case ahead && !behind && p.resync:
		s.feeding = true
		// What came from the peer it will not have any more.
		opening := r.peers[s.peer.id]
		opening.open(r, opening.epoch)
		s.out.peer = opening.number
		return nil
	case !ahead:
		return ErrBehindPeer
	case !behind:
		return ErrPeerBehind
	}
	return ErrBehind // each of the other
}

// heardMember notes the clock of a peer, if it is a declared member.
func (r *Replica) heardMember(id ReplicaID, clock []Time) {
	if m, ok := r.members[id]; ok && !covers(m.heard, clock) {
		r.members[id] = m.hear(slices.Clone(clock), r.publicClock())
		r.heard++
	}
}

// into returns the replica that takes in what the peer sends.
func (s *Session) into() *Replica {
	if s.staging != nil {
		return s.staging
	}
	return s.r
}

// stage returns the empty replica in which a new state is built.
func (r *Replica) stage() *Replica {
	cfg := r.cfg
	cfg.ID = ReplicaID{}
	return New(cfg)
}

// takeStaged takes a marker while everything is taken anew: the new state is
// complete, and put in the place of the old one. The session goes on with it.
func (s *Session) takeStaged(msg []byte) error {
	if msg[0] != kindMarker {
		return nil // an ack of what was announced
	}
	if err := s.staging.joinIn(&s.dec, msg, intake{}); err != nil {
		return err
	}
	unseen, err := s.swap()
	if err != nil {
		return err
	}
	if f := s.cfg.Resync; f != nil {
		f(unseen)
	}
	return nil
}

// swap ends the other sessions, which go by what is no more, and begins this
// one anew behind the new state.
func (s *Session) swap() (unseen []*Update, err error) {
	r := s.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := s.failure(); err != nil {
		return nil, err
	}
	for _, p := range r.peers {
		for other := range p.sessions {
			if other != s {
				other.stop(ErrResynced)
			}
		}
	}
	unseen = r.swap(s.staging, s.horizon)
	s.dec.rebase(r)
	s.staging, s.horizon = nil, nil
	s.mu.Lock()
	defer s.mu.Unlock()
	clock := r.times()
	s.said = joined(s.said, clock) // the peer promised that much
	s.due, s.heard.marker, s.goal = clock, true, nil
	s.start.seq, s.start.clock, s.start.swapped = r.log.head, clock, r.swapped
	s.out = outbox{peer: s.out.peer, limit: s.out.limit}
	s.out.open(r, clock, 0)
	s.c.poke()
	return unseen, nil
}

// rebase has the stream's dictionaries name what r has under the same names.
func (d *decoder) rebase(r *Replica) {
	for i, a := range d.authors {
		d.authors[i] = r.internAuthor(a.name)
	}
	for i, o := range d.objects {
		d.objects[i] = r.byObject[o.name]
	}
}

// swap puts what st holds in the place of what r holds, and returns what r had
// written and st does not have. Handles stay; readers of changes are told.
func (r *Replica) swap(st *Replica, horizon Clock) (unseen []*Update) {
	unseen = r.unseen(st)
	objects := make(map[*object]*object, len(st.objects))
	for _, o := range r.objects {
		o.state = o.typ.fresh()
	}
	for _, o := range st.objects {
		own, _ := r.internObject(o.name) // st has the types that r has
		own.state, objects[o] = o.state, own
	}
	for _, a := range r.authors {
		a.clock, a.hash, a.entries, a.gone = 0, Fingerprint{}, nil, 0
	}
	r.log = log{head: r.log.head + 1} // a place of its own, so that older ones are told
	r.swapped = r.log.head
	r.durable.pos, r.durable.clock, r.durable.replaced = r.log.head, nil, nil
	r.print, r.tombs, r.horizon = Fingerprint{}, Fingerprint{}, nil
	clear(r.tokens)
	r.partials = nil
	r.partialsChange++
	r.shadows = st.shadows
	for _, u := range st.log.entries {
		if u.state != stateLive {
			continue
		}
		u.author, u.origin = r.internAuthor(u.author.name), 0
		u.rows(func(p *Update) { p.author, p.object = u.author, objects[p.object] })
		r.log.append(u)
		r.count(u)
	}
	for _, a := range st.authors {
		r.promise(r.internAuthor(a.name), a.clock)
	}
	r.horizon = r.indexed(horizon)
	r.suspect = false
	r.newEpoch() // what others know of this opening is about what is no more
	r.newIncarnation()
	return unseen
}

// unseen returns the live updates that this replica wrote, as whatever author,
// and st neither holds nor promises to have replaced.
func (r *Replica) unseen(st *Replica) (out []*Update) {
	for _, a := range r.authors {
		if !r.wrote(a.name) {
			continue
		}
		there := st.internAuthor(a.name)
		for _, u := range a.entries {
			if u.state == stateLive && u.entry().state == stateLive &&
				u.time > there.clock && there.at(u.time) == nil {
				out = append(out, u)
			}
		}
	}
	return out
}
