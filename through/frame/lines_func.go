package frame

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// A LongLine is a line that is longer than allowed. [LinesFunc] makes it: no
// line is the zero value.
type LongLine struct {
	Line int64 // its number, from 1
	Head Msg   // as many of its first bytes as are allowed; whoever gets it may keep it
	Len  int64 // how long it is in bytes, without its end
}

// LinesFunc is [Lines], except that a line of more than max bytes is handed to
// long, once its end has come, and src is read on behind it. What long returns
// is delivered in its place: Head, for example, cuts the line short, and nil
// leaves it out. An error of long is the source's failure, and src is aborted
// with it.
//
// long runs inside calls and must not be nil. Memory: at most one chunk of src
// and twice max bytes, however long a line is.
func LinesFunc(
	src pull.Source[[]byte], max int, long func(LongLine) (Msg, error),
) pull.Source[Msg] {
	return stage.Cut(src, &lineCutter{max: clamp(max), long: long})
}

type lineCutter struct {
	max  int
	long func(LongLine) (Msg, error)

	rest   []byte // received, not yet looked at; still src's
	head   []byte // of the line whose end has not come: up to max bytes, and a \r
	size   int64  // how long that is so far
	last   byte   // its last byte so far
	line   int64  // how many lines have ended
	ending bool
}

func (c *lineCutter) Feed(chunk []byte) { c.rest = chunk }

func (c *lineCutter) End(clean bool) { c.ending = clean }

func (c *lineCutter) Scan() (Msg, bool, error) {
	for {
		i := bytes.IndexByte(c.rest, '\n')
		if i < 0 {
			c.take(c.rest)
			c.rest = nil
			if c.ending && c.size > 0 {
				return c.end()
			}
			return nil, false, nil
		}
		c.take(c.rest[:i])
		c.rest = c.rest[i+1:]
		if m, ok, err := c.end(); ok || err != nil {
			return m, ok, err
		}
	}
}

// take adds a piece to the line.
func (c *lineCutter) take(piece []byte) {
	if len(piece) == 0 {
		return
	}
	// Compared like this, since max may be the largest int there is.
	n := len(piece)
	if room := c.max - len(c.head); room < n {
		n = min(n, room+1)
	}
	c.head = append(c.head, piece[:max(n, 0)]...)
	c.size += int64(len(piece))
	c.last = piece[len(piece)-1]
}

// end ends the line, and says whether it is delivered.
func (c *lineCutter) end() (m Msg, ok bool, err error) {
	m, size := append(Msg{}, c.head...), c.size
	if size > 0 && c.last == '\r' {
		size--
	}
	c.head, c.size, c.last = c.head[:0], 0, 0
	c.line++
	if size <= int64(c.max) {
		return m[:size:size], true, nil
	}
	m, err = c.long(LongLine{Line: c.line, Head: m[:c.max:c.max], Len: size})
	if errors.Is(err, io.EOF) { // which only an end may be
		err = fmt.Errorf("frame: line %d: its function returned: %v", c.line, err)
	}
	return m, m != nil && err == nil, err
}
