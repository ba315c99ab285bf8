package doc

import "strings"

// A number is an integer and a fraction: its digits to the base 255, each a
// byte from 1, and the last not 1, which is the digit zero. So there is always
// a number between two, and a number has one form.
type number struct {
	whole int64
	frac  string
}

const (
	// maxWhole bounds whole numbers; beyond it only fractions go.
	maxWhole = 1 << 62
	// longFrac is a fraction so long that a new level of places is cheaper.
	longFrac = 8
)

var zero number

// How a whole number is written, so that the bytes sort as the numbers do: one
// that is not negative in a byte if it is small, else as a byte with its
// length and its bytes; a negative one as the complement of that.
const (
	codeZero = 0x80
	codeLong = 0xA8 // and up: 1 to 8 bytes follow
)

func (n number) append(dst []byte) []byte {
	flip, v := byte(0), uint64(n.whole)
	if n.whole < 0 {
		flip, v = 0xff, ^v
	}
	if v < codeLong-codeZero {
		dst = append(dst, (codeZero+byte(v))^flip)
	} else {
		size := byteLen(v)
		dst = append(dst, (codeLong+byte(size-1))^flip)
		for i := size - 1; i >= 0; i-- {
			dst = append(dst, byte(v>>(8*i))^flip)
		}
	}
	return append(append(dst, n.frac...), 0)
}

func byteLen(v uint64) (n int) {
	for ; v > 0; v >>= 8 {
		n++
	}
	return n
}

// cutNumber reads what append wrote, and nothing else.
func cutNumber(s string) (n number, rest string, ok bool) {
	if s == "" {
		return n, "", false
	}
	flip := byte(0)
	if s[0] < codeZero {
		flip = 0xff
	}
	code := s[0] ^ flip
	v, size := uint64(code-codeZero), 0
	if code >= codeLong {
		size, v = int(code-codeLong)+1, 0
		if size > 8 || len(s) < 1+size {
			return n, "", false
		}
		for _, b := range []byte(s[1 : 1+size]) {
			v = v<<8 | uint64(b^flip)
		}
		if v < codeLong-codeZero || byteLen(v) != size {
			return n, "", false
		}
	}
	if v > maxWhole || flip != 0 && v == maxWhole {
		return n, "", false
	}
	if n.whole = int64(v); flip != 0 {
		n.whole = ^n.whole
	}
	s = s[1+size:]
	end := strings.IndexByte(s, 0)
	if end < 0 || end > 0 && s[end-1] == 1 {
		return n, "", false
	}
	n.frac = s[:end]
	// Nothing must be the least of all numbers.
	return n, s[end+1:], n.whole > -maxWhole || n.frac != ""
}

func (n number) less(m number) bool {
	if n.whole != m.whole {
		return n.whole < m.whole
	}
	return n.frac < m.frac
}

// above returns a number that is greater.
func (n number) above() number {
	if n.whole < maxWhole {
		return number{whole: n.whole + 1}
	}
	return number{n.whole, fracBetween(n.frac, "", true)}
}

// below returns a number that is less.
func (n number) below() number {
	if n.whole > 1-maxWhole {
		return number{whole: n.whole - 1}
	}
	if n.whole > -maxWhole {
		return number{-maxWhole, fracBetween("", "", true)}
	}
	return number{n.whole, fracBetween("", n.frac, false)}
}

// between returns a number between two, of which a is less. Whatever begins with
// its fraction is between them too.
func between(a, b number) number {
	switch {
	case a.whole == b.whole:
		return number{a.whole, fracBetween(a.frac, b.frac, false)}
	case b.whole-a.whole >= 2:
		return number{whole: a.whole + 1}
	}
	return number{a.whole, fracBetween(a.frac, "", true)}
}

// fracBetween returns a fraction between two, or above a if there is no bound:
// with a digit in the middle where the two leave room for one.
func fracBetween(a, b string, unbound bool) string {
	for i := 0; ; i++ {
		low, high := 1, 256
		if i < len(a) {
			low = int(a[i])
		}
		if !unbound {
			high = int(b[i]) // b is greater, so it is not at its end
		}
		if high-low >= 2 {
			return padded(a, i) + string([]byte{byte((low + high) / 2)})
		}
		unbound = unbound || high > low
	}
}

// padded returns the first n digits of a fraction.
func padded(frac string, n int) string {
	if n <= len(frac) {
		return frac[:n]
	}
	return frac + strings.Repeat("\x01", n-len(frac))
}
