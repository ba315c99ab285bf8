package codec

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"
)

// ErrPath is matched when a path of [JSONPath] cannot be read.
var ErrPath = errors.New("malformed path")

// A PathError says what is wrong with a path. It matches [ErrPath].
type PathError struct {
	Path   string // as it was given
	Reason string // what is wrong, and what to write instead
}

// Error returns both.
func (e *PathError) Error() string {
	return fmt.Sprintf("codec: %v: %q: %s", ErrPath, e.Path, e.Reason)
}

// Unwrap returns ErrPath.
func (e *PathError) Unwrap() error { return ErrPath }

// What can be wrong with a path.
const (
	badEmpty   = "a key is missing"
	badEscape  = "nothing is behind the last backslash"
	badBracket = `an index is .0, any is .*, and \[ and \] are a key's own`
	badName    = `Keys has no function for <%s>; \< is a key's own`
	badLength  = "more than %d keys"
)

// A step is one part of a path.
type step struct {
	key   string
	is    func(key string) bool // nil: it is key
	any   bool                  // any key or index
	depth bool                  // any number of levels, none too, before the key
}

// A jsonPath is what a path says. A set of its steps, those that a place in the
// document waits for, is a bit mask.
type jsonPath []step

const maxSteps = 60

// parsePath reads a path; see JSONPath.
func parsePath(text string, keys map[string]func(string) bool) (path jsonPath, err error) {
	rest := text
	if rest == "$" || strings.HasPrefix(rest, "$.") {
		rest = rest[1:]
	}
	for first := rest == text; rest != ""; first = false {
		var s step
		switch {
		case strings.HasPrefix(rest, ".."):
			s.depth, rest = true, rest[2:]
		case !first && rest[0] == '.':
			rest = rest[1:]
		}
		bad := ""
		if rest, bad = s.cut(rest, keys); bad != "" {
			return nil, &PathError{Path: text, Reason: bad}
		}
		path = append(path, s)
	}
	if len(path) > maxSteps {
		return nil, &PathError{Path: text, Reason: fmt.Sprintf(badLength, maxSteps)}
	}
	return path, nil
}

// cut takes the key at the start of text, up to a dot, or says what is wrong
// with it.
func (s *step) cut(text string, keys map[string]func(string) bool) (rest, bad string) {
	var key strings.Builder
	i := 0
	for ; i < len(text) && text[i] != '.'; i++ {
		switch text[i] {
		case '[', ']':
			return "", badBracket
		case '\\':
			if i++; i == len(text) {
				return "", badEscape
			}
		}
		key.WriteByte(text[i])
	}
	s.key = key.String()
	plain := text[:i]
	s.any = plain == "*"
	name, named := strings.CutPrefix(plain, "<")
	switch {
	case s.key == "":
		return "", badEmpty
	case named && strings.HasSuffix(name, ">"):
		name = strings.TrimSuffix(name, ">")
		if s.is = keys[name]; s.is == nil {
			return "", fmt.Sprintf(badName, name)
		}
	}
	return text[i:], ""
}

// leads says whether a step is this key.
func (s *step) leads(key string) bool {
	return s.any || s.is == nil && s.key == key || s.is != nil && s.is(key)
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
		if p[i].leads(key) {
			next |= 1 << (i + 1)
		}
	}
	return next
}

// found says whether set holds a place that the path leads to.
func (p jsonPath) found(set uint64) bool { return set>>len(p)&1 == 1 }
