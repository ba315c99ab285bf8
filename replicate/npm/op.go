package npm

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/varint"
)

// What an op begins with.
const (
	hasID    = 1 << 0 // the id of the author follows, as a text
	hasExtra = 1 << 1 // what follows the source in the line follows, as a text
)

var (
	errOp    = errors.New("npm: malformed op")
	errProto = errors.New(`"__proto__" is refused`)
)

// An op is a line of the originals but for what the stamp says: the change, in
// canonical JSON. All fields share one string.
type op struct {
	id     ident  // of the author, if it is not in its name
	extra  string // elements of the line from the fourth on, such as a signature
	change string
}

func appendOp(dst []byte, o op) []byte {
	flags := byte(0)
	if o.id != "" {
		flags |= hasID
	}
	if o.extra != "" {
		flags |= hasExtra
	}
	dst = append(dst, flags)
	if o.id != "" {
		dst = varint.AppendText(dst, string(o.id))
	}
	if o.extra != "" {
		dst = varint.AppendText(dst, o.extra)
	}
	return append(dst, o.change...)
}

func parseOp(s string) (o op, ok bool) {
	if s == "" || s[0] > hasID|hasExtra {
		return op{}, false
	}
	flags, text := s[0], ""
	s, ok = s[1:], true
	if flags&hasID != 0 {
		text, s, ok = varint.Text(s)
		o.id = ident(text)
		ok = ok && text != ""
	}
	if ok && flags&hasExtra != 0 {
		o.extra, s, ok = varint.Text(s)
		ok = ok && o.extra != ""
	}
	o.change = s
	return o, ok
}

// changeOf returns the change of an op that was checked.
func changeOf(s string) string {
	if s[0] == 0 {
		return s[1:]
	}
	o, _ := parseOp(s)
	return o.change
}

// idOf returns the id of who wrote u. An author that no id stands for, which no
// one writes as who uses this package, goes by its bytes.
func idOf(u *replicate.Update) ident {
	if u.Op()[0]&hasID != 0 {
		o, _ := parseOp(u.Op())
		return o.id
	}
	a := u.Stamp().Author
	if id, ok := (scope{letter: a[2]}).id(a); ok {
		return id
	}
	return ident(hex.EncodeToString([]byte(a)))
}

// newer reports whether u wins over v: by timestamp, and where these are equal by
// the id that is greater in JavaScript.
func newer(u, v *replicate.Update) bool {
	a, b := u.Stamp(), v.Stamp()
	if a.Time != b.Time {
		return a.Time > b.Time
	}
	if c := idOf(u).compare(idOf(v)); c != 0 {
		return c > 0
	}
	return a.Author > b.Author
}

// check returns the Check of a type whose changes pass shape.
func check(shape func(change string) error) func(string) error {
	return func(s string) error {
		o, ok := parseOp(s)
		if !ok {
			return errOp
		}
		if o.id != "" && !isCanonical(`"`+string(o.id)+`"`) || o.extra != "" && !isCanonical("["+o.extra+"]") ||
			!isCanonical(o.change) {
			return errOp
		}
		if o.id == proto {
			return fmt.Errorf("npm: source %w", errProto)
		}
		if err := shape(o.change); err != nil {
			return fmt.Errorf("npm: %w", err)
		}
		return nil
	}
}

// scratch is memory for looking whether something is canonical.
var scratch = sync.Pool{New: func() any { return new(canonScratch) }}

type canonScratch struct{ in, out []byte }

// isCanonical reports whether s is one JSON value in canonical form.
func isCanonical(s string) bool {
	b := scratch.Get().(*canonScratch)
	defer scratch.Put(b)
	b.in = append(b.in[:0], s...)
	c := canon{dst: b.out[:0]}
	rest, err := c.value(b.in)
	b.out = c.dst
	if cap(b.in) > 1<<16 {
		*b = canonScratch{}
	}
	return err == nil && len(rest) == 0 && bytes.Equal(c.dst, []byte(s))
}

// cut returns the value that canonical JSON begins with, and what follows it.
func cut(s string) (value, rest string) {
	n := 0
	switch {
	case s == "":
	case s[0] == '"':
		n = textEnd(s)
	case s[0] == '{' || s[0] == '[':
		depth := 0
		for n < len(s) {
			switch s[n] {
			case '"':
				n += textEnd(s[n:]) - 1
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			if n++; depth == 0 {
				return s[:n], s[n:]
			}
		}
	default:
		if n = strings.IndexAny(s, ",]}"); n < 0 {
			n = len(s)
		}
	}
	return s[:n], s[n:]
}

// textEnd returns how long the string is that s begins with.
func textEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(s)
}

// elements calls f with each element of an array in canonical JSON, until it
// returns false; ok is false if s is none.
func elements(s string, f func(i int, value string) bool) (ok bool) {
	if s == "" || s[0] != '[' {
		return false
	}
	s = s[1:]
	for i := 0; s != "" && s[0] != ']'; i++ {
		var value string
		value, s = cut(s)
		if !f(i, value) {
			break
		}
		s = strings.TrimPrefix(s, ",")
	}
	return true
}

// members calls f with each key, in quotes, and value of an object in canonical
// JSON; ok is false if s is none.
func members(s string, f func(key, value string)) (ok bool) {
	if s == "" || s[0] != '{' {
		return false
	}
	s = s[1:]
	for s != "" && s[0] != '}' {
		n := textEnd(s)
		key := s[:n]
		var value string
		value, s = cut(s[n+1:])
		f(key, value)
		s = strings.TrimPrefix(s, ",")
	}
	return true
}

// pair returns the first two elements of an array; second is "" if it has one,
// and ok is false if it has none.
func pair(s string) (first, second string, ok bool) {
	elements(s, func(i int, value string) bool {
		if ok = true; i == 0 {
			first = value
			return true
		}
		second = value
		return false
	})
	return first, second, ok
}
