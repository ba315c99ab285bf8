package codec

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"
)

// ErrPath is matched when a path of [JSONPath] cannot be read.
var ErrPath = errors.New("malformed path")

// A step is one part of a path.
type step struct {
	key   string
	any   bool // any key or index
	depth bool // any number of levels, none too, before the key
}

// A jsonPath is what a path says. A set of its steps, those that a place in the
// document waits for, is a bit mask.
type jsonPath []step

const maxSteps = 60

// parsePath reads a path; see JSONPath.
func parsePath(text string) (path jsonPath, err error) {
	rest := text
	for first := true; rest != ""; first = false {
		var s step
		switch {
		case strings.HasPrefix(rest, ".."):
			s.depth, rest = true, rest[2:]
		case !first && rest[0] == '.':
			rest = rest[1:]
		}
		s.key, s.any, rest = cutKey(rest)
		if s.key == "" && !s.any {
			return nil, fmt.Errorf("%w: %q: a key is missing", ErrPath, text)
		}
		path = append(path, s)
	}
	if len(path) > maxSteps {
		return nil, fmt.Errorf("%w: more than %d keys", ErrPath, maxSteps)
	}
	return path, nil
}

// cutKey takes the key at the start of text, up to a dot.
func cutKey(text string) (key string, star bool, rest string) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '.':
			return b.String(), text[:i] == "*", text[i:]
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String(), text == "*", ""
}

// start is the set of steps that a document waits for: the first one.
const start uint64 = 1

// below returns what is waited for below a key, in a place that waits for set.
func (p jsonPath) below(set uint64, key string) (next uint64) {
	for rest := set; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros64(rest)
		if i == len(p) {
			continue
		}
		if p[i].depth {
			next |= 1 << i
		}
		if p[i].any || p[i].key == key {
			next |= 1 << (i + 1)
		}
	}
	return next
}

// found says whether set holds a place that the path leads to.
func (p jsonPath) found(set uint64) bool { return set>>len(p)&1 == 1 }
