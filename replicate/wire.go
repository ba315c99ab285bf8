package replicate

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The kinds of frame, as the first byte of the payload. See PROTOCOL.md.
const (
	kindGreeting = 'w' // of "weir": the first frame of every stream
	kindPosition = 2   // clock and resume token
	kindUpdates  = 3
	kindMarker   = 4
	kindAck      = 5
	kindBye      = 6
	kindError    = 7
	kindTerms    = 8 // filters, in partial sessions

	// 0x40 to 0x5f belong to files, and no peer sends them.
	// From here on a kind that is not known is skipped.
	kindIgnorable = 0x80
)

// Version is the protocol's version, in the greeting.
const Version = 1

// Flags of updates and markers.
const (
	flagReset  = 1 << 0 // the stream's dictionaries begin anew
	flagGroups = 1 << 1 // updates: some rows are transactions
)

// cursor reads a payload. The first thing that is wrong sticks, and everything
// read after it is zero.
type cursor struct {
	b   []byte
	err error
}

var errShort = errors.New("ends too soon")

func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err, c.b = err, nil
	}
}

func (c *cursor) byte() byte {
	if len(c.b) == 0 {
		c.fail(errShort)
		return 0
	}
	v := c.b[0]
	c.b = c.b[1:]
	return v
}

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.fail(errShort)
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *cursor) varint() int64 {
	v := c.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// count reads how many things follow, each of at least size bytes: a count
// that the rest of the frame cannot hold is refused before anything is
// allocated for it.
func (c *cursor) count(size int) int {
	n := c.uvarint()
	if n > uint64(len(c.b)/size) {
		c.fail(fmt.Errorf("count %d does not fit", n))
		return 0
	}
	return int(n)
}

func (c *cursor) bytes(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.fail(errShort)
		return make([]byte, 0)
	}
	v := c.b[:n]
	c.b = c.b[n:]
	return v
}

// text reads a length and that many bytes, at most limit.
func (c *cursor) text(limit int) string {
	n := c.uvarint()
	if n > uint64(limit) {
		c.fail(fmt.Errorf("length %d over the limit %d", n, limit))
		return ""
	}
	return string(c.bytes(int(n)))
}

func (c *cursor) uint64() uint64 {
	b := c.bytes(8)
	if len(b) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// end returns what went wrong, unread bytes included.
func (c *cursor) end(kind string) error {
	if c.err == nil && len(c.b) > 0 {
		c.err = fmt.Errorf("%d bytes too many", len(c.b))
	}
	if c.err != nil {
		return &FrameError{Frame: kind, Err: c.err}
	}
	return nil
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// appendDelta codes the step from one time to another, which may be back.
func appendDelta(dst []byte, from, to Time) []byte {
	d := int64(to - from)
	return binary.AppendUvarint(dst, uint64(d<<1)^uint64(d>>63))
}
