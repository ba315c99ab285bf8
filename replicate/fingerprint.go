package replicate

import "encoding/binary"

// A Fingerprint sums the hashes of a replica's clock entries and of its live
// updates, so that two replicas that hold and promise the same have the same.
// It is kept incrementally. It guards against accidents, not against peers
// that forge collisions.
type Fingerprint [2]uint64

func (f *Fingerprint) add(h Fingerprint) { f[0] += h[0]; f[1] += h[1] }
func (f *Fingerprint) sub(h Fingerprint) { f[0] -= h[0]; f[1] -= h[1] }

func (f Fingerprint) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, f[0])
	return binary.BigEndian.AppendUint64(dst, f[1])
}

// count adds what of an update is live to the fingerprints.
func (r *Replica) count(u *Update) {
	u.rows(func(p *Update) {
		if p.state != stateLive {
			return
		}
		h := hashOf(p)
		r.print.add(h)
		if p.tombstone() {
			r.tombs.add(h)
		}
	})
}

// discountRow takes a row out that is not live any more.
func (r *Replica) discountRow(p *Update) {
	h := hashOf(p)
	r.print.sub(h)
	if p.tombstone() {
		r.tombs.sub(h)
	}
}

// content is the fingerprint without tombstones: what replicas that promise
// the same agree on, however much of them each has forgotten.
func (r *Replica) content() Fingerprint {
	f := r.print
	f.sub(r.tombs)
	return f
}

// The first byte hashed keeps the two kinds of summands apart.
const (
	hashClockEntry = 'c'
	hashUpdate     = 'u'
)

func hashEntry(a Author, t Time) Fingerprint {
	var buf [1 + 1 + maxAuthorSize + 8]byte
	b := append(buf[:0], hashClockEntry, byte(len(a)))
	b = append(b, a...)
	b = binary.BigEndian.AppendUint64(b, uint64(t))
	return mix(b)
}

func hashOf(u *Update) Fingerprint {
	var buf [256]byte
	b := append(buf[:0], hashUpdate, byte(len(u.author.name)))
	b = append(b, u.author.name...)
	b = binary.BigEndian.AppendUint64(b, uint64(u.time))
	b = binary.AppendUvarint(b, uint64(len(u.object.name.Type)))
	b = append(b, u.object.name.Type...)
	b = binary.AppendUvarint(b, uint64(len(u.object.name.Name)))
	b = append(b, u.object.name.Name...)
	// The op too: of two updates with one stamp, that is all that differs.
	return mix(append(b, u.Op()...))
}
