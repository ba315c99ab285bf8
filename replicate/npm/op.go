package npm

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/compact"
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

// pair returns the first two elements of an array; second is "" if it has one,
// and ok is false if it has none.
func pair(s string) (first, second string, ok bool) {
	compact.Array(s, func(i int, value string) bool {
		if ok = true; i == 0 {
			first = value
			return true
		}
		second = value
		return false
	})
	return first, second, ok
}
