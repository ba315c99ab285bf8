package frame

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// ErrPrefix is returned where a [Prefix] is none of the constants.
var ErrPrefix = errors.New("frame: unknown kind of length prefix")

// A Prefix is how a length is written in front of a message. The length counts
// the message's bytes only. Peers that can choose use [Encode] instead, whose
// frames carry a checksum.
type Prefix uint8

// The kinds of prefixes: unsigned, of a fixed number of bits in big-endian (BE)
// or little-endian (LE) order, or a minimal varint (LEB128) of 1 to 10 bytes.
const (
	Uvarint Prefix = iota
	Uint8
	Uint16BE
	Uint16LE
	Uint32BE
	Uint32LE
	Uint64BE
	Uint64LE
	prefixes // how many there are
)

// size returns how many bytes the prefix takes, 0 where that varies.
func (p Prefix) size() int { return [prefixes]int{0, 1, 2, 2, 4, 4, 8, 8}[p] }

// most returns the longest message the prefix can stand before.
func (p Prefix) most() int {
	if p.size() == 0 || p.size() == 8 {
		return math.MaxInt - binary.MaxVarintLen64
	}
	return int(min(uint64(1)<<(8*p.size())-1, math.MaxInt-binary.MaxVarintLen64))
}

func (p Prefix) append(dst []byte, n uint64) []byte {
	switch p {
	case Uint8:
		return append(dst, byte(n))
	case Uint16BE:
		return binary.BigEndian.AppendUint16(dst, uint16(n))
	case Uint16LE:
		return binary.LittleEndian.AppendUint16(dst, uint16(n))
	case Uint32BE:
		return binary.BigEndian.AppendUint32(dst, uint32(n))
	case Uint32LE:
		return binary.LittleEndian.AppendUint32(dst, uint32(n))
	case Uint64BE:
		return binary.BigEndian.AppendUint64(dst, n)
	case Uint64LE:
		return binary.LittleEndian.AppendUint64(dst, n)
	}
	return binary.AppendUvarint(dst, n)
}

// parse reads the prefix at the start of b. Its size is 0 while more bytes are
// needed.
func (p Prefix) parse(b []byte) (n uint64, size int, err error) {
	if len(b) < max(1, p.size()) {
		return 0, 0, nil
	}
	switch p {
	case Uint8:
		n = uint64(b[0])
	case Uint16BE:
		n = uint64(binary.BigEndian.Uint16(b))
	case Uint16LE:
		n = uint64(binary.LittleEndian.Uint16(b))
	case Uint32BE:
		n = uint64(binary.BigEndian.Uint32(b))
	case Uint32LE:
		n = uint64(binary.LittleEndian.Uint32(b))
	case Uint64BE:
		n = binary.BigEndian.Uint64(b)
	case Uint64LE:
		n = binary.LittleEndian.Uint64(b)
	default:
		n, size = binary.Uvarint(b)
		if size < 0 || size > 1 && b[size-1] == 0 {
			return 0, 0, &LengthError{}
		}
		return n, size, nil
	}
	return n, p.size(), nil
}

// EncodePrefixed turns each message into one chunk: its length as prefix says,
// and the message.
//
// A message of more than max bytes (0 or less: any but an empty one), or of
// more than the prefix can say, fails with a [TooLargeError], and src is
// aborted with it; so does an unknown prefix, with [ErrPrefix].
func EncodePrefixed(src pull.Source[Msg], prefix Prefix, max int) pull.Source[[]byte] {
	up := stage.Of(src)
	var pos int64
	return func(ctx context.Context) ([]byte, error) {
		switch {
		case up.Stopped:
			return nil, up.Refuse(ctx)
		case prefix >= prefixes && ctx.Err() == nil:
			return nil, up.Fail(ctx, ErrPrefix)
		}
		m, err := up.Src(ctx)
		if err != nil {
			return nil, up.End(err)
		}
		if most := min(clamp(max), prefix.most()); len(m) > most {
			return nil, up.Fail(ctx, &TooLargeError{Len: uint64(len(m)), Max: most, Offset: pos})
		}
		chunk := make([]byte, 0, binary.MaxVarintLen64+len(m))
		chunk = append(prefix.append(chunk, uint64(len(m))), m...)
		pos += int64(len(chunk))
		return chunk, nil
	}
}

// DecodePrefixed cuts src into the messages that [EncodePrefixed] put there,
// or anyone who writes a length and then as many bytes. max is the largest
// message in bytes (0 or less: only empty ones).
//
// Input that ends between two messages ends with io.EOF, anywhere else with
// io.ErrUnexpectedEOF. A length over max fails with a [TooLargeError], and a
// malformed varint with a [LengthError], as soon as it has come, after the
// messages before it; src is aborted with that error. An unknown prefix fails
// with [ErrPrefix].
//
// Messages belong to the receiver, also where src reuses its chunks. Memory:
// at most one chunk of src and twice what has arrived of one message.
func DecodePrefixed(src pull.Source[[]byte], prefix Prefix, max int) pull.Source[Msg] {
	return stage.Cut(src, &prefixed{prefix: prefix, max: min(clamp(max), math.MaxInt-16)})
}

type prefixed struct {
	prefix Prefix
	max    int
	rest   []byte // received, not yet looked at; still the source's
	head   []byte // of the prefix whose end has not come
	msg    Msg    // what has come of the message; nil: its length is not known
	size   int    // of the message
	pos    int64  // where the prefix begins
	clean  bool
}

func (d *prefixed) Feed(chunk []byte) { d.rest = chunk }
func (d *prefixed) End(clean bool)    { d.clean = clean }

func (d *prefixed) Scan() (Msg, bool, error) {
	if d.prefix >= prefixes {
		return nil, false, ErrPrefix
	}
	for d.msg == nil && len(d.rest) > 0 {
		if err := d.length(); err != nil {
			return nil, false, err
		}
	}
	if d.msg != nil {
		n := min(d.size-len(d.msg), len(d.rest))
		d.msg = append(grow(d.msg, n, d.size), d.rest[:n]...)
		d.rest = d.rest[n:]
		if len(d.msg) == d.size {
			m := d.msg
			d.pos += int64(len(d.head) + len(m))
			d.msg, d.head = nil, d.head[:0]
			return m, true, nil
		}
	}
	if d.clean && (d.msg != nil || len(d.head) > 0) {
		return nil, false, io.ErrUnexpectedEOF
	}
	return nil, false, nil
}

// length takes one more byte of the prefix, and looks whether that was all.
func (d *prefixed) length() error {
	d.head = append(d.head, d.rest[0])
	d.rest = d.rest[1:]
	n, size, err := d.prefix.parse(d.head)
	switch {
	case err != nil:
		return at(err, d.pos)
	case size == 0 && len(d.head) >= binary.MaxVarintLen64:
		return &LengthError{Offset: d.pos}
	case size == 0:
		return nil
	case n > uint64(d.max):
		return &TooLargeError{Len: n, Max: d.max, Offset: d.pos}
	}
	d.size = int(n)
	d.msg = make(Msg, 0, min(d.size, len(d.rest)))
	return nil
}
