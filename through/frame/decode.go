package frame

import (
	"context"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Decode cuts src into the messages that [Encode] or [Append] put there. max
// is the largest payload in bytes (0 or less: only empty ones).
//
// Input that ends between two frames ends with io.EOF, anywhere else with
// io.ErrUnexpectedEOF. A frame that is too long, malformed or damaged fails
// with a [TooLargeError], a [LengthError] or a [ChecksumError], which carry
// its offset, after the messages before it; src is aborted with that error.
//
// Messages belong to the receiver, also where src reuses its chunks. Memory:
// at most one chunk of src and twice what has arrived of one frame.
func Decode(src pull.Source[[]byte], max int) pull.Source[Msg] {
	d := &decoder{up: stage.Of(src), max: max}
	return d.next
}

type decoder struct {
	up   *stage.Upstream[[]byte]
	max  int
	rest []byte // received, not yet looked at; still src's
	part []byte // the start of a frame whose end has not come; ours
	pos  int64  // where the current frame begins
}

func (d *decoder) next(ctx context.Context) (Msg, error) {
	if d.up.Stopped {
		return nil, d.up.Refuse(ctx)
	}
	if len(d.rest) > 0 && ctx.Err() != nil {
		return nil, d.fail(ctx, pull.Cause(ctx))
	}
	for {
		m, err := d.scan()
		if err != nil {
			return nil, d.fail(ctx, at(err, d.pos))
		}
		if m != nil {
			return m, nil
		}
		if d.rest, err = d.up.Src(ctx); err != nil {
			return nil, d.end(err)
		}
	}
}

// end ends the decoder where src has ended: a clean end in the middle of a
// frame is none.
func (d *decoder) end(err error) error {
	if err == io.EOF && len(d.part) > 0 {
		err = io.ErrUnexpectedEOF
	}
	d.rest, d.part = nil, nil
	return d.up.End(err)
}

func (d *decoder) fail(ctx context.Context, err error) error {
	d.rest, d.part = nil, nil
	return d.up.Fail(ctx, err)
}

// scan takes one message out of what has been received, or nil, having taken
// all of it. An empty message is not nil.
func (d *decoder) scan() (Msg, error) {
	if len(d.part) == 0 {
		payload, n, err := Parse(d.rest, d.max)
		if err == nil {
			d.rest = d.rest[n:]
			d.pos += int64(n)
			return append(Msg{}, payload...), nil
		}
		if err != io.ErrUnexpectedEOF {
			return nil, err
		}
	}
	h, err := d.fill()
	if err != nil || h.size == 0 || len(d.part) < h.total() {
		return nil, err
	}
	m, err := h.open(d.part)
	if err != nil {
		return nil, err
	}
	d.part = nil // the message keeps it
	d.pos += int64(h.total())
	return m, nil
}

// fill moves from rest to part what belongs to the current frame.
func (d *decoder) fill() (header, error) {
	for {
		h, err := parseHeader(d.part, d.max)
		if err != nil || len(d.rest) == 0 {
			return h, err
		}
		if h.size > 0 {
			n := min(h.total()-len(d.part), len(d.rest))
			d.part = append(grow(d.part, n, h.total()), d.rest[:n]...)
			d.rest = d.rest[n:]
			return h, nil
		}
		d.part = append(d.part, d.rest[0])
		d.rest = d.rest[1:]
	}
}

// grow makes room in b for n more bytes: at least doubling, so that copying
// stays linear, but never beyond total.
func grow(b []byte, n, total int) []byte {
	if cap(b)-len(b) >= n {
		return b
	}
	size := min(total, max(2*len(b), len(b)+n))
	return append(make([]byte, 0, size), b...)
}
