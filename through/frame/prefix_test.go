package frame_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

var prefixes = map[frame.Prefix][]byte{ // of a message of 3 bytes
	frame.Uvarint: {3}, frame.Uint8: {3}, frame.Uint16BE: {0, 3}, frame.Uint16LE: {3, 0},
	frame.Uint32BE: {0, 0, 0, 3}, frame.Uint32LE: {3, 0, 0, 0},
	frame.Uint64BE: {0, 0, 0, 0, 0, 0, 0, 3}, frame.Uint64LE: {3, 0, 0, 0, 0, 0, 0, 0},
}

func unprefix(p frame.Prefix, max int) pull.Through[[]byte, frame.Msg] {
	return func(src pull.Source[[]byte]) pull.Source[frame.Msg] {
		return frame.DecodePrefixed(src, p, max)
	}
}

func TestPrefixed(t *testing.T) {
	for p, head := range prefixes {
		msgs := []frame.Msg{[]byte("abc"), {}, bytes.Repeat([]byte("x"), 200)}
		chunks, err := collect(frame.EncodePrefixed(pull.Values(msgs...), p, 200))
		require.NoError(t, err)
		assert.Equal(t, append(bytes.Clone(head), "abc"...), chunks[0])
		got, err := cutAnyhow(t, bytes.Join(chunks, nil), unprefix(p, 200), texts[frame.Msg])
		require.NoError(t, err)
		assert.Equal(t, texts(msgs), got)
	}
}

// row: G15
func TestPrefixedTruncated(t *testing.T) {
	for p := range prefixes {
		msgs := pull.Values(frame.Msg("abc"), frame.Msg{}, frame.Msg(bytes.Repeat([]byte("x"), 130)))
		chunks, err := collect(frame.EncodePrefixed(msgs, p, 200))
		require.NoError(t, err)
		data := bytes.Join(chunks, nil)
		first, second := len(chunks[0]), len(chunks[0])+len(chunks[1])
		for n := range data {
			_, err := collect(unprefix(p, 200)(pull.Values(data[:n/2], data[n/2:n])))
			if n == 0 || n == first || n == second {
				require.NoError(t, err)
				continue
			}
			require.Equal(t, io.ErrUnexpectedEOF, err, "%d at %d", p, n)
		}
	}
}

// row: G15
func TestPrefixedHostileLengths(t *testing.T) {
	for p, want := range map[frame.Prefix]uint64{
		frame.Uint8: 1<<8 - 1, frame.Uint16BE: 1<<16 - 1, frame.Uint16LE: 1<<16 - 1,
		frame.Uint32BE: 1<<32 - 1, frame.Uint32LE: 1<<32 - 1,
		frame.Uint64BE: 1<<64 - 1, frame.Uint64LE: 1<<64 - 1,
	} {
		data := append(append(bytes.Clone(prefixes[p]), "abc"...), bytes.Repeat([]byte{0xff}, 8)...)
		got, err := cutAnyhow(t, data, unprefix(p, 200), texts[frame.Msg])
		assert.Equal(t, []string{"abc"}, got)
		at := int64(len(prefixes[p]) + 3)
		assert.Equal(t, &frame.TooLargeError{Len: want, Max: 200, Offset: at}, err)
	}
	big := binary.AppendUvarint([]byte{0}, 1<<64-1)
	_, err := cutAnyhow(t, big, unprefix(frame.Uvarint, 5), texts[frame.Msg])
	assert.Equal(t, &frame.TooLargeError{Len: 1<<64 - 1, Max: 5, Offset: 1}, err)
	for _, bad := range [][]byte{{0x80, 0}, bytes.Repeat([]byte{0xff}, 11),
		append(bytes.Repeat([]byte{0xff}, 9), 2)} {
		data := append([]byte{1, 'x'}, bad...)
		_, err = cutAnyhow(t, data, unprefix(frame.Uvarint, 5), texts[frame.Msg])
		assert.Equal(t, &frame.LengthError{Offset: 2}, err)
	}
}

// A length that is allowed reserves nothing before the bytes come.
// row: G15
func TestPrefixedMemoryGrowsWithInput(t *testing.T) {
	head := []byte{0x3f, 0xff, 0xff, 0xff, 1, 2, 3}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := collect(frame.DecodePrefixed(pull.Values(head), frame.Uint32BE, 1<<30))
	runtime.ReadMemStats(&after)
	require.Equal(t, io.ErrUnexpectedEOF, err)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(100_000))
}

func TestPrefixedRefuses(t *testing.T) {
	up := &upstream[frame.Msg]{values: []frame.Msg{make(frame.Msg, 256)}}
	_, err := collect(frame.EncodePrefixed(up.source(), frame.Uint8, 1000))
	assert.Equal(t, &frame.TooLargeError{Len: 256, Max: 255}, err)
	assert.Equal(t, []error{err}, up.causes)
	_, err = collect(frame.EncodePrefixed(pull.Values(make(frame.Msg, 9)), frame.Uint64BE, 8))
	assert.ErrorIs(t, err, frame.ErrTooLarge)
	for _, p := range []frame.Prefix{8, 255} {
		_, err = collect(frame.EncodePrefixed(pull.Values(frame.Msg{}), p, 8))
		assert.Equal(t, frame.ErrPrefix, err)
		_, err = collect(frame.DecodePrefixed(pull.Values([]byte{}), p, 8))
		assert.Equal(t, frame.ErrPrefix, err)
	}
}

// row: G14, F7
func TestReader(t *testing.T) {
	var data []byte
	for i := range 10 * 1024 {
		data = append(data, byte(i*7))
	}
	for _, size := range []byte{1, 7, 255} {
		r := frame.NewReader(pull.Values(sliced(data, []byte{size, 0})...))
		rest := data
		for _, n := range []int{17, 56, 0, 123, 456, 727, -1, 2013} {
			got, err := r.Next(t.Context(), n)
			require.NoError(t, err)
			require.Equal(t, rest[:max(n, 0)], got)
			rest = rest[len(got):]
		}
		got, err := collect(r.Rest())
		require.NoError(t, err)
		require.Equal(t, rest, bytes.Join(got, nil))
		_, err = r.Next(t.Context(), 0)
		require.Equal(t, io.EOF, err)
	}
}

// row: G14
func TestReaderOverRead(t *testing.T) {
	for _, data := range []string{"", "1234567"} {
		up := &upstream[[]byte]{values: sliced([]byte(data), []byte{3})}
		r := frame.NewReader(up.source())
		_, err := r.Next(t.Context(), 1<<40)
		assert.Equal(t, io.ErrUnexpectedEOF, err)
		_, err = r.Rest()(t.Context())
		assert.Equal(t, io.ErrUnexpectedEOF, err, "final")
		assert.Equal(t, []error{io.EOF}, up.causes)
	}
}

// Reads of one size after the other, over chunks of a KiB, until one is too long.
// row: G14
func TestReaderOfKibibytes(t *testing.T) {
	var chunks [][]byte
	for i := range 10 {
		chunks = append(chunks, bytes.Repeat([]byte{byte(i)}, 1024))
	}
	data := bytes.Join(chunks, nil)
	for _, n := range []int{17, 56, 123, 456, 727, 2013, 9999} {
		up := &upstream[[]byte]{values: chunks}
		r := frame.NewReader(up.source())
		rest := data
		for len(rest) >= n {
			got, err := r.Next(t.Context(), n)
			require.NoError(t, err)
			require.Equal(t, rest[:n], got)
			rest = rest[n:]
		}
		_, err := r.Next(t.Context(), n)
		require.Equal(t, io.ErrUnexpectedEOF, err)
		require.Equal(t, []error{io.EOF}, up.causes)

		// Whatever is there: what is left of the last chunk that was needed.
		r = frame.NewReader(pull.Values(chunks...))
		_, err = r.Next(t.Context(), n)
		require.NoError(t, err)
		got, err := r.Rest()(t.Context())
		require.NoError(t, err)
		require.Equal(t, data[n:(n+1023)/1024*1024], got)
	}
}

// row: G14
func TestReaderAbortedWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var causes []error
		r := frame.NewReader(pull.From(func(ctx context.Context) ([]byte, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}, func(cause error) error {
			causes = append(causes, cause)
			return nil
		}))
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Hour, func() { cancel(assert.AnError) })
		_, err := r.Next(ctx, 5)
		require.Equal(t, assert.AnError, err)
		_, err = r.Next(t.Context(), 0)
		require.Equal(t, assert.AnError, err, "the next in line too")
		_, err = r.Rest()(t.Context())
		require.Equal(t, assert.AnError, err)
		require.Equal(t, []error{assert.AnError}, causes)
	})
}

// row: G14
func TestReaderStartsNothing(t *testing.T) {
	up := &upstream[[]byte]{values: [][]byte{[]byte("abc")}}
	r := frame.NewReader(up.source())
	_, err := r.Next(t.Context(), 2)
	require.NoError(t, err)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(assert.AnError)
	_, err = r.Next(ctx, 1)
	assert.Equal(t, assert.AnError, err, "also where the byte is there")
	assert.Equal(t, []error{assert.AnError}, up.causes)
}
