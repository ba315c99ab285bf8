package replicate

import (
	"github.com/weir-go/weir/through/frame"
)

// Tests drive sessions frame by frame, without goroutines, so that every
// history can be played exactly.

// Begin registers the session, and lets a frame hold one update at most if
// single is set.
func (s *Session) Begin(single bool) {
	if single {
		s.out.limit = 1
	}
	s.greet()
}

// Step returns the next frame that the session would send; nil if none.
func (s *Session) Step() ([]byte, error) { return s.step() }

// Feed takes frames in.
func (s *Session) Feed(b []byte) error {
	for len(b) > 0 {
		msg, n, err := frame.Parse(b, maxFrame)
		if err != nil {
			return err
		}
		if err := s.take(msg); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// Leave takes the session off the replica.
func (s *Session) Leave() { s.leave() }

// HeardBye reports whether the peer has ended well.
func (s *Session) HeardBye() bool { return s.over() }

// IsMarker reports whether a chunk is a marker frame.
func IsMarker(b []byte) bool { return kindIs(b, kindMarker) }

// IsUpdates reports whether a chunk is a frame of updates.
func IsUpdates(b []byte) bool { return kindIs(b, kindUpdates) }

func kindIs(b []byte, kind byte) bool {
	msg, _, err := frame.Parse(b, maxFrame)
	return err == nil && len(msg) > 0 && msg[0] == kind
}

// Epoch returns the opening's epoch.
func (r *Replica) Epoch() uint64 { return r.epoch }

// SetEpoch plants an epoch, as a replica that stored it would have it.
func (r *Replica) SetEpoch(epoch uint64) { r.epoch = epoch }

// Lie joins a promise that nothing backs.
func (r *Replica) Lie(c Clock) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, t := range c {
		r.promise(r.internAuthor(name), t)
	}
}

// Live returns the live updates in order of arrival, and all parts of
// transactions of which some are live.
func (r *Replica) Live() (live []*Update) {
	for _, u := range r.log.entries {
		if u.state == stateLive {
			u.rows(func(p *Update) { live = append(live, p) })
		}
	}
	return live
}

// Readers returns how many readers are registered.
func (r *Replica) Readers() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.readers)
}
