package replicate

import (
	"context"
	"io"

	"github.com/weir-go/weir/pull"
)

// Live returns the live updates in order of arrival, as they are now. It takes
// time linear in their number, in which nobody writes.
func (r *Replica) Live() []*Update {
	r.mu.RLock()
	defer r.mu.RUnlock()
	live := make([]*Update, 0, len(r.log.entries)-r.log.gone)
	for _, u := range r.log.entries {
		if u.state == stateLive {
			u.rows(func(p *Update) {
				if p.state == stateLive {
					live = append(live, p)
				}
			})
		}
	}
	return live
}

// Snapshot is Read(nil) of one moment, that of the first call: of what is
// durable then everything is in it, and nothing that is written later. It holds
// 8 bytes for each update, and what is replaced meanwhile, until it has ended.
func (r *Replica) Snapshot() pull.Source[[]byte] {
	s := &snapshot{r: r}
	return pull.From(s.next, nil)
}

type snapshot struct {
	r       *Replica
	begun   bool
	rest    []*Update
	enc     encoder
	authors []*author
	promise marker
	bye     []byte // nil once it was sent
}

func (s *snapshot) next(context.Context) ([]byte, error) {
	switch {
	case !s.begun:
		s.begun = true
		return s.begin(), nil
	case len(s.rest) > 0:
		var chunk []byte
		chunk, s.rest = s.enc.batch(nil, s.rest, s.promise.pos, batchSize)
		return chunk, nil
	case s.bye == nil:
		return nil, io.EOF
	}
	chunk := append(s.enc.marker(nil, s.authors, s.promise), s.bye...)
	s.bye = nil
	return chunk, nil
}

// begin takes the moment and makes the header.
func (s *snapshot) begin() []byte {
	r := s.r
	r.mu.Lock()
	defer r.mu.Unlock()
	s.promise = marker{pos: r.visible(), clock: r.publicClock()}
	s.rest = make([]*Update, 0, len(r.log.entries)-r.log.gone)
	for _, u := range r.log.entries {
		if u.seq <= s.promise.pos && u.state != stateDropped {
			s.rest = append(s.rest, u)
		}
	}
	s.authors, s.bye = r.authors, appendBye(nil, r.bye())
	return r.dumpHeader(s.promise.clock, Filter{})
}
