// Package zstd compresses bytes with Zstandard (RFC 8878) and back, within bounds.
//
// [Compress] and [Decompress] leave the format to
// github.com/klauspost/compress/zstd and run it in their reader's own calls:
// no goroutine is started, so an abort leaves none.
package zstd

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
	"github.com/weir-go/weir/through/internal/stage"
)

// Bounds of [Decompress] where its options do not say, in bytes.
const (
	DefaultMaxBytes  = 1 << 30
	DefaultMaxWindow = 32 << 20
)

// CompressOptions say how bytes are compressed. The zero value is ready for
// use.
type CompressOptions struct {
	// Level is from 1 (fastest) to 22 (smallest) as in the zstd program,
	// though the library has only four steps; 0 or less means 3.
	Level int

	// Flush makes all of a chunk readable by the other side as soon as it has
	// been read, which a live stream needs and costs some bytes for each chunk.
	Flush bool
}

// Compress compresses src as one frame with a checksum, for [Decompress].
//
// It reads src until a block is full, 128 KiB or more, unless opts.Flush is
// set; its memory is a few times the window, which grows with the level from 4
// to 32 MiB. After src's end comes what ends the frame. Where src fails, that
// is missing, so that the other side finds its input truncated. An abort drops
// what is held. Chunks are never empty and belong to the receiver.
func Compress(src pull.Source[[]byte], opts CompressOptions) pull.Source[[]byte] {
	c := &compressor{up: stage.Of(src), opts: opts}
	return c.next
}

type compressor struct {
	up   *stage.Upstream[[]byte]
	opts CompressOptions
	out  bytes.Buffer
	w    *zstd.Encoder
}

func (c *compressor) next(ctx context.Context) ([]byte, error) {
	if c.up.Stopped {
		return nil, c.up.Refuse(ctx)
	}
	for c.out.Len() == 0 {
		chunk, err := c.up.Src(ctx)
		if err != nil && err != io.EOF {
			return nil, c.up.End(err)
		}
		if err == io.EOF {
			c.up.Gone(err)
		}
		if werr := c.write(chunk, err == io.EOF); werr != nil {
			return nil, c.up.Fail(ctx, werr)
		}
		if err == io.EOF {
			c.up.Last(io.EOF)
			break
		}
	}
	defer c.out.Reset()
	return bytes.Clone(c.out.Bytes()), nil
}

func (c *compressor) write(chunk []byte, last bool) (err error) {
	if c.w == nil {
		level := zstd.SpeedDefault
		if c.opts.Level > 0 {
			level = zstd.EncoderLevelFromZstd(c.opts.Level)
		}
		c.w, err = zstd.NewWriter(&c.out, zstd.WithEncoderConcurrency(1),
			zstd.WithEncoderLevel(level), zstd.WithZeroFrames(true), zstd.WithLowerEncoderMem(true))
		if err != nil {
			return err
		}
	}
	if _, err = c.w.Write(chunk); err != nil {
		return err
	}
	switch {
	case last:
		return c.w.Close()
	case c.opts.Flush && len(chunk) > 0:
		return c.w.Flush()
	}
	return nil
}

// DecompressOptions say how much may come of compressed input. The zero value
// is ready for use.
type DecompressOptions struct {
	// MaxBytes is how many bytes may come of all input. 0 means
	// DefaultMaxBytes, less than 0 any number.
	MaxBytes int64

	// MaxWindow is how many bytes a frame may refer back to, and so what a
	// frame of a few bytes can make Decompress reserve; at least 1 KiB. 0 or
	// less means DefaultMaxWindow, which levels up to 19 of the zstd program
	// keep, and every level of [Compress].
	MaxWindow int64
}

// Decompress decompresses src: one Zstandard frame, or several whose contents
// are joined; skippable frames are left out.
//
// Input that ends inside a frame, or before the first one, ends with
// io.ErrUnexpectedEOF: what [Compress] makes of nothing has some bytes. More than
// opts.MaxBytes fails with a [codec.SizeError], damage, and a window over
// opts.MaxWindow, with a [codec.DecodeError], and src is aborted with that
// error. A block of at most 128 KiB comes as soon as it can be had, in chunks
// of at most 32 KiB, which belong to the receiver. Memory: one chunk of src
// and about twice the window.
func Decompress(src pull.Source[[]byte], opts DecompressOptions) pull.Source[[]byte] {
	if opts.MaxBytes == 0 {
		opts.MaxBytes = DefaultMaxBytes
	}
	if opts.MaxWindow <= 0 {
		opts.MaxWindow = DefaultMaxWindow
	}
	opts.MaxWindow = max(opts.MaxWindow, zstd.MinWindowSize)
	return stage.Read(src, func(r *stage.Reader) func() ([]byte, error) {
		d := &decompressor{r: r, opts: opts}
		return d.next
	})
}

type decompressor struct {
	r     *stage.Reader
	opts  DecompressOptions
	z     *zstd.Decoder
	buf   []byte
	total int64
	err   error // comes after the bytes it came with
}

func (d *decompressor) next() ([]byte, error) {
	if d.z == nil && d.err == nil {
		if err := d.r.More(); err == io.EOF {
			d.err = io.ErrUnexpectedEOF
			return nil, d.err
		} else if err != nil {
			return nil, err
		}
		d.z, d.err = zstd.NewReader(d.r, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(uint64(d.opts.MaxWindow)),
			zstd.WithDecoderMaxWindow(uint64(min(d.opts.MaxWindow, 2<<30))))
		d.buf = make([]byte, 32<<10)
	}
	for d.err == nil {
		n, err := d.z.Read(d.buf)
		d.err = d.malformed(err)
		if left := d.opts.MaxBytes - d.total; d.opts.MaxBytes >= 0 && int64(n) > left {
			n = int(left)
			d.err = &codec.SizeError{Format: "zstd", Max: d.opts.MaxBytes, Offset: d.opts.MaxBytes}
		}
		d.total += int64(n)
		if n > 0 {
			return bytes.Clone(d.buf[:n]), nil
		}
	}
	return nil, d.err
}

func (d *decompressor) malformed(err error) error {
	switch {
	case err == nil || err == io.EOF:
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return io.ErrUnexpectedEOF
	}
	return &codec.DecodeError{Format: "zstd", Offset: d.r.Offset(), Err: err}
}
