// Package causal says in an op what its author had seen of an object.
package causal

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/varint"
)

// A Context is, for each author that an op has seen, the newest of its stamps:
// one stamp an author, ascending by author. Since an author has always seen its
// own earlier writes, and what these had seen, a context covers everything of
// the author up to that stamp.
type Context []replicate.Stamp

// Of returns the context that has seen all these stamps, in any order and with
// several of one author. It uses the slice up.
func Of(stamps []replicate.Stamp) Context {
	slices.SortFunc(stamps, func(s, t replicate.Stamp) int {
		if c := strings.Compare(string(s.Author), string(t.Author)); c != 0 {
			return c
		}
		return t.Compare(s)
	})
	return slices.CompactFunc(stamps, func(s, t replicate.Stamp) bool { return s.Author == t.Author })
}

// Covers reports whether s was seen.
func (c Context) Covers(s replicate.Stamp) bool {
	i, found := slices.BinarySearchFunc(c, s.Author, func(e replicate.Stamp, a replicate.Author) int {
		return strings.Compare(string(e.Author), string(a))
	})
	return found && s.Time <= c[i].Time
}

// Within reports whether everything that c has seen was seen by d too.
func (c Context) Within(d Context) bool {
	for _, s := range c {
		if !d.Covers(s) {
			return false
		}
	}
	return true
}

// Append writes c's entries, for an op that will bear the stamp own. How many
// there are is the op's to say. An entry is the length of the author in a byte
// and the author, or 0 for the op's own, which comes first; then how far its
// time lies below the op's, as a uvarint.
func (c Context) Append(dst []byte, own replicate.Stamp) []byte {
	for _, s := range c {
		if s.Author == own.Author {
			dst = binary.AppendUvarint(append(dst, 0), uint64(own.Time-s.Time))
		}
	}
	for _, s := range c {
		if s.Author != own.Author {
			dst = varint.AppendText(dst, string(s.Author))
			dst = binary.AppendUvarint(dst, uint64(own.Time-s.Time))
		}
	}
	return dst
}

var errContext = errors.New("malformed context")

// Check reads over n entries that anyone may have written, and returns what
// follows them. It takes no memory for them.
func Check(text string, n uint64) (rest string, err error) {
	last := replicate.Author("")
	for i := range n {
		author, _, rest, ok := entry(text)
		if !ok || i > 0 && author <= last {
			return "", errContext
		}
		last, text = author, rest
	}
	return text, nil
}

// entry reads one entry; the author is "" for the op's own.
func entry(text string) (author replicate.Author, below uint64, rest string, ok bool) {
	name, rest, ok := varint.Text(text)
	if author = replicate.Author(name); !ok || name != "" && !author.Valid() {
		return "", 0, "", false
	}
	below, rest, ok = varint.Uint(rest)
	return author, below, rest, ok
}

// Parse returns the n entries that Check has passed, of an op that bears the
// stamp own, and what follows them. They share text's memory.
func Parse(text string, n uint64, own replicate.Stamp) (c Context, rest string) {
	if n == 0 {
		return nil, text
	}
	c = make(Context, n)
	for i := range c {
		author, below, rest, _ := entry(text)
		if author == "" {
			author = own.Author
		}
		// What lies before all time covers nothing.
		c[i] = replicate.Stamp{Author: author, Time: own.Time - min(own.Time, replicate.Time(below))}
		text = rest
	}
	if c[0].Author == own.Author {
		return Of(c), text // its place is not always the first
	}
	return c, text
}
