package zstd_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through/zstd"
)

func TestConformance(t *testing.T) {
	one := pack(zstd.CompressOptions{}, []byte("hello"))
	pieces := [][]byte{one, one[:9], one[9:], {}, append(bytes.Clone(one), one...)}
	t.Run("Decompress", func(t *testing.T) {
		pulltest.Through(t, unpacks(zstd.DecompressOptions{}), pulltest.ThroughOptions[[]byte, []byte]{
			Value: func(i int) []byte { return bytes.Clone(pieces[i%len(pieces)]) },
			WantEnd: func(in [][]byte, end error) (out [][]byte, err error) {
				for range len(bytes.Join(in, nil)) / len(one) {
					out = append(out, []byte("hello"))
				}
				if end == io.EOF && out == nil { // none is a truncated one
					return nil, io.ErrUnexpectedEOF
				}
				return out, nil
			},
			Fail: unpacks(zstd.DecompressOptions{MaxBytes: 3}),
		})
	})
	t.Run("Compress", func(t *testing.T) {
		pulltest.Through(t, func(src pull.Source[[]byte]) pull.Source[[]byte] {
			return zstd.Compress(src, zstd.CompressOptions{Flush: true})
		}, pulltest.ThroughOptions[[]byte, []byte]{})
	})
}
