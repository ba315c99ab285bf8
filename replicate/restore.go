package replicate

import (
	"fmt"
)

// A Header is the first frame of a file or dump.
type Header struct {
	ID     ReplicaID // whose file or dump it is
	Dump   bool      // a dump, not a replica's own file
	Placed bool      // a file that is damaged if it is shorter than it was put in place
}

// AppendHeader appends the frame that a replica's own file begins with: a file
// that is put in place whole, and is damaged if it is shorter than it was then.
func (r *Replica) AppendHeader(dst []byte) []byte {
	return greeting{version: Version, flags: flagPlaced, set: setHash(r.set), id: r.id}.append(dst)
}

// ParseHeader parses the payload of a first frame. It returns ErrNotWeir, a
// VersionError or a FrameError.
func ParseHeader(payload []byte) (Header, error) {
	g, err := parseGreeting(payload)
	return Header{ID: g.id, Dump: g.flags&flagDump != 0, Placed: g.flags&flagPlaced != 0}, err
}

// A Restorer takes a replica's own updates and markers back in from its file,
// in the order they were written. It is for one goroutine.
type Restorer struct {
	r       *Replica
	dec     decoder
	updates int
	markers int

	// Verify has signatures checked, too: a frame with one that does not match
	// is refused with a SignatureError. It is set before the first frame.
	Verify bool
}

// Restorer returns a restorer for a replica that was just made and has nothing
// attached to it.
func (r *Replica) Restorer() *Restorer { return &Restorer{r: r} }

// Takes reports whether a frame's payload is of a kind for Frame. Of the kinds
// 0x40 to 0x5f, which belong to files and are never sent to a peer, that is 0x50
// to 0x52; 0x40 to 0x4f are the file's own.
func (x *Restorer) Takes(payload []byte) bool {
	if len(payload) == 0 {
		return true // to be refused
	}
	kind := payload[0]
	return kind == kindUpdates || kind == kindMarker ||
		kind == kindPartial || kind == kindHorizon || kind == kindMembers
}

// Frame takes one frame's payload. It returns a FrameError if the payload makes
// no sense, and then has applied nothing of it, or a SignatureError.
func (x *Restorer) Frame(payload []byte) error {
	if len(payload) == 0 {
		return &FrameError{Frame: "empty", Err: errShort}
	}
	switch payload[0] {
	case kindUpdates:
		f, _, err := x.r.takeIn(&x.dec, payload, intake{own: true, verify: x.Verify})
		x.updates += len(f.updates)
		return err
	case kindMarker:
		x.markers++
		return x.r.joinIn(&x.dec, payload, intake{own: true})
	case kindPartial:
		return x.r.restorePartial(payload)
	case kindHorizon:
		return x.r.restoreHorizon(payload)
	case kindMembers:
		return x.r.restoreMembers(payload)
	}
	return &FrameError{Frame: "unknown", Err: fmt.Errorf("kind %d in a file", payload[0])}
}

// Updates returns how many updates were taken in.
func (x *Restorer) Updates() int { return x.updates }

// Markers returns how many markers were taken in.
func (x *Restorer) Markers() int { return x.markers }

// Adopt goes on writing as an author of earlier openings, all of whose writes
// are known to be held. A journal calls it after restoring, when it is sure
// that nothing others may have seen was lost; else the new author stands that
// every replica begins with. It returns an error for another replica's author.
func (r *Replica) Adopt(name Author) error {
	if !r.Owns(name) {
		return fmt.Errorf("replicate: author %v is not of replica %s", name, r.id.Short())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.self, r.renewed = r.internAuthor(name), false
	r.promise(r.self, r.self.last())
	return nil
}

// Witness makes every later stamp lie above t.
func (r *Replica) Witness(t Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.witness(t)
}
