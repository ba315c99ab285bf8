package codec

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// DefaultMaxMessage is the longest gob message, in bytes, that [DecodeGob]
// reads where its options do not say: 16 MiB.
const DefaultMaxMessage = 16 << 20

var errGobLength = errors.New("malformed length")

// EncodeGob turns each value into one chunk of a gob stream: the types that
// have not been described yet, and the value. A value that encoding/gob
// refuses fails with a [DecodeError] whose offset is that of its chunk, and
// src is aborted with it.
func EncodeGob[T any](src pull.Source[T]) pull.Source[[]byte] {
	up := stage.Of(src)
	var buf bytes.Buffer
	enc := gob.NewEncoder(&buf)
	var pos int64
	return func(ctx context.Context) ([]byte, error) {
		if up.Stopped {
			return nil, up.Refuse(ctx)
		}
		v, err := up.Src(ctx)
		if err != nil {
			return nil, up.End(err)
		}
		buf.Reset()
		up.Stopped = true // T may have a method of the user's, which may panic
		err = enc.Encode(v)
		up.Stopped = false
		if err != nil {
			return nil, up.Fail(ctx, malformed("gob", pos, err))
		}
		pos += int64(buf.Len())
		return bytes.Clone(buf.Bytes()), nil
	}
}

// GobOptions say how [DecodeGob] reads. The zero value is ready for use.
type GobOptions struct {
	// MaxMessage is the longest message in bytes: a value, or a type's
	// description. 0 or less means DefaultMaxMessage.
	MaxMessage int
}

// DecodeGob reads the values of one gob stream into T. A value is there as
// soon as its last byte is.
//
// Input that ends anywhere but after a value ends with io.ErrUnexpectedEOF. A
// message that is too long fails with a [SizeError] before memory is reserved
// for it, what is no gob, or no T, with a [DecodeError] at the message; after
// the values before it, and src is aborted with that error.
//
// Memory: one chunk of src, one message, and what encoding/gob makes of it: a
// slice's or a map's length is believed if the message has that many bytes.
func DecodeGob[T any](src pull.Source[[]byte], opts GobOptions) pull.Source[T] {
	most := opts.MaxMessage
	if most <= 0 {
		most = DefaultMaxMessage
	}
	messages := stage.Cut(src, &gobCutter{max: most})
	return stage.Read(messages, func(r *stage.Reader) func() (T, error) {
		dec := gob.NewDecoder(r)
		return func() (v T, err error) {
			start := r.Offset()
			err = dec.Decode(&v)
			switch {
			case err == nil || err == io.EOF && r.Ended() && r.Offset() == start:
				return v, err
			case err == io.EOF && r.Ended():
				return v, io.ErrUnexpectedEOF
			}
			return v, malformed("gob", start, err)
		}
	})
}

// A gobCutter cuts a gob stream into its messages, each with its length.
type gobCutter struct {
	max   int
	rest  []byte
	part  []byte
	pos   int64
	clean bool
}

func (c *gobCutter) Feed(chunk []byte) { c.rest = chunk }

func (c *gobCutter) End(clean bool) { c.clean = clean }

func (c *gobCutter) Scan() ([]byte, bool, error) {
	for {
		total, ok, err := c.length()
		if err != nil {
			return nil, false, err
		}
		want := 1
		if ok {
			want = total - len(c.part)
		}
		n := min(want, len(c.rest))
		c.part = append(c.part, c.rest[:n]...)
		c.rest = c.rest[n:]
		if ok && len(c.part) == total {
			message := c.part
			c.part = nil
			c.pos += int64(total)
			return message, true, nil
		}
		if n == 0 {
			break
		}
	}
	if c.clean && len(c.part) > 0 {
		return nil, false, io.ErrUnexpectedEOF
	}
	return nil, false, nil
}

// length returns how long the message is with its length, if that has come: a
// byte below 128, or the number of bytes, negated, and those bytes.
func (c *gobCutter) length() (total int, ok bool, err error) {
	if len(c.part) == 0 {
		return 0, false, nil
	}
	size, n := 1, uint64(c.part[0])
	if c.part[0] >= 128 {
		size = 1 + 256 - int(c.part[0])
		if size > 9 {
			return 0, false, malformed("gob", c.pos, errGobLength)
		}
		if len(c.part) < size {
			return 0, false, nil
		}
		n = 0
		for _, b := range c.part[1:size] {
			n = n<<8 | uint64(b)
		}
	}
	if n > uint64(c.max) {
		return 0, false, &SizeError{Format: "gob", Max: int64(c.max), Offset: c.pos}
	}
	return size + int(n), true, nil
}
