package replicate

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
)

// Errors of signatures, each in a [SignatureError]; [ErrUnsigned] also of own
// writes, by a replica that takes in signed updates only and has no key.
var (
	// ErrUnsigned is matched where a signature is wanted and there is none.
	ErrUnsigned = errors.New("replicate: update is not signed")
	// ErrSignature is matched where a signature is not that of the update.
	ErrSignature = errors.New("replicate: signature does not match")
	// ErrUntrusted is matched where [Config.Trust] does not accept the author.
	ErrUntrusted = errors.New("replicate: author is not trusted")
)

// A SignatureError is an update that was refused for who is said to have
// written it. Nothing of its frame was applied.
type SignatureError struct {
	Stamp  Stamp      // of the update
	Object ObjectName // that it would have changed
	Err    error      // ErrUnsigned, ErrSignature or ErrUntrusted
}

// Error says what is wrong, and names the object and the author.
func (e *SignatureError) Error() string {
	return fmt.Sprintf("%v: of %v, stamped %v", e.Err, e.Object, e.Stamp)
}

// Unwrap returns what is wrong.
func (e *SignatureError) Unwrap() error { return e.Err }

// Key returns the public key of an author whose updates are signed; ok is
// false for one with a replica id.
func (a Author) Key() (key ed25519.PublicKey, ok bool) {
	if len(a) != maxAuthorSize {
		return nil, false
	}
	return ed25519.PublicKey(a[:ed25519.PublicKeySize]), true
}

// trailerOf is how many bytes of signature stand behind the ops of an author.
func trailerOf(a Author) int {
	if len(a) == maxAuthorSize {
		return ed25519.SignatureSize
	}
	return 0
}

// statementDomain begins everything that is signed, so that no signature made
// for another purpose is one of an update.
const statementDomain = "weir update 1"

// appendStatement appends what the signature of an update is made over.
func appendStatement(dst []byte, a Author, t Time, o ObjectName, op string) []byte {
	dst = appendText(appendText(dst, statementDomain), string(a))
	dst = binary.BigEndian.AppendUint64(dst, uint64(t))
	return appendText(appendText(appendText(dst, o.Type), o.Name), op)
}

// own makes an own update, with its signature behind the op if there is a key.
// The caller holds the lock.
func (r *Replica) own(o *object, op string, at Time) *Update {
	u := &Update{op: op, author: r.self, object: o, time: at}
	if r.self.trailer > 0 {
		b := appendStatement(nil, r.self.name, at, o.name, op)
		u.op += string(ed25519.Sign(r.cfg.Key, b))
	}
	return u
}

// signature returns u's, or "".
func (u *Update) signature() string { return u.op[len(u.op)-u.author.trailer:] }

// Verify checks the update's signature once more. It returns a
// [SignatureError]: ErrUnsigned for one that has none. What a replica took in
// from peers and dumps was verified; what it read from its own file was not.
func (u *Update) Verify() error {
	s := signedRow{u.Stamp(), u.object.name, u.Op(), u.signature()}
	if u.author.trailer == 0 {
		return s.refused(ErrUnsigned)
	}
	if _, ok := s.verify(nil); !ok {
		return s.refused(ErrSignature)
	}
	return nil
}

// identity is what the authors of a replica begin with.
func (c *Config) identity(id ReplicaID) string {
	switch len(c.Key) {
	case 0:
		return string(id[:])
	case ed25519.PrivateKeySize:
		return string(c.Key[ed25519.PrivateKeySize-ed25519.PublicKeySize:])
	}
	panic(fmt.Sprintf("replicate: Config.Key has %d bytes", len(c.Key)))
}

// Owns reports whether a is an author that this replica has written as or may
// write as: by its key if it has one, else by its id. [Replica.Adopt] takes no
// other.
func (r *Replica) Owns(a Author) bool {
	return a.Valid() && string(a[:len(a)-incarnationSize]) == r.identity
}

// wrote reports whether a may be this replica, now or before it had its key.
func (r *Replica) wrote(a Author) bool {
	id, ok := a.ID()
	return ok && id == r.id || r.Owns(a)
}

// writable returns why nothing can be written here, or nil.
func (r *Replica) writable() error {
	if r.failed == nil && r.self.trailer == 0 && r.cfg.signedOnly() {
		return ErrUnsigned
	}
	return r.failed
}

func (c *Config) signedOnly() bool { return c.SignedOnly || c.Trust != nil }

// trusts reports whether a key is on the allow list, where there is one; the
// own key always is.
func (r *Replica) trusts(key ed25519.PublicKey) bool {
	return r.cfg.Trust == nil || string(key) == r.identity || len(key) > 0 && r.cfg.Trust(key)
}

// admits returns why an author's updates are refused, or nil.
func (r *Replica) admits(a Author) error {
	key, signs := a.Key()
	switch {
	case signs && !r.trusts(key):
		return ErrUntrusted
	case !signs && r.cfg.signedOnly():
		return ErrUnsigned
	}
	return nil
}

// disbelieve takes the clock of a marker that is not to be trusted. Only that
// somebody claims to have writes of mine which I lack is heeded: to take a new
// author is never wrong.
func (r *Replica) disbelieve(entries []clockEntry) {
	for _, e := range entries {
		if e.author == r.self && e.time > r.self.clock {
			r.newIncarnation()
		}
	}
}
