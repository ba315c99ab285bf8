package codec_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

type format struct {
	pack   func(pull.Source[[]byte], codec.CompressOptions) pull.Source[[]byte]
	unpack func(pull.Source[[]byte], codec.DecompressOptions) pull.Source[[]byte]
}

var formats = map[string]format{
	"gzip": {codec.Gzip, codec.Gunzip}, "zlib": {codec.Zlib, codec.Unzlib},
	"deflate": {codec.Deflate, codec.Inflate},
}

func (f format) reads(max int64) pull.Through[[]byte, []byte] {
	return func(src pull.Source[[]byte]) pull.Source[[]byte] {
		return f.unpack(src, codec.DecompressOptions{MaxBytes: max})
	}
}

// row: G19
func TestCompressed(t *testing.T) {
	plain := []byte(strings.Repeat("hello, hello, world; ", 10))
	for name, f := range formats {
		t.Run(name, func(t *testing.T) {
			for level := -1; level <= 10; level++ {
				packed := joined(t, f.pack(pull.Values(cutInto(plain, 9)...),
					codec.CompressOptions{Level: level, Flush: level%2 == 0}))
				assert.Equal(t, plain, joined(t, f.reads(0)(pull.Values(packed))))
			}
			packed := joined(t, f.pack(pull.Values(plain), codec.CompressOptions{}))
			got, err := cutAnyhow(t, packed, f.reads(0), together)
			require.NoError(t, err)
			assert.Equal(t, string(plain), got)
			for n := range packed { // no bytes at all are a cut too
				_, err := collect(t, f.reads(0)(pull.Values(cutInto(packed[:n], n/2)...)))
				require.Equal(t, io.ErrUnexpectedEOF, err, "cut at %d", n)
			}
			assert.Empty(t, joined(t, f.reads(0)(f.pack(pull.Empty[[]byte](), codec.CompressOptions{}))))
			twice := append(bytes.Clone(packed), packed...)
			got, err = cutAnyhow(t, twice, f.reads(0), together)
			if name == "gzip" {
				require.NoError(t, err)
				assert.Equal(t, strings.Repeat(string(plain), 2), got)
				for n := len(packed) + 1; n < len(twice); n++ {
					got, err := collect(t, f.reads(0)(pull.Values(twice[:n])))
					require.Equal(t, io.ErrUnexpectedEOF, err, "the second cut at %d", n-len(packed))
					require.Greater(t, len(bytes.Join(got, nil)), len(plain)-1, "the first is whole")
				}
				return
			}
			require.ErrorIs(t, err, codec.ErrTrailing)
			assert.Equal(t, string(plain), got)
		})
	}
}

func TestDecompressedSizeIsBounded(t *testing.T) {
	for name, f := range formats {
		bomb := joined(t, f.pack(pull.Values(make([]byte, 100_000)), codec.CompressOptions{}))
		got, err := cutAnyhow(t, bomb, f.reads(70_000), together)
		assert.Len(t, got, 70_000)
		assert.Equal(t, &codec.SizeError{Format: name, Max: 70_000, Offset: 70_000}, err)
		assert.ErrorIs(t, err, codec.ErrTooLarge)
		assert.Len(t, joined(t, f.reads(100_000)(pull.Values(bomb))), 100_000)
		assert.Len(t, joined(t, f.reads(-1)(pull.Values(bomb))), 100_000)
	}
}

func TestDamageIsNoticed(t *testing.T) {
	plain := []byte(strings.Repeat("hello, hello, world; ", 10))
	for _, f := range []format{formats["gzip"], formats["zlib"]} {
		packed := joined(t, f.pack(pull.Values(plain), codec.CompressOptions{}))
		packed[len(packed)-6] ^= 1
		_, err := cutAnyhow(t, packed, f.reads(0), together)
		var bad *codec.DecodeError
		require.ErrorAs(t, err, &bad)
	}
}

// With Flush, the other side can read a chunk before the next one is there.
func TestFlush(t *testing.T) {
	for _, f := range formats {
		fed := 0
		live := pull.From(func(context.Context) ([]byte, error) {
			fed++
			return fmt.Appendf(nil, "chunk %d", fed), nil
		}, nil)
		src := f.reads(0)(f.pack(live, codec.CompressOptions{Flush: true}))
		for i := range 3 {
			chunk, err := src(t.Context())
			require.NoError(t, err)
			assert.Equal(t, fmt.Sprintf("chunk %d", i+1), string(chunk))
			assert.Equal(t, i+1, fed)
		}
		require.NoError(t, pull.Abort(src, nil))
	}
}

// Where the source fails, what it was packed into is not complete.
func TestPackedFailureIsTruncated(t *testing.T) {
	broken := errors.New("broken")
	for _, f := range formats {
		fed := false
		src := pull.From(func(context.Context) ([]byte, error) {
			if fed {
				return nil, broken
			}
			fed = true
			return []byte("hello"), nil
		}, nil)
		chunks, err := collect(t, f.pack(src, codec.CompressOptions{Flush: true}))
		require.Equal(t, broken, err)
		got, err := collect(t, f.reads(0)(pull.Values(chunks...)))
		assert.Equal(t, "hello", together(got))
		assert.Equal(t, io.ErrUnexpectedEOF, err)
	}
}

// random is bytes that do not compress.
func random(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{})
	_, _ = r.Read(b)
	return b
}

func TestCompressedGoesOnInTime(t *testing.T) {
	for _, f := range formats {
		chunks := cutInto(random(300_000), 1000)
		packed := f.pack(pull.Values(chunks...), codec.CompressOptions{})
		assert.Equal(t, bytes.Join(chunks, nil), joined(t, f.reads(0)(packed)))
	}
}
