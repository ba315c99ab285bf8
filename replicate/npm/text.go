package npm

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// text reads a string.
func (c *canon) text(s []byte) ([]byte, error) {
	c.dst = append(c.dst, '"')
	s = s[1:]
	for {
		i := 0
		for i < len(s) && s[i] >= ' ' && s[i] != '"' && s[i] != '\\' && s[i] < utf8.RuneSelf {
			i++
		}
		c.dst = append(c.dst, s[:i]...)
		switch {
		case i == len(s) || s[i] < ' ':
			return nil, errJSON
		case s[i] == '"':
			c.dst = append(c.dst, '"')
			return s[i+1:], nil
		case s[i] != '\\':
			r, n := utf8.DecodeRune(s[i:]) // what is no UTF-8 is U+FFFD
			c.dst = utf8.AppendRune(c.dst, r)
			s = s[i+n:]
			continue
		}
		r, n := unescape(s[i:])
		if n == 0 {
			return nil, errJSON
		}
		c.dst = appendRune(c.dst, r)
		s = s[i+n:]
	}
}

// unescape reads the escape that s begins with, or two that are one rune, and
// returns how long it is, or 0. Half of a surrogate pair is returned as it is.
func unescape(s []byte) (r rune, n int) {
	if len(s) < 2 {
		return 0, 0
	}
	if i := bytes.IndexByte([]byte(`"\/bfnrt`), s[1]); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), 2
	}
	r, ok := unescapeUnit(s)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(r) && len(s) > 6 {
		if low, ok := unescapeUnit(s[6:]); ok {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				return both, 12
			}
		}
	}
	return r, 6
}

func unescapeUnit(s []byte) (r rune, ok bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(string(s[2:6]), 16, 16)
	return rune(v), err == nil
}

// appendRune appends a rune, or half of a surrogate pair, inside a string.
func appendRune(dst []byte, r rune) []byte {
	const short = "\b\t\n\f\r\"\\"
	switch i := bytes.IndexRune([]byte(short), r); {
	case i >= 0:
		return append(dst, '\\', `btnfr"\`[i])
	case r < ' ' || utf16.IsSurrogate(r):
		return appendUnit(dst, uint16(r))
	}
	return utf8.AppendRune(dst, r)
}

func appendUnit(dst []byte, v uint16) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[v>>12], hex[v>>8&0xf], hex[v>>4&0xf], hex[v&0xf])
}

// appendJSString appends a Go string, canonical.
func appendJSString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		dst = appendRune(dst, r)
	}
	return append(dst, '"')
}

// appendASCII appends canonical JSON with every rune that is not ASCII escaped: a
// reader in JavaScript that is given half a rune at a time has nothing to break.
func appendASCII(dst []byte, s string) []byte {
	for len(s) > 0 {
		i := 0
		for i < len(s) && s[i] < utf8.RuneSelf {
			i++
		}
		dst = append(dst, s[:i]...)
		if s = s[i:]; len(s) == 0 {
			break
		}
		r, n := utf8.DecodeRuneInString(s)
		if r1, r2 := utf16.EncodeRune(r); r1 != utf8.RuneError {
			dst = appendUnit(appendUnit(dst, uint16(r1)), uint16(r2))
		} else {
			dst = appendUnit(dst, uint16(r))
		}
		s = s[n:]
	}
	return dst
}

// unitsOf returns what is between the quotes of a canonical string as UTF-16.
func unitsOf(s string) (units []uint16) {
	for len(s) > 0 {
		if r, n := unescape([]byte(s[:min(len(s), 12)])); s[0] == '\\' && n > 0 {
			units = utf16.AppendRune(units[:len(units):len(units)], r)
			if utf16.IsSurrogate(r) { // which AppendRune replaces
				units[len(units)-1] = uint16(r)
			}
			s = s[n:]
			continue
		}
		r, n := utf8.DecodeRuneInString(s)
		units = utf16.AppendRune(units, r)
		s = s[n:]
	}
	return units
}
