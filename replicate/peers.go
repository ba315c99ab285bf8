package replicate

import "slices"

// peerEpochs is what is known of one replica id among the peers: which opening
// of it is connected, and which ones that one has taken over from.
type peerEpochs struct {
	epoch    uint64
	number   uint32 // of this opening; what Update.origin holds
	sessions map[*Session]struct{}
	past     []uint64 // superseded epochs, newest last
}

const maxPastEpochs = 8

// meet takes in who the peer says it is. A newer session of the same replica
// supersedes an older one: a process that was killed comes back before its old
// connection is known to be dead. But when an epoch comes back that another
// has superseded, both are alive: one replica in two places. It is told so, and
// if it comes once more it supersedes the other, which may be gone by then or have
// an id of its own. If it has not, it comes back, and is told as well.
func (r *Replica) meet(s *Session, g greeting) error {
	if g.id == r.id {
		if g.epoch == r.epoch {
			return ErrSelf
		}
		r.disown()
		return &ForkError{ID: g.id}
	}
	p := r.peers[g.id]
	switch {
	case p == nil:
		p = &peerEpochs{sessions: make(map[*Session]struct{})}
		r.peers[g.id] = p
		p.open(r, g.epoch)
	case p.epoch == g.epoch:
	case slices.Contains(p.past, g.epoch):
		p.past = slices.DeleteFunc(p.past, func(epoch uint64) bool { return epoch == g.epoch })
		return &ForkError{ID: g.id}
	default:
		if len(p.past) == maxPastEpochs {
			p.past = p.past[1:]
		}
		p.past = append(p.past, p.epoch)
		p.open(r, g.epoch)
		for old := range p.sessions {
			old.stop(ErrSuperseded)
		}
		clear(p.sessions)
	}
	p.sessions[s] = struct{}{}
	s.out.peer = p.number
	return nil
}

func (p *peerEpochs) open(r *Replica, epoch uint64) {
	r.openings++
	p.epoch, p.number = epoch, r.openings
}

// part forgets an ended session.
func (r *Replica) part(s *Session) {
	if p := r.peers[s.peer.id]; p != nil {
		delete(p.sessions, s)
	}
}
