package npm

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strconv"
)

// maxDepth bounds how deep JSON is nested.
const maxDepth = 1000

var (
	errJSON  = errors.New("not JSON")
	errDepth = errors.New("JSON nested too deep")
)

// A canon writes JSON values as JSON.stringify writes what JSON.parse read: each
// value has one text. A replica in JavaScript passes on what it got in that form,
// so that an update is the same bytes by whatever way it came.
type canon struct {
	dst   []byte
	depth int
}

// value reads the value that s begins with, behind white space, appends its
// canonical form and returns what follows.
func (c *canon) value(s []byte) (rest []byte, err error) {
	s = space(s)
	if len(s) == 0 {
		return nil, errJSON
	}
	switch s[0] {
	case '"':
		return c.text(s)
	case '{':
		return c.nested(s, (*canon).object)
	case '[':
		return c.nested(s, (*canon).array)
	case 't':
		return c.word(s, "true")
	case 'f':
		return c.word(s, "false")
	case 'n':
		return c.word(s, "null")
	}
	return c.number(s)
}

func (c *canon) nested(s []byte, f func(*canon, []byte) ([]byte, error)) ([]byte, error) {
	if c.depth == maxDepth {
		return nil, errDepth
	}
	c.depth++
	rest, err := f(c, s)
	c.depth--
	return rest, err
}

// space skips white space.
func space(s []byte) []byte {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t' || s[0] == '\n' || s[0] == '\r') {
		s = s[1:]
	}
	return s
}

func (c *canon) word(s []byte, word string) ([]byte, error) {
	if len(s) < len(word) || string(s[:len(word)]) != word {
		return nil, errJSON
	}
	c.dst = append(c.dst, word...)
	return s[len(word):], nil
}

func (c *canon) array(s []byte) ([]byte, error) {
	c.dst = append(c.dst, '[')
	s = space(s[1:])
	for first := true; len(s) > 0; first = false {
		if s[0] == ']' && first {
			c.dst = append(c.dst, ']')
			return s[1:], nil
		}
		rest, err := c.value(s)
		if err != nil {
			return nil, err
		}
		if s = space(rest); len(s) == 0 {
			break
		}
		c.dst = append(c.dst, s[0])
		if s[0] == ']' {
			return s[1:], nil
		}
		if s[0] != ',' {
			break
		}
		s = s[1:]
	}
	return nil, errJSON
}

// A member is where in dst a member of an object is: its key with quotes up to
// mid, a colon, its value up to end.
type member struct{ start, mid, end int }

func (c *canon) object(s []byte) ([]byte, error) {
	var few [8]member
	members := few[:0]
	c.dst = append(c.dst, '{')
	start := len(c.dst)
	s = space(s[1:])
	for first := true; len(s) > 0; first = false {
		if s[0] == '}' && first {
			c.dst = append(c.dst, '}')
			return s[1:], nil
		}
		m, rest, err := c.member(s)
		if err != nil {
			return nil, err
		}
		members = append(members, m)
		if s = space(rest); len(s) == 0 {
			break
		}
		if s[0] == '}' {
			c.arrange(start, members)
			c.dst = append(c.dst, '}')
			return s[1:], nil
		}
		if s[0] != ',' {
			break
		}
		c.dst = append(c.dst, ',')
		s = s[1:]
	}
	return nil, errJSON
}

func (c *canon) member(s []byte) (m member, rest []byte, err error) {
	m.start = len(c.dst)
	if s = space(s); len(s) == 0 || s[0] != '"' {
		return m, nil, errJSON
	}
	if s, err = c.text(s); err != nil {
		return m, nil, err
	}
	m.mid = len(c.dst)
	if s = space(s); len(s) == 0 || s[0] != ':' {
		return m, nil, errJSON
	}
	c.dst = append(c.dst, ':')
	rest, err = c.value(s[1:])
	m.end = len(c.dst)
	return m, rest, err
}

// arrange puts an object's members in the order that JavaScript gives them: those
// with the key of an array's element ascending, then the others as they came. Of
// two with one key the last one's value counts, in the place of the first.
func (c *canon) arrange(start int, members []member) {
	indexes, twice := false, false
	if len(members) > 8 {
		seen := make(map[string]bool, len(members))
		for _, m := range members {
			key := string(c.dst[m.start:m.mid])
			twice, seen[key] = twice || seen[key], true
			indexes = indexes || isIndex(key)
		}
	} else {
		for i, m := range members {
			key := c.dst[m.start:m.mid]
			indexes = indexes || isIndex(string(key))
			for _, o := range members[:i] {
				twice = twice || bytes.Equal(key, c.dst[o.start:o.mid])
			}
		}
	}
	if !indexes && !twice {
		return
	}
	place := make(map[string]int, len(members))
	kept := members[:0:0]
	for _, m := range members {
		key := string(c.dst[m.start:m.mid])
		if i, ok := place[key]; ok {
			kept[i] = m
			continue
		}
		place[key] = len(kept)
		kept = append(kept, m)
	}
	slices.SortStableFunc(kept, func(m, o member) int {
		return compareKeys(string(c.dst[m.start:m.mid]), string(c.dst[o.start:o.mid]))
	})
	var out []byte
	for i, m := range kept {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, c.dst[m.start:m.end]...)
	}
	c.dst = append(c.dst[:start], out...)
}

// isIndex reports whether a key, in quotes, is that of an array's element: a
// whole number below 2^32-1 without zeros before it.
func isIndex(key string) bool {
	n := len(key) - 2
	if n < 1 || n > 10 || key[1] == '0' && n > 1 {
		return false
	}
	for _, c := range []byte(key[1 : n+1]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return n < 10 || key[1:n+1] < "4294967295"
}

// compareKeys orders two different keys, in quotes, so that a stable sort is the
// order of arrange.
func compareKeys(a, b string) int {
	switch x, y := isIndex(a), isIndex(b); {
	case x && y && len(a) != len(b):
		return len(a) - len(b)
	case x && y:
		return bytes.Compare([]byte(a), []byte(b))
	case x:
		return -1
	case y:
		return 1
	}
	return 0
}

// number reads a number. One that is too large for a float64 is null, as it is
// to JSON.stringify.
func (c *canon) number(s []byte) ([]byte, error) {
	n, whole := scanNumber(s)
	switch {
	case n == 0:
		return nil, errJSON
	case whole && n <= 15 && string(s[:n]) != "-0":
		c.dst = append(c.dst, s[:n]...)
		return s[n:], nil
	}
	f, err := strconv.ParseFloat(string(s[:n]), 64)
	if err != nil && !math.IsInf(f, 0) {
		return nil, errJSON
	}
	c.dst = appendNumber(c.dst, f)
	return s[n:], nil
}

// scanNumber returns how long the number is that s begins with, or 0, and
// whether it has neither fraction nor exponent.
func scanNumber(s []byte) (n int, whole bool) {
	digits := func(i int) int {
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i
	}
	if n < len(s) && s[n] == '-' {
		n++
	}
	first := n
	if n = digits(n); n == first || s[first] == '0' && n > first+1 {
		return 0, false
	}
	whole = true
	if n < len(s) && s[n] == '.' {
		first, whole = n+1, false
		if n = digits(first); n == first {
			return 0, false
		}
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		n, whole = n+1, false
		if n < len(s) && (s[n] == '+' || s[n] == '-') {
			n++
		}
		first = n
		if n = digits(first); n == first {
			return 0, false
		}
	}
	return n, whole
}

// appendNumber appends a number as JavaScript writes it.
func appendNumber(dst []byte, f float64) []byte {
	abs := math.Abs(f)
	switch {
	case f == 0:
		return append(dst, '0')
	case math.IsInf(f, 0) || math.IsNaN(f):
		return append(dst, "null"...)
	case abs >= 1e-6 && abs < 1e21:
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	if n := len(dst); dst[n-2] == '0' && (dst[n-3] == '-' || dst[n-3] == '+') {
		dst = append(dst[:n-2], dst[n-1]) // e-07 is e-7
	}
	return dst
}

// canonical returns the canonical form of a whole text.
func canonical(s []byte) ([]byte, error) {
	c := canon{dst: make([]byte, 0, len(s))}
	rest, err := c.value(s)
	if err == nil && len(space(rest)) > 0 {
		err = errJSON
	}
	return c.dst, err
}
