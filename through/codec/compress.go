package codec

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// CompressOptions say how bytes are compressed. The zero value compresses as
// compress/flate does by default.
type CompressOptions struct {
	// Level is from 1 (fastest) to 9 (smallest); 0 means the default, 6. What
	// is above or below counts as 9 or 1.
	Level int

	// Flush makes all of a chunk readable by the other side as soon as it has
	// been read, which a live stream needs and costs some bytes for each chunk.
	Flush bool
}

// Gzip compresses src as one gzip member, for [Gunzip].
//
// It reads src until the compressor has something to give: several hundred KiB
// where src compresses well, unless opts.Flush is set; about 1 MiB of memory.
// After src's end comes what ends the stream. Where src fails, that is missing,
// so that the other side finds its input truncated. An abort drops what the
// compressor holds. Chunks are never empty and belong to the receiver.
func Gzip(src pull.Source[[]byte], opts CompressOptions) pull.Source[[]byte] {
	return compress(src, opts, func(w io.Writer, level int) (flusher, error) {
		return gzip.NewWriterLevel(w, level)
	})
}

// Zlib compresses src as one zlib stream (RFC 1950), for [Unzlib], in the same
// way as [Gzip].
func Zlib(src pull.Source[[]byte], opts CompressOptions) pull.Source[[]byte] {
	return compress(src, opts, func(w io.Writer, level int) (flusher, error) {
		return zlib.NewWriterLevel(w, level)
	})
}

// Deflate compresses src as one raw deflate stream (RFC 1951), for [Inflate],
// in the same way as [Gzip].
func Deflate(src pull.Source[[]byte], opts CompressOptions) pull.Source[[]byte] {
	return compress(src, opts, func(w io.Writer, level int) (flusher, error) {
		return flate.NewWriter(w, level)
	})
}

type flusher interface {
	io.WriteCloser
	Flush() error
}

// level returns the level in compress/flate's terms.
func (o CompressOptions) level() int {
	if o.Level == 0 {
		return flate.DefaultCompression
	}
	return min(max(o.Level, flate.BestSpeed), flate.BestCompression)
}

func compress(
	src pull.Source[[]byte], opts CompressOptions, open func(io.Writer, int) (flusher, error),
) pull.Source[[]byte] {
	up := stage.Of(src)
	var out bytes.Buffer
	var w flusher
	return func(ctx context.Context) (_ []byte, err error) {
		if up.Stopped {
			return nil, up.Refuse(ctx)
		}
		for out.Len() == 0 {
			chunk, rerr := up.Src(ctx)
			if rerr != nil && rerr != io.EOF {
				return nil, up.End(rerr)
			}
			if w == nil {
				if w, err = open(&out, opts.level()); err != nil {
					return nil, up.Fail(ctx, err)
				}
			}
			if rerr == io.EOF {
				_ = w.Close() // a bytes.Buffer takes all
				up.Last(io.EOF)
				break
			}
			_, _ = w.Write(chunk)
			if opts.Flush && len(chunk) > 0 {
				_ = w.Flush()
			}
		}
		defer out.Reset()
		return bytes.Clone(out.Bytes()), nil
	}
}
