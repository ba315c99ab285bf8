// Package varint writes and reads the integers and texts of an op, which is a
// string.
package varint

import "encoding/binary"

// Uint reads an unsigned integer as encoding/binary's AppendUvarint writes it,
// and returns what follows. ok is false if there is none, if it is over 64
// bits, or if it is longer than it need be: an op has one encoding.
func Uint(s string) (v uint64, rest string, ok bool) {
	for i := 0; i < len(s) && i < 10; i++ {
		b := s[i]
		if i == 9 && b > 1 {
			return 0, "", false
		}
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			return v, s[i+1:], b > 0 || i == 0
		}
	}
	return 0, "", false
}

// AppendText appends the length of text and text.
func AppendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// Text reads what AppendText wrote, and returns what follows. Both share s's
// memory. ok is false if s does not hold all of it.
func Text(s string) (text, rest string, ok bool) {
	n, rest, ok := Uint(s)
	if !ok || n > uint64(len(rest)) {
		return "", "", false
	}
	return rest[:n], rest[n:], true
}
