// Package frame cuts bytes into messages and back: length prefix with CRC-32C, lines.
//
// A []byte in a stream is a chunk: its boundaries mean nothing. A [Msg] is a
// message. [Decode] and [Encode], [Lines] and [JoinLines] go from one to the
// other ([LinesFunc] goes on behind a line that is too long); [Append] and
// [Parse] are the same frames without streams, so that a file, a pipe and a
// connection share one format.
//
// [Split] and [SplitAfter] cut at any separator, [DecodePrefixed] and
// [EncodePrefixed] speak the length prefixes of others. [UTF8], [Replace] and
// [ReplaceRegexp] stay with chunks, but see over their edges. A [Reader] takes
// exact numbers of bytes, for handshakes.
//
// Where src cuts its chunks changes nothing: messages, errors and offsets are
// the same for every cut. An abort drops what is held of a message.
//
// # The frame
//
// A frame is the payload's length as a minimal unsigned varint (LEB128, as in
// encoding/binary), the payload, and four bytes: the CRC-32C (Castagnoli) of
// length and payload, little-endian. The checksum covers the length, so a
// flipped bit anywhere in a frame is noticed.
//
// Every decoder refuses a length before it allocates, holds no more memory
// than a small multiple of what it has received, and calls input that is cut
// inside a message io.ErrUnexpectedEOF.
package frame

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"math"
	"slices"
)

// A Msg is one message, where a []byte in a stream is a chunk without
// boundaries.
type Msg []byte

const (
	sumSize = crc32.Size
	// maxPayload keeps length, payload and checksum together within an int.
	maxPayload = math.MaxInt - binary.MaxVarintLen64 - sumSize
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Append appends the frame of payload to dst and returns the extended slice.
func Append(dst, payload []byte) []byte {
	dst = slices.Grow(dst, frameSize(len(payload)))
	start := len(dst)
	dst = binary.AppendUvarint(dst, uint64(len(payload)))
	dst = append(dst, payload...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// Parse reads the frame at the start of b: its payload, which aliases b, and
// the n bytes the frame takes. max is the largest payload in bytes (0 or less:
// only empty ones).
//
// It returns io.ErrUnexpectedEOF where b ends before the frame does (also
// where b is empty), a [TooLargeError] as soon as the length says more than
// max, a [LengthError] or a [ChecksumError], each with offset 0.
func Parse(b []byte, max int) (payload []byte, n int, err error) {
	h, err := parseHeader(b, max)
	switch {
	case err != nil:
		return nil, 0, err
	case h.size == 0 || len(b) < h.total():
		return nil, 0, io.ErrUnexpectedEOF
	}
	payload, err = h.open(b)
	if err != nil {
		return nil, 0, err
	}
	return payload, h.total(), nil
}

// A header is the length prefix of a frame. Its size is 0 while more bytes are
// needed to know it.
type header struct {
	size    int // bytes the prefix takes
	payload int // bytes the payload takes
}

func (h header) total() int { return h.size + h.payload + sumSize }

// parseHeader reads the prefix at the start of b, refusing what no frame of at
// most max bytes can begin with.
func parseHeader(b []byte, max int) (header, error) {
	length, size := binary.Uvarint(b)
	switch {
	case size == 0 && len(b) < binary.MaxVarintLen64:
		return header{}, nil
	case size <= 0 || size > 1 && b[size-1] == 0:
		return header{}, &LengthError{}
	case length > maxPayload || length > uint64(clamp(max)):
		return header{}, &TooLargeError{Len: length, Max: clamp(max)}
	}
	return header{size: size, payload: int(length)}, nil
}

// open checks the whole frame at the start of b and returns its payload,
// clipped so that appending to it cannot reach the checksum.
func (h header) open(b []byte) ([]byte, error) {
	end := h.size + h.payload
	want := binary.LittleEndian.Uint32(b[end:])
	if got := crc32.Checksum(b[:end], castagnoli); got != want {
		return nil, &ChecksumError{Want: want, Got: got}
	}
	return b[h.size:end:end], nil
}

// clamp reads a negative bound as none at all.
func clamp(max int) int {
	if max < 0 {
		return 0
	}
	return max
}
