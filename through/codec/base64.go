package codec

import (
	"encoding/base64"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// EncodeBase64 turns bytes into base64 text as enc writes it, without line
// breaks. It holds at most 2 bytes, which come before src's end; where src
// fails they are dropped. Chunks are never empty and belong to the receiver.
func EncodeBase64(src pull.Source[[]byte], enc *base64.Encoding) pull.Source[[]byte] {
	return stage.Cut(src, &toBase64{enc: enc})
}

type toBase64 struct {
	enc  *base64.Encoding
	rest []byte
	end  bool
}

func (e *toBase64) Feed(chunk []byte) { e.rest = append(e.rest, chunk...) }

func (e *toBase64) End(clean bool) { e.end = clean }

func (e *toBase64) Scan() ([]byte, bool, error) {
	n := len(e.rest)
	if !e.end {
		n -= n % 3
	}
	if n == 0 {
		return nil, false, nil
	}
	out := make([]byte, e.enc.EncodedLen(n))
	e.enc.Encode(out, e.rest[:n])
	e.rest = append(e.rest[:0], e.rest[n:]...)
	return out, true, nil
}

// DecodeBase64 turns base64 text of the kind enc is into bytes, line breaks
// (\r and \n) left out. It holds at most 3 characters. Input that ends inside
// a group of characters ends with io.ErrUnexpectedEOF; other characters, and
// anything behind padding, fail with a [DecodeError] after the bytes before
// them, and src is aborted with it. Chunks are never empty and belong to the
// receiver.
func DecodeBase64(src pull.Source[[]byte], enc *base64.Encoding) pull.Source[[]byte] {
	return stage.Cut(src, &fromBase64{enc: enc, raw: enc.EncodedLen(1) == 2})
}

type fromBase64 struct {
	enc   *base64.Encoding
	raw   bool     // without padding
	rest  []byte   // not yet looked at; the source's
	group []byte   // the characters of the group that is not complete
	at    [4]int64 // where each of them is
	pos   int64    // where rest begins
	done  bool     // padding has come
	clean bool
	err   error // comes after the bytes before it
}

func (d *fromBase64) Feed(chunk []byte) { d.rest = chunk }

func (d *fromBase64) End(clean bool) { d.clean = clean }

func (d *fromBase64) Scan() ([]byte, bool, error) {
	out := make([]byte, 0, (len(d.group)+len(d.rest))/4*3)
	for d.err == nil && len(d.rest) > 0 {
		out = d.take(out)
	}
	if d.err == nil && d.clean && len(d.group) > 0 {
		out = d.last(out)
	}
	if len(out) > 0 {
		return out, true, nil
	}
	return nil, false, d.err
}

// take takes one character.
func (d *fromBase64) take(out []byte) []byte {
	c := d.rest[0]
	at := d.pos
	d.rest = d.rest[1:]
	d.pos++
	if c == '\r' || c == '\n' {
		return out
	}
	d.at[len(d.group)] = at
	d.group = append(d.group, c)
	if d.done {
		d.fail(at)
	}
	if d.err != nil || len(d.group) < 4 {
		return out
	}
	return d.decode(out)
}

func (d *fromBase64) decode(out []byte) []byte {
	var b [3]byte
	n, err := d.enc.Decode(b[:], d.group)
	if err != nil {
		wrong, _ := err.(base64.CorruptInputError) // Decode returns no other
		d.fail(d.at[min(max(int(wrong), 0), len(d.group)-1)])
		return out
	}
	d.done = n < 3
	d.group = d.group[:0]
	return append(out, b[:n]...)
}

// last ends a group that is not complete.
func (d *fromBase64) last(out []byte) []byte {
	if !d.raw || len(d.group) == 1 {
		d.err = io.ErrUnexpectedEOF
		return out
	}
	return d.decode(out)
}

// fail refuses the character at this offset.
func (d *fromBase64) fail(at int64) { d.err = malformed("base64", at, base64.CorruptInputError(at)) }
