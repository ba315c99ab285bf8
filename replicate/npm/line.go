package npm

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/compact"
)

// What a line is.
type lineKind int

const (
	lineOther  lineKind = iota // something that means nothing here: a number, an unknown word
	lineHeader                 // {"id":…,"clock":{…}}
	lineUpdate                 // [change,timestamp,source,…]
	lineSync                   // "SYNC"
	lineLoose                  // "LOOSE"
)

// looseWord is ours: of what follows it in a dump no order is promised. The
// originals ignore words that they do not know.
const (
	syncWord  = `"SYNC"`
	looseWord = `"LOOSE"`
)

// A line is what was read from one. All texts are canonical, and valid until the
// next line is read.
type line struct {
	kind   lineKind
	ts     float64
	id     []byte // of the source or, in a header, the peer
	extra  []byte
	change []byte

	clock []clockEntry // of a header
	meta  []byte
}

// A clockEntry is one of a header's clock.
type clockEntry struct {
	id ident
	ts float64
}

// Why a line is refused.
var (
	errBlank     = errors.New("blank")
	errUpdate    = errors.New("array that is no update")
	errHeader    = errors.New("object that is no header")
	errTwice     = errors.New("second header")
	errNoNumber  = errors.New("timestamp is not a number")
	errNoString  = errors.New("source is not a string")
	errUnwritten = errors.New("not valid for this type")
)

// A lineReader parses lines in memory that it keeps.
type lineReader struct{ c canon }

func (r *lineReader) parse(text []byte) (l line, err error) {
	r.c.dst, r.c.depth = r.c.dst[:0], 0
	text = space(text)
	var rest []byte
	switch {
	case len(text) == 0:
		return l, errBlank
	case text[0] == '[':
		rest, err = r.update(&l, text[1:])
	case text[0] == '{':
		rest, err = r.header(&l, text)
	default:
		if rest, err = r.c.value(text); err == nil {
			switch string(r.c.dst) {
			case syncWord:
				l.kind = lineSync
			case looseWord:
				l.kind = lineLoose
			}
		}
	}
	if err == nil && len(space(rest)) > 0 {
		err = errJSON
	}
	return l, err
}

// update reads an update behind its bracket.
func (r *lineReader) update(l *line, s []byte) (rest []byte, err error) {
	var ends [4]int // of change, timestamp, source and the rest
	n, numbered := 0, false
	if s = space(s); len(s) > 0 && s[0] == ']' {
		return nil, errUpdate
	}
	for more := true; more; n++ {
		if n > 3 {
			r.c.dst = append(r.c.dst, ',')
		}
		if n == 1 {
			l.ts, numbered, s = timestamp(s)
		}
		if n != 1 || !numbered {
			s, err = r.c.value(s)
		}
		if err != nil {
			return nil, err
		}
		ends[min(n, 3)] = len(r.c.dst)
		s = space(s)
		if len(s) == 0 || s[0] != ',' && s[0] != ']' {
			return nil, errJSON
		}
		more = s[0] == ','
		s = s[1:]
	}
	if n < 3 {
		return nil, errUpdate
	}
	b := r.c.dst
	l.kind, l.change = lineUpdate, b[:ends[0]]
	source := b[ends[1]:ends[2]]
	if n > 3 {
		l.extra = b[ends[2]:ends[3]]
	}
	if !numbered {
		return nil, errNoNumber
	}
	if source[0] != '"' {
		return nil, errNoString
	}
	if l.id = source[1 : len(source)-1]; string(l.id) == proto {
		return nil, errProto
	}
	return s, nil
}

// timestamp reads the number that s begins with, behind white space, if it is one
// that fits a float64.
func timestamp(s []byte) (ts float64, ok bool, rest []byte) {
	text := space(s)
	n, _ := scanNumber(text)
	if n == 0 {
		return 0, false, s
	}
	ts, err := strconv.ParseFloat(string(text[:n]), 64)
	if err != nil {
		return 0, false, s
	}
	return ts, true, text[n:]
}

// header reads a header.
func (r *lineReader) header(l *line, s []byte) (rest []byte, err error) {
	if rest, err = r.c.value(s); err != nil {
		return nil, err
	}
	clock := ""
	compact.Object(string(r.c.dst), func(key, value string) {
		switch key {
		case `"id"`:
			if value[0] == '"' {
				l.id = []byte(value[1 : len(value)-1])
			}
		case `"clock"`:
			clock = value
		case `"meta"`:
			l.meta = []byte(value)
		}
	})
	l.kind = lineHeader
	ok := compact.Object(clock, func(key, value string) {
		ts, bad := strconv.ParseFloat(value, 64)
		if bad != nil {
			err = errNoNumber
		}
		if id := ident(key[1 : len(key)-1]); id != proto {
			l.clock = append(l.clock, clockEntry{id, ts})
		}
	})
	if !ok {
		return nil, errHeader
	}
	return rest, err
}

// appendUpdate appends a line for an update: change is what its op has, or that
// within what a bucket puts around it.
func appendUpdate(dst []byte, change string, t replicate.Time, id ident, extra string) []byte {
	dst = appendASCII(append(dst, '['), change)
	dst = appendNumber(append(dst, ','), float64(t)/ticks)
	dst = appendASCII(append(dst, `,"`...), string(id))
	dst = append(dst, '"')
	if extra != "" {
		dst = appendASCII(append(dst, ','), extra)
	}
	return append(dst, "]\n"...)
}

// appendHeader appends a header.
func appendHeader(dst []byte, id ident, clock []clockEntry, meta []byte) []byte {
	dst = appendASCII(append(dst, `{"id":"`...), string(id))
	dst = append(dst, `","clock":{`...)
	for i, e := range clock {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendASCII(append(dst, '"'), string(e.id))
		dst = appendNumber(append(dst, `":`...), e.ts)
	}
	dst = append(dst, '}')
	if len(meta) > 0 {
		dst = appendASCII(append(dst, `,"meta":`...), string(meta))
	}
	return append(dst, "}\n"...)
}

// lineError describes a line that is refused.
func lineError(n int64, text []byte, err error) error {
	return &LineError{Line: n, Text: string(bytes.ToValidUTF8(text[:min(len(text), 64)], nil)), Err: err}
}
