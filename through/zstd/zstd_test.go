package zstd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
	"github.com/weir-go/weir/through/zstd"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func pack(opts zstd.CompressOptions, chunks ...[]byte) []byte {
	out, err := pull.Collect(context.Background(), zstd.Compress(pull.Values(chunks...), opts))
	if err != nil {
		panic(err)
	}
	return bytes.Join(out, nil)
}

func unpacks(opts zstd.DecompressOptions) pull.Through[[]byte, []byte] {
	return func(src pull.Source[[]byte]) pull.Source[[]byte] { return zstd.Decompress(src, opts) }
}

func unpack(opts zstd.DecompressOptions, chunks ...[]byte) (string, error) {
	out, err := pull.Collect(context.Background(), zstd.Decompress(pull.Values(chunks...), opts))
	return string(bytes.Join(out, nil)), err
}

// row: G19
func TestRoundTrip(t *testing.T) {
	plain := strings.Repeat("hello, hello, world; ", 10)
	for level := range 23 {
		packed := pack(zstd.CompressOptions{Level: level, Flush: level%2 == 0}, []byte(plain))
		got, err := unpack(zstd.DecompressOptions{}, packed)
		require.NoError(t, err)
		require.Equal(t, plain, got)
	}
	packed := pack(zstd.CompressOptions{}, []byte(plain))
	for i := range packed {
		got, err := unpack(zstd.DecompressOptions{}, packed[:i], nil, packed[i:])
		require.NoError(t, err)
		require.Equal(t, plain, got)
		_, err = unpack(zstd.DecompressOptions{}, packed[:i/2], packed[i/2:i])
		require.Equal(t, io.ErrUnexpectedEOF, err, "cut at %d", i)
	}
	got, err := unpack(zstd.DecompressOptions{}, packed, packed)
	require.NoError(t, err)
	assert.Equal(t, plain+plain, got)
	for n := len(packed) + 1; n < 2*len(packed); n++ {
		_, err = unpack(zstd.DecompressOptions{}, append(bytes.Clone(packed), packed...)[:n])
		require.Equal(t, io.ErrUnexpectedEOF, err, "the second cut at %d", n-len(packed))
	}
	got, err = unpack(zstd.DecompressOptions{}, pack(zstd.CompressOptions{}))
	require.NoError(t, err)
	assert.Empty(t, got)
}

func TestBounds(t *testing.T) {
	bomb := pack(zstd.CompressOptions{}, make([]byte, 10<<20))
	got, err := unpack(zstd.DecompressOptions{MaxBytes: 70_000}, bomb[:9], bomb[9:])
	assert.Len(t, got, 70_000)
	assert.Equal(t, &codec.SizeError{Format: "zstd", Max: 70_000, Offset: 70_000}, err)
	_, err = unpack(zstd.DecompressOptions{MaxWindow: 1}, bomb)
	var bad *codec.DecodeError
	require.ErrorAs(t, err, &bad, "the window")
	got, err = unpack(zstd.DecompressOptions{MaxBytes: -1}, bomb)
	require.NoError(t, err)
	assert.Len(t, got, 10<<20)
}

func TestDamage(t *testing.T) {
	packed := pack(zstd.CompressOptions{}, []byte("hello, hello, hello"))
	packed[len(packed)-1] ^= 1
	_, err := unpack(zstd.DecompressOptions{}, packed)
	var bad *codec.DecodeError
	require.ErrorAs(t, err, &bad)
	assert.Contains(t, err.Error(), "codec: zstd at byte")
	_, err = unpack(zstd.DecompressOptions{}, []byte("no zstd at all"))
	require.ErrorAs(t, err, &bad)
}

func TestFailureIsTruncated(t *testing.T) {
	broken := errors.New("broken")
	fed := false
	src := pull.From(func(context.Context) ([]byte, error) {
		if fed {
			return nil, broken
		}
		fed = true
		return []byte("hello"), nil
	}, nil)
	out, err := pull.Collect(t.Context(), zstd.Compress(src, zstd.CompressOptions{Flush: true}))
	require.Equal(t, broken, err)
	got, err := unpack(zstd.DecompressOptions{}, out...)
	assert.Equal(t, "hello", got)
	assert.Equal(t, io.ErrUnexpectedEOF, err)
}

// Any input is decompressed, or refused, and stays within its bound.
func FuzzDecompress(f *testing.F) {
	whole := pack(zstd.CompressOptions{}, []byte("hello hello hello"))
	f.Add(whole, uint(3))
	f.Add(append(bytes.Clone(whole), whole...), uint(20))
	f.Add(whole[:len(whole)-1], uint(1))
	f.Fuzz(func(t *testing.T, data []byte, at uint) {
		opts := zstd.DecompressOptions{MaxBytes: 1 << 16, MaxWindow: 1 << 20}
		n := int(at % uint(len(data)+1))
		want, wantErr := unpack(opts, data)
		got, err := unpack(opts, data[:n], data[n:])
		require.Equal(t, want, got)
		require.Equal(t, wantErr, err)
		require.LessOrEqual(t, len(got), 1<<16)
		require.NotErrorIs(t, err, io.EOF)
	})
}

func ExampleCompress() {
	packed := zstd.Compress(pull.Values([]byte("hello")), zstd.CompressOptions{})
	plain := zstd.Decompress(packed, zstd.DecompressOptions{})
	chunks, err := pull.Collect(context.Background(), plain)
	fmt.Printf("%q %v\n", chunks, err)
	// Output: ["hello"] <nil>
}

func ExampleDecompress() {
	packed := zstd.Compress(pull.Values(make([]byte, 100_000)), zstd.CompressOptions{})
	bounded := zstd.Decompress(packed, zstd.DecompressOptions{MaxBytes: 1000})
	_, err := pull.Collect(context.Background(), bounded)
	fmt.Println(err)
	// Output: codec: too large: zstd at byte 1000, at most 1000 bytes allowed
}
