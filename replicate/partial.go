package replicate

import (
	"encoding/binary"
	"slices"

	"github.com/weir-go/weir/through/frame"
)

// partial is what a replica holds under one filter: what it was promised by
// markers of streams that were cut down to that. The replica's lock guards it.
//
// A clock is a promise about everything, or about what passes a filter. One
// that was received under a filter says nothing about the rest, so each filter
// has its own, beside the replica's main clock. What is promised under a
// filter, in either direction, is the join of the clocks of all filters that
// contain it; the main clock, with the own writes, is one of these.
type partial struct {
	filter  Filter
	clock   []Time // by author index
	durable []Time // that much of clock is in the journal
	tokens  map[ReplicaID]token
	users   int    // sessions and loads that go by it
	moves   uint64 // counts what a journal should write
	written uint64 // moves that it has
	saved   []Time // the clock that it has
}

// maxPartials bounds the filters that a replica keeps clocks of. A clock that
// is forgotten costs what lies above the others, sent again.
const maxPartials = 64

// partialOf returns the record of a filter, making it if it is new. The
// one that was made first and is not in use goes if there are too many.
func (r *Replica) partialOf(f Filter) *partial {
	code := f.code()
	for _, p := range r.partials {
		if p.filter.code() == code {
			return p
		}
	}
	if len(r.partials) >= maxPartials {
		if i := slices.IndexFunc(r.partials, func(p *partial) bool { return p.users == 0 }); i >= 0 {
			r.partials = slices.Delete(r.partials, i, i+1)
		}
	}
	p := &partial{filter: f, tokens: make(map[ReplicaID]token)}
	r.partials = append(r.partials, p)
	r.partialsChange++
	return p
}

// enter returns the record of a filter for one who goes by it until leaving;
// nil for everything.
func (r *Replica) enter(f Filter) *partial {
	if f.All() {
		return nil
	}
	p := r.partialOf(f)
	p.users++
	return p
}

func (p *partial) exit() {
	if p != nil {
		p.users--
	}
}

// containing returns the records of the filters that contain s.
func (r *Replica) containing(s *scope) []*partial {
	if s.of != r.partialsChange+1 {
		s.of = r.partialsChange + 1
		s.wider = nil
		for _, p := range r.partials {
			if p.filter.Contains(s.filter) {
				s.wider = append(s.wider, p)
			}
		}
	}
	return s.wider
}

// timesUnder returns what is promised under a filter, in memory.
func (r *Replica) timesUnder(s *scope) []Time {
	out := r.times()
	if s == nil {
		return out
	}
	for _, p := range r.containing(s) {
		out = joined(out, p.clock)
	}
	return out
}

// publicUnder returns what may be promised to peers under a filter.
func (r *Replica) publicUnder(s *scope) []Time {
	switch {
	case s == nil:
		return r.publicClock()
	case r.durable.journal == nil:
		return r.timesUnder(s)
	}
	out := slices.Clone(r.publicClock())
	for _, p := range r.containing(s) {
		out = joined(out, p.durable)
	}
	return out
}

// ClockOf returns what the replica promises to hold of what passes f, in
// memory; for the zero Filter that is [Replica.Clock].
func (r *Replica) ClockOf(f Filter) Clock {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s := newScope(f)
	c := make(Clock, len(r.authors))
	for i, t := range r.timesUnder(s) {
		if t > 0 {
			c[r.authors[i].name] = t
		}
	}
	return c
}

// promised joins a marker's clock, once all before it is applied: that of a
// filter, or with nil the main one.
func (r *Replica) promised(p *partial, entries []clockEntry) {
	for _, e := range entries {
		if e.author == r.self && e.time > r.self.clock {
			r.newIncarnation()
		}
		if p == nil {
			r.promise(e.author, e.time)
			continue
		}
		for len(p.clock) <= e.author.index {
			p.clock = append(p.clock, 0)
		}
		if e.time > p.clock[e.author.index] {
			p.clock[e.author.index] = e.time
			p.moves++
			r.witness(e.time)
		}
	}
}

// tokensOf returns the resume tokens of a filter, or with nil the main ones.
func (r *Replica) tokensOf(p *partial) map[ReplicaID]token {
	if p == nil {
		return r.tokens
	}
	return p.tokens
}

// kindPartial is the frame in a replica's own file that keeps what is held
// under a filter. All that it promises is in the file before it. Who does not
// know it skips it.
const kindPartial = 0x50

// partialState is a partial as a batch has it.
type partialState struct {
	p     *partial
	clock []Time
	moves uint64
}

// partialsMoved reports whether a journal has not got all of the partials.
func (r *Replica) partialsMoved() bool {
	return slices.ContainsFunc(r.partials, func(p *partial) bool { return p.written < p.moves })
}

// appendPartials appends a frame for each filter that has moved, with what its
// clock has gained, or for all, with everything.
func (r *Replica) appendPartials(dst []byte, all bool) ([]byte, []partialState) {
	var taken []partialState
	for _, p := range r.partials {
		if !all && p.written == p.moves || p.moves == 0 {
			continue
		}
		taken = append(taken, partialState{p, slices.Clone(p.clock), p.moves})
		clock := slices.Clone(p.clock)
		for i, t := range clock {
			if !all && t <= timeAt(p.saved, i) {
				clock[i] = 0
			}
		}
		b := appendText([]byte{kindPartial}, p.filter.code())
		b = appendTimes(b, r.authors, clock)
		b = binary.AppendUvarint(b, uint64(len(p.tokens)))
		for id, t := range p.tokens {
			b = senderToken{id, t}.append(b)
		}
		dst = frame.Append(dst, b)
	}
	return dst, taken
}

// keep notes that a journal has a partial as it was.
func (s partialState) keep() { s.p.written, s.p.saved = s.moves, s.clock }

// AppendPartials appends the frames in which a replica's own file keeps what
// is held under filters. They belong behind the updates.
func (r *Replica) AppendPartials(dst []byte) []byte {
	r.mu.RLock()
	defer r.mu.RUnlock()
	dst, _ = r.appendPartials(dst, true)
	return dst
}

// restorePartial takes a partial from the replica's own file.
func (r *Replica) restorePartial(payload []byte) error {
	c := &cursor{b: payload[1:]}
	f, clock, tokens := c.filter(), c.clock(), c.tokens()
	if c.err == nil && f.All() {
		c.fail(errFilter)
	}
	if err := c.end("partial"); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.partialOf(f)
	for _, name := range clock.Authors() {
		r.promised(p, []clockEntry{{r.internAuthor(name), clock[name]}})
	}
	for _, t := range tokens {
		p.tokens[t.Sender] = t.token
	}
	return nil
}
