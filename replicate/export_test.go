package replicate

import (
	"github.com/weir-go/weir/through/frame"
)

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

// HeadLocked returns the newest place; the caller is inside a View.
func (r *Replica) HeadLocked() uint64 { return r.log.head }
