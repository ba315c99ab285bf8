package replicate

import (
	"encoding/binary"
	"math/bits"
)

// The seeds and multipliers of the two lanes: the first 64 bits behind the point
// of the square roots of 2, 3, 5 and 7.
const (
	mixSeed0, mixTimes0 = 0x6a09e667f3bcc908, 0x3c6ef372fe94f82b
	mixSeed1, mixTimes1 = 0xbb67ae8584caa73b, 0xa54ff53a5f1d36f1
)

// mix hashes b, fast and well enough that no accident goes unseen. Who wants two
// inputs with one hash can make them.
func mix(b []byte) Fingerprint {
	x, y, n := uint64(mixSeed0), uint64(mixSeed1), uint64(len(b))
	for ; len(b) >= 8; b = b[8:] {
		w := binary.LittleEndian.Uint64(b)
		x, y = fold(x^w, mixTimes0), fold(y^w, mixTimes1)
	}
	if len(b) > 0 {
		var last [8]byte
		copy(last[:], b)
		w := binary.LittleEndian.Uint64(last[:])
		x, y = fold(x^w, mixTimes0), fold(y^w, mixTimes1)
	}
	return Fingerprint{fold(x^n, mixTimes0), fold(y^n, mixTimes1)}
}

// fold multiplies, and joins the halves of the product.
func fold(x, y uint64) uint64 {
	hi, lo := bits.Mul64(x, y)
	return hi ^ lo
}
