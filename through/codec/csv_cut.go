package codec

import (
	"bytes"
	"io"
)

// mark is the byte order mark of UTF-8, which some programs begin files with.
var mark = []byte("\ufeff")

// Where in a line a csvCutter is.
const (
	csvBegin  = iota // at its beginning
	csvField         // at the beginning of a field
	csvPlain         // in a field without quotes, or behind quotes
	csvQuoted        // inside quotes
	csvQuote         // behind a quote inside quotes: an end, or the first of two
	csvSkip          // in a comment
)

// A csvLine is a record with its line's end, or where one is that is too long.
type csvLine struct {
	text []byte
	pos  int64 // where it begins
	n    int   // the number of its first line, from 1
	max  int
	long bool
}

// A csvCutter cuts CSV into records, each with its line's end, so that a
// record's length is known before it is parsed and an end inside quotes is
// seen. Of one that is too long it keeps some bytes, to find its end.
type csvCutter struct {
	max     int
	comma   []byte
	comment rune
	state   int
	rest    []byte
	part    []byte // of the record; its end only if that is too long
	size    int64  // of the record so far
	told    bool   // that it is too long
	pos     int64  // where it begins
	lines   int    // that have ended before it
	breaks  int    // line ends in it
	ending  bool
}

func (c *csvCutter) Feed(chunk []byte) { c.rest = chunk }

func (c *csvCutter) End(clean bool) { c.ending = clean }

func (c *csvCutter) Scan() (csvLine, bool, error) {
	for len(c.rest) > 0 {
		c.part = append(c.part, c.rest[0])
		c.rest = c.rest[1:]
		c.size++
		if c.skipMark() {
			continue
		}
		done := c.step(c.part[len(c.part)-1])
		if line, ok := c.line(done); ok {
			return line, true, nil
		}
	}
	switch {
	case !c.ending || c.size == 0:
		return csvLine{}, false, nil
	case c.state == csvQuoted:
		return csvLine{}, false, io.ErrUnexpectedEOF
	}
	line, ok := c.line(true)
	return line, ok, nil
}

// skipMark leaves out a byte order mark at the start of all input.
func (c *csvCutter) skipMark() bool {
	if c.pos != 0 || c.size != int64(len(mark)) || !bytes.Equal(c.part, mark) ||
		bytes.Equal(c.comma, mark) || string(c.comment) == string(mark) {
		return false
	}
	c.pos, c.part, c.size, c.state = c.size, nil, 0, csvBegin
	return true
}

// step goes over one byte and says whether it ends the record.
func (c *csvCutter) step(b byte) bool {
	if b == '\n' {
		c.breaks++
	}
	switch {
	case c.state == csvQuoted:
		if b == '"' {
			c.state = csvQuote
		}
		return false
	case b == '\n':
		return true
	case c.state == csvSkip:
	case b == '"' && c.state != csvPlain:
		c.state = csvQuoted
	case c.comment != 0 && c.size < 5 && string(c.part) == string(c.comment):
		c.state = csvSkip
	case bytes.HasSuffix(c.part, c.comma):
		c.state = csvField
	default:
		c.state = csvPlain
	}
	return false
}

// line returns the record when it is done, or as soon as it is too long; what
// follows of it then is no record.
func (c *csvCutter) line(done bool) (line csvLine, ok bool) {
	line = csvLine{pos: c.pos, n: c.lines + 1, max: c.max, long: c.size > int64(c.max)}
	ok = done && !c.told
	if line.long {
		ok = !c.told
		c.told = true
		if n := len(c.part) - len(c.comma); n > 64 {
			c.part = append(c.part[:0], c.part[n:]...)
		}
	} else if done {
		line.text = c.part
	}
	if done {
		c.pos += c.size
		c.lines += c.breaks
		c.part, c.size, c.breaks, c.told, c.state = nil, 0, 0, false, csvBegin
	}
	return line, ok
}
