// Package wire encodes and decodes what a mux session says.
//
// It knows the preface, the hello, the head of a stream (name and metadata) and the
// messages of the control stream; PROTOCOL.md beside package mux describes
// them. Nothing here does I/O, and every length is checked before anything is
// allocated for it.
package wire

import (
	"encoding/binary"
	"fmt"
	"io"
	"unicode/utf8"
)

// An Error says that the peer broke the protocol.
type Error struct {
	Detail string // what was wrong, with the numbers that show it
}

// Error returns the detail.
func (e *Error) Error() string { return "mux: protocol error: " + e.Detail }

// Errorf makes an Error.
func Errorf(format string, args ...any) error {
	return &Error{Detail: fmt.Sprintf(format, args...)}
}

// A cursor takes fields off the front of a body. After the first failure all
// further fields are zero and err stays.
type cursor struct {
	b   []byte
	err error
}

// uvarint takes one number of at most limit.
func (c *cursor) uvarint(what string, limit uint64) uint64 {
	if c.err != nil {
		return 0
	}
	v, n := binary.Uvarint(c.b)
	switch {
	case n == 0:
		c.err = io.ErrUnexpectedEOF
	case n < 0 || v > limit:
		c.err = Errorf("%s is over %d", what, limit)
	default:
		c.b = c.b[n:]
		return v
	}
	return 0
}

// text takes one length-prefixed UTF-8 string of at most limit bytes.
func (c *cursor) text(what string, limit uint64) string {
	n := c.uvarint("length of "+what, limit)
	if c.err != nil {
		return ""
	}
	if n > uint64(len(c.b)) {
		c.err = io.ErrUnexpectedEOF
		return ""
	}
	s := string(c.b[:n])
	c.b = c.b[n:]
	if !utf8.ValidString(s) {
		c.err = Errorf("%s is not UTF-8", what)
		return ""
	}
	return s
}

// end checks that nothing is left.
func (c *cursor) end(what string) error {
	if c.err == nil && len(c.b) > 0 {
		c.err = Errorf("%d bytes too many in %s", len(c.b), what)
	}
	if c.err == io.ErrUnexpectedEOF {
		c.err = Errorf("%s ends too early", what)
	}
	return c.err
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}
