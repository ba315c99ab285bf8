package replicate

import (
	"encoding/binary"

	"github.com/weir-go/weir/through/frame"
)

// What a replica's own file keeps beside updates and markers: what is held
// under filters (see partial.go), up to where deletions were forgotten, and who
// the declared members are, with what each is known to hold. A horizon is in
// the file before the tombstones that it stands for leave it.

// Kinds of frame in a replica's own file. Who does not know them skips them.
const (
	kindHorizon = 0x51
	kindMembers = 0x52
)

// notes is what a journal has of them.
type notes struct {
	horizon []Time
	members uint64 // Replica.declared when they were written
	heard   uint64 // and Replica.heard
}

// AppendNotes appends the frames in which a replica's own file keeps what is
// neither update nor marker. They belong behind the updates.
func (r *Replica) AppendNotes(dst []byte) []byte {
	r.mu.RLock()
	defer r.mu.RUnlock()
	dst, _ = r.appendPartials(dst, true)
	return r.appendNotes(dst, notes{})
}

// noted reports whether a journal has got all of the notes. What members hold
// can wait for the next batch, but not for ever.
func (r *Replica) noted(n notes, last bool) bool {
	return covers(n.horizon, r.horizon) && n.members == r.declared && (!last || n.heard == r.heard)
}

func (r *Replica) appendNotes(dst []byte, n notes) []byte {
	if !covers(n.horizon, r.horizon) {
		dst = frame.Append(dst, appendTimes([]byte{kindHorizon}, r.authors, r.horizon))
	}
	if len(r.members) == 0 && n.members == r.declared {
		return dst
	}
	b := binary.AppendUvarint([]byte{kindMembers}, uint64(len(r.members)))
	for id, m := range r.members {
		b = appendTimes(append(b, id[:]...), r.authors, m.heard)
	}
	return frame.Append(dst, b)
}

// restoreHorizon takes a horizon from the replica's own file, and forgets what
// is below it.
func (r *Replica) restoreHorizon(payload []byte) error {
	c := &cursor{b: payload[1:]}
	horizon := c.clock()
	if err := c.end("horizon"); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	limit := r.indexed(horizon)
	r.raise(limit)
	r.forget(limit, r.visible())
	return nil
}

// restoreMembers takes the declared members from the replica's own file.
func (r *Replica) restoreMembers(payload []byte) error {
	c := &cursor{b: payload[1:]}
	n := c.count(len(ReplicaID{}) + 1)
	members := make(map[ReplicaID]Clock, n)
	for range n {
		var id ReplicaID
		copy(id[:], c.bytes(len(id)))
		members[id] = c.clock()
	}
	if err := c.end("members"); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members = make(map[ReplicaID]member, n)
	for id, clock := range members {
		heard := r.indexed(clock)
		r.members[id] = member{heard: heard, latest: heard}
	}
	return nil
}
