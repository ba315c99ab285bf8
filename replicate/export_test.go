package replicate

import (
	"github.com/weir-go/weir/through/frame"
)

// Failure returns why the session is ending.
func (s *Session) Failure() error { return s.failure() }

// Content returns the fingerprint without tombstones.
func (r *Replica) Content() Fingerprint { return r.content() }

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

// Filters returns those that the replica keeps clocks of.
func (r *Replica) Filters() (all []Filter) {
	for _, p := range r.partials {
		all = append(all, p.filter)
	}
	return all
}

// Receive takes in an update of another replica, as from nobody.
func (r *Replica) Receive(u *Update) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, err := r.internObject(u.object.name)
	if err != nil {
		panic(err)
	}
	v := &Update{op: u.op, author: r.internAuthor(u.author.name), object: o, time: u.time}
	if _, err := r.receive([]*Update{v}, false); err != nil {
		panic(err)
	}
}

// Readers returns how many readers are registered.
func (r *Replica) Readers() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.readers)
}

// HeadLocked returns the newest place; the caller is inside a View.
func (r *Replica) HeadLocked() uint64 { return r.log.head }

// HeardBye reports whether the peer has ended well.
func (s *Session) HeardBye() bool { return s.over() }

// IsAck reports whether a chunk is an ack.
func IsAck(b []byte) bool { return kindIs(b, kindAck) }

// Trespass has the session send what it has agreed not to.
func (s *Session) Trespass() {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.out.only, s.enc.only = nil, nil
	s.out.open(s.r, nil, 0)
}

// Code returns the encoding of a filter.
func (f Filter) Code() []byte { return []byte(f.code()) }

// ParseFilter reads an encoding.
func ParseFilter(code []byte) (Filter, error) {
	c := &cursor{b: appendText(nil, string(code))}
	f := c.filter()
	return f, c.end("filter")
}

// Passes reports whether an update would.
func (f Filter) Passes(u *Update) bool { return newScope(f).some(u) }

// Suspect has the next session exchange everything.
func (r *Replica) Suspect() { r.suspect = true }

// Signature returns the signature of an update, or "".
func (u *Update) Signature() string { return u.signature() }

// Statement returns what the signature is made over.
func (u *Update) Statement() []byte {
	return appendStatement(nil, u.author.name, u.time, u.object.name, u.Op())
}

// Plant holds an update that nobody has verified; signature is "" for an author
// who does not sign.
func (r *Replica) Plant(s Stamp, name ObjectName, op, signature string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, err := r.internObject(name)
	if err != nil {
		panic(err)
	}
	u := &Update{op: op + signature, author: r.internAuthor(s.Author), object: o, time: s.Time}
	if _, err := r.receive([]*Update{u}, true); err != nil {
		panic(err)
	}
	r.promise(u.author, u.time)
}
