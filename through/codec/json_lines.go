package codec

import "bytes"

// A jsonLine is a line with its \n, if it has one, or where one is that is too
// long.
type jsonLine struct {
	text []byte
	n    int64 // its number
	pos  int64 // where it begins in the stream
	long bool
}

// A jsonCutter cuts text into lines. Of one that is too long it keeps nothing.
type jsonCutter struct {
	max  int
	line jsonLine // that has begun; long once that was told
	size int64    // how many bytes of it came
	rest []byte
	end  bool
}

func (c *jsonCutter) Feed(chunk []byte) { c.rest = chunk }

func (c *jsonCutter) End(clean bool) { c.end = clean }

func (c *jsonCutter) Scan() (jsonLine, bool, error) {
	for len(c.rest) > 0 {
		n := bytes.IndexByte(c.rest, '\n') + 1
		whole := n > 0
		if !whole {
			n = len(c.rest)
		}
		line, ok := c.take(c.rest[:n], whole)
		c.rest = c.rest[n:]
		if ok {
			return line, true, nil
		}
	}
	if c.end && c.size > 0 {
		line, ok := c.take(nil, true)
		return line, ok, nil
	}
	return jsonLine{}, false, nil
}

// take adds a piece to the line. It returns that when it is whole, or as soon
// as it is too long, and then not again.
func (c *jsonCutter) take(piece []byte, whole bool) (line jsonLine, ok bool) {
	c.size += int64(len(piece))
	told := c.line.long
	if !told {
		c.line.long = c.over(piece, whole)
	}
	if c.line.long {
		c.line.text = nil
	} else {
		c.line.text = append(c.line.text, piece...)
	}
	line = c.line
	if whole {
		c.line = jsonLine{n: line.n + 1, pos: line.pos + c.size}
		c.size = 0
	}
	return line, !told && (whole || line.long)
}

// over says whether the line is too long with this piece, without the \n and
// one \r before it: a last \r counts once it is followed by something else.
func (c *jsonCutter) over(piece []byte, whole bool) bool {
	n := c.size
	last := piece
	if whole && len(piece) > 0 {
		n--
		last = piece[:len(piece)-1]
	}
	if len(last) == 0 {
		last = c.line.text
	}
	if len(last) > 0 && last[len(last)-1] == '\r' {
		n--
	}
	return n > int64(c.max)
}
