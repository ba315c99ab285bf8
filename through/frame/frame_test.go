package frame_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/through/frame"
)

// The format is shared by files that last: it must not change by accident.
func TestAppendIsTheWrittenFormat(t *testing.T) {
	for payload, want := range map[string]string{
		"":          "00" + "51537d52",
		"123456789": "09" + hex.EncodeToString([]byte("123456789")) + "e09ab236",
	} {
		assert.Equal(t, want, hex.EncodeToString(frame.Append(nil, []byte(payload))), "%q", payload)
	}
	long := frame.Append([]byte("x"), make([]byte, 300))
	assert.Equal(t, []byte{'x', 0xac, 0x02}, long[:3])
	assert.Len(t, long, 1+2+300+4)
}

func TestParse(t *testing.T) {
	b := frame.Append(frame.Append(nil, []byte("one")), []byte("two"))
	payload, n, err := frame.Parse(b, 3)
	require.NoError(t, err)
	assert.Equal(t, "one", string(payload))
	assert.Equal(t, 3, cap(payload), "appending must not reach the checksum")
	payload, m, err := frame.Parse(b[n:], 3)
	require.NoError(t, err)
	assert.Equal(t, "two", string(payload))
	assert.Equal(t, len(b), n+m)
}

func TestParseRefuses(t *testing.T) {
	good := frame.Append(nil, []byte("hello"))
	for i := range good {
		_, n, err := frame.Parse(good[:i], 5)
		assert.Equal(t, io.ErrUnexpectedEOF, err, "cut at %d", i)
		assert.Zero(t, n)
	}
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"too large, before the payload is there": {[]byte{6}, &frame.TooLargeError{Len: 6, Max: 5}},
		"a length beyond any integer": {
			bytes.Repeat([]byte{0xff}, 11), &frame.LengthError{},
		},
		"a length of ten bytes that never ends": {
			bytes.Repeat([]byte{0x80}, 10), &frame.LengthError{},
		},
		"a zero of two bytes": {[]byte{0x80, 0x00, 0, 0, 0, 0}, &frame.LengthError{}},
		"a length beyond int": {
			[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
			&frame.TooLargeError{Len: math.MaxUint64, Max: 5},
		},
	} {
		_, n, err := frame.Parse(c.in, 5)
		assert.Equal(t, c.want, err, name)
		assert.Zero(t, n, name)
	}
	_, _, err := frame.Parse(binary.AppendUvarint(nil, math.MaxInt), math.MaxInt)
	assert.ErrorIs(t, err, frame.ErrTooLarge, "length and payload together must fit an int")
	_, _, err = frame.Parse([]byte{1}, -1)
	assert.Equal(t, &frame.TooLargeError{Len: 1}, err, "a negative bound is none")
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	for _, payload := range []string{"", "hello", string(make([]byte, 200))} {
		good := frame.Append(nil, []byte(payload))
		for bit := range 8 * len(good) {
			bad := bytes.Clone(good)
			bad[bit/8] ^= 1 << (bit % 8)
			_, _, err := frame.Parse(bad, 1<<20)
			require.Error(t, err, "bit %d of %x", bit, good)
		}
	}
}

func TestDecodeReportsWhere(t *testing.T) {
	first := frame.Append(nil, []byte("first"))
	flipped := frame.Append(nil, []byte("second"))
	flipped[3] ^= 1
	for name, c := range map[string]struct {
		bad   []byte
		match error
		want  string
	}{
		"checksum": {flipped, frame.ErrChecksum,
			"frame: checksum differs: 3e4ab436, not e30f1e8e, in the frame at offset 10"},
		"length": {[]byte{0x80, 0}, frame.ErrLength,
			"frame: malformed length in the frame at offset 10"},
		"size": {[]byte{0x80, 1}, frame.ErrTooLarge,
			"frame: too large: 128 bytes at offset 10, at most 64 allowed"},
	} {
		for size := byte(1); size < 30; size++ {
			up := &upstream[[]byte]{values: sliced(append(bytes.Clone(first), c.bad...), []byte{size})}
			src := frame.Decode(up.source(), 64)
			got, err := collect(src)
			assert.Equal(t, []frame.Msg{frame.Msg("first")}, got)
			require.ErrorIs(t, err, c.match, name)
			assert.EqualError(t, err, c.want)
			assert.Equal(t, []error{err}, up.causes, "aborted once, with the error")
			_, again := collect(src)
			assert.Same(t, err, again)
		}
	}
}

// row: G15
func TestDecodeCutAnywhere(t *testing.T) {
	var data []byte
	ends := map[int]int{0: 0}
	for i, n := range []int{0, 1, 5, 127, 128, 300} {
		data = frame.Append(data, bytes.Repeat([]byte{byte(n)}, n))
		ends[len(data)] = i + 1
	}
	for cut := range len(data) + 1 {
		for _, size := range []byte{1, 7, 255} {
			up := &upstream[[]byte]{values: sliced(data[:cut], []byte{size})}
			got, err := collect(frame.Decode(up.source(), 300))
			if n, ok := ends[cut]; ok {
				require.NoError(t, err, "cut at %d", cut)
				require.Len(t, got, n)
			} else {
				require.Equal(t, io.ErrUnexpectedEOF, err, "cut at %d", cut)
			}
			require.Equal(t, []error{io.EOF}, up.causes, "an ended source is not aborted")
		}
	}
}

// A few bytes may claim 1 GiB: only what arrives may be held.
// row: G15
func TestDecodeAllocatesWhatArrives(t *testing.T) {
	const claim, arrives = 1 << 30, 1 << 20
	data := append([]byte{0x80, 0x80, 0x80, 0x80, 0x04}, make([]byte, arrives)...)
	_, _, err := frame.Parse(data[:5], claim)
	require.Equal(t, io.ErrUnexpectedEOF, err, "the claim is within the bound")
	up := &upstream[[]byte]{values: sliced(data, []byte{255})}
	src := frame.Decode(up.source(), claim)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = collect(src)
	runtime.ReadMemStats(&after)
	assert.Equal(t, io.ErrUnexpectedEOF, err)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(5*arrives))
}

func TestDecodeOwnsItsMessages(t *testing.T) {
	data := frame.Append(frame.Append(nil, []byte("aaaa")), []byte("bbbb"))
	for _, size := range []byte{3, 255} {
		up := &upstream[[]byte]{values: sliced(data, []byte{size})}
		src := frame.Decode(up.source(), 4)
		first, err := src(t.Context())
		require.NoError(t, err)
		for _, chunk := range up.values {
			clear(chunk[:min(len(chunk), 9)]) // as a source that reuses its buffer would
		}
		_ = append(first, "cccccccc"...)
		assert.Equal(t, "aaaa", string(first))
	}
}

func TestEncodeRefusesLongMessages(t *testing.T) {
	up := &upstream[frame.Msg]{values: []frame.Msg{[]byte("12345"), []byte("123456")}}
	got, err := collect(frame.Encode(up.source(), 5))
	assert.Len(t, got, 1)
	assert.Equal(t, &frame.TooLargeError{Len: 6, Max: 5, Offset: 10}, err)
	assert.Equal(t, []error{err}, up.causes)
}

func TestEncodeAllocatesOnce(t *testing.T) {
	for _, n := range []int{0, 127, 128, 1 << 14, 1 << 21} {
		up := &upstream[frame.Msg]{values: []frame.Msg{make(frame.Msg, n)}}
		got, err := collect(frame.Encode(up.source(), n))
		require.NoError(t, err)
		assert.Equal(t, len(got[0]), cap(got[0]), "%d bytes", n)
	}
}
