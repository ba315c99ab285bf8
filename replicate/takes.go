package replicate

import (
	"fmt"
	"io"
	"slices"
)

// takeGreeting takes the peer's first frame: who it is, and whether there is
// anything to exchange.
func (s *Session) takeGreeting(msg []byte) error {
	g, err := parseGreeting(msg)
	if err != nil {
		return err
	}
	r := s.r
	r.mu.Lock()
	defer r.mu.Unlock()
	s.peer = g
	if s.start.swapped != r.swapped {
		return ErrResynced
	}
	if ours := s.start.greeting.set; g.set != 0 && ours != 0 && g.set != ours {
		return fmt.Errorf("%w; this one is %q", ErrWrongSet, r.set)
	}
	switch {
	case g.flags&flagDump != 0:
		return fmt.Errorf("%w: a dump, where a peer was expected", ErrNotWeir)
	case g.epoch == 0:
		return fmt.Errorf("%w: a replica's file, where a peer was expected", ErrNotWeir)
	}
	if err := r.meet(s, g); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.once = s.once || g.flags&flagOnce != 0
	if s.partial = s.partial || g.flags&flagPartial != 0; s.partial {
		// What was suspected remains so: not all of it is exchanged here.
		r.suspect = r.suspect || s.full
	}
	s.full = s.full || g.flags&flagFull != 0
	if s.partial {
		s.state = stateTerms
		return nil
	}
	if g.print != s.start.greeting.print || s.full {
		s.state = stateMet
		return nil
	}
	if !covers(s.start.clock, r.horizon) {
		return ErrBehind // what was written since the greeting is forgotten: meet again
	}
	// Equal: each holds and promises exactly what the other does.
	s.out.resume(s.start.clock, s.start.seq)
	s.goal, s.heard.marker = s.start.clock, true
	s.said = slices.Clone(s.start.clock)
	s.state = stateStreaming
	if g.flags&flagSafe != 0 {
		r.heardMember(g.id, s.said)
	}
	return nil
}

// takePosition takes where the peer stands, and cuts what it lacks.
func (s *Session) takePosition(msg []byte) error {
	p, err := parsePosition(msg)
	if err != nil {
		return err
	}
	r := s.r
	r.mu.Lock()
	defer r.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.start.swapped != r.swapped {
		return ErrResynced
	}
	if s.placed || s.state != stateMet && s.state != statePlaced {
		return &FrameError{Frame: "position", Err: fmt.Errorf("out of turn")}
	}
	if code := s.out.only.only().code(); p.filter.code() != code {
		return &FrameError{Frame: "position", Err: fmt.Errorf("under %v, agreed was %v", p.filter, s.out.only.only())}
	}
	known, err := s.place(p.clock)
	if err != nil {
		return err
	}
	if p.whole && !s.full && !s.partial && p.print != r.content() && r.whole() && p.clock.Compare(r.clock()) == Equal {
		// A broken promise. The peer sees the same and does the same: neither
		// goes by clocks any more.
		s.full = true
		s.diverged.Store(true)
	}
	if err := s.compareHorizons(p, known); err != nil {
		return err
	}
	if s.full || s.feeding {
		clear(known)
	}
	seq := uint64(0)
	if p.token != nil && p.token.Epoch == r.epoch && p.token.Pos <= r.log.head && !s.full && !s.feeding {
		seq = p.token.Pos
	}
	s.said = slices.Clone(known)
	if !s.full && !s.partial && !s.feeding { // who takes everything anew keeps nothing
		s.out.settled = r.settled(p)
	}
	s.out.open(r, known, seq)
	if s.placed = true; s.state == statePlaced {
		s.state = stateStreaming
	}
	return nil
}

// place takes in the peer's clock, and returns it by author index.
func (s *Session) place(clock Clock) ([]Time, error) {
	r := s.r
	for name, t := range clock {
		if err := r.notFuture(Stamp{t, name}); err != nil {
			return nil, err
		}
	}
	known := make([]Time, len(r.authors), len(r.authors)+len(clock))
	for _, name := range clock.Authors() {
		a, t := r.internAuthor(name), clock[name]
		if a == r.self && t > a.clock {
			// The peer has writes of mine that I do not: I was restored.
			r.newIncarnation()
		}
		for len(known) <= a.index {
			known = append(known, 0)
		}
		known[a.index] = t
		r.witness(t)
	}
	return known, nil
}

// takeUpdates takes in one frame of updates, whole or not at all.
func (s *Session) takeUpdates(msg []byte) error {
	if s.feeding {
		return ErrPeerBehind // nothing is taken from who may hold what was deleted
	}
	in := intake{origin: s.out.peer, full: s.full, only: s.only, over: s.failure}
	f, news, err := s.into().takeIn(&s.dec, msg, in)
	s.receivedUpdates.Add(int64(len(f.updates)))
	s.appliedUpdates.Add(int64(news))
	if err != nil || s.staging != nil {
		return err
	}
	if s.doubted {
		return nil
	}
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.r.keepToken(s.under, s.peer.id, token{s.peer.epoch, f.pos})
	return nil
}

// takeClock takes a marker, whose promise is now ours too, or an ack.
func (s *Session) takeClock(msg []byte) error {
	switch {
	case s.feeding && msg[0] == kindMarker:
		return ErrPeerBehind
	case s.staging != nil:
		return s.takeStaged(msg)
	}
	r := s.r
	f, entries, err := r.clockIn(&s.dec, msg, intake{})
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := s.failure(); err != nil {
		return err // what it promises may have been replaced, or forgotten
	}
	clock := make([]Time, len(r.authors))
	for _, e := range entries {
		clock[e.author.index] = max(clock[e.author.index], e.time)
	}
	s.hear(msg[0], clock)
	if msg[0] == kindAck {
		return nil
	}
	if s.doubted {
		s.dueAt = r.log.head
		r.disbelieve(entries)
	} else {
		r.promised(s.under, entries)
		r.keepToken(s.under, s.peer.id, token{s.peer.epoch, f.pos})
		if r.follow(s.horizon) {
			s.horizon = nil
		}
	}
	s.owe(clock)
	r.wake()
	return nil
}

// hear takes in what the peer says it holds, durably.
func (s *Session) hear(kind byte, clock []Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// An ack speaks of what we send; a marker of what the peer does, which may
	// be less.
	if kind == kindAck || s.only.only().Contains(s.out.only.only()) {
		if !s.full { // else the peer's promises are what is in doubt
			s.out.known = joined(s.out.known, clock)
		}
		s.said = joined(s.said, clock)
	}
	if !s.partial {
		s.r.heardMember(s.peer.id, s.said)
	}
	if s.feeding && covers(s.said, s.r.horizon) {
		s.feeding = false // it has taken everything anew
	}
}

// owe notes that the peer is to be told when clock is durable here.
func (s *Session) owe(clock []Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = joined(s.due, clock)
	s.heard.marker = true
}

// takeBye takes the peer's leave, and compares what both have come to.
func (s *Session) takeBye(msg []byte) error {
	b, err := parseBye(msg)
	if err != nil {
		return err
	}
	r := s.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if !s.partial && b.contradicts(r.bye()) {
		r.suspect = r.suspect || !s.doubted
		return ErrDiverged
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard.bye = true
	if s.goal == nil || !covers(s.said, s.goal) {
		// Nothing is acknowledged after bye.
		return fmt.Errorf("replicate: peer left before it had everything: %w", io.ErrUnexpectedEOF)
	}
	return nil
}

// notFuture refuses a stamp too far ahead of the wall clock.
func (r *Replica) notFuture(s Stamp) error {
	ahead := s.Time.Wall().Sub(r.cfg.Now())
	if ahead <= r.cfg.MaxAhead {
		return nil
	}
	return &FutureError{Stamp: s, Ahead: ahead, Limit: r.cfg.MaxAhead}
}
