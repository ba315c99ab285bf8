package codec

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// DefaultMaxBytes is how much is decompressed at most where
// [DecompressOptions] do not say: 1 GiB.
const DefaultMaxBytes = 1 << 30

// ErrTrailing is matched when something follows the end of compressed data.
var ErrTrailing = errors.New("data after the end")

// DecompressOptions say how much may come of compressed input. The zero value
// is ready for use.
type DecompressOptions struct {
	// MaxBytes is how many bytes may come of all input. 0 means
	// DefaultMaxBytes, less than 0 any number.
	MaxBytes int64
}

// Gunzip decompresses src, which is gzip: one member, or several whose
// contents are joined.
//
// Input that ends inside a member, or before the first one, ends with
// io.ErrUnexpectedEOF, after all bytes that could be had: what [Gzip] makes of
// nothing has some bytes, so no input at all is a truncated one. More than
// opts.MaxBytes fails with a [SizeError], damage with a [DecodeError], and src
// is aborted with that error. Bytes come as soon as they can be had, in chunks
// of 1 byte to 32 KiB, which belong to the receiver. Checksums come last:
// bytes that were delivered before a failure may be wrong. Memory: one chunk
// of src and about 80 KiB.
func Gunzip(src pull.Source[[]byte], opts DecompressOptions) pull.Source[[]byte] {
	open := func(r *stage.Reader, old io.Reader) (io.Reader, error) {
		z, ok := old.(*gzip.Reader)
		if !ok {
			z = new(gzip.Reader)
		}
		err := z.Reset(r)
		z.Multistream(false)
		return z, err
	}
	return decompress(src, "gzip", opts, open)
}

// Unzlib decompresses src, which is one zlib stream (RFC 1950). It does so as
// [Gunzip] does, except that what follows the stream fails as [ErrTrailing].
func Unzlib(src pull.Source[[]byte], opts DecompressOptions) pull.Source[[]byte] {
	open := func(r *stage.Reader, _ io.Reader) (io.Reader, error) { return zlib.NewReader(r) }
	return decompress(src, "zlib", opts, open)
}

// Inflate decompresses src, which is one raw deflate stream (RFC 1951). It
// does so as [Gunzip] does, except that nothing notices damage that is still
// deflate, and that what follows the stream fails as [ErrTrailing].
func Inflate(src pull.Source[[]byte], opts DecompressOptions) pull.Source[[]byte] {
	open := func(r *stage.Reader, _ io.Reader) (io.Reader, error) { return flate.NewReader(r), nil }
	return decompress(src, "deflate", opts, open)
}

// A decompressor reads one stream, or several, each by what open makes.
type decompressor struct {
	format string
	r      *stage.Reader
	open   func(r *stage.Reader, old io.Reader) (io.Reader, error)

	z     io.Reader // reads the current stream; nil between streams
	old   io.Reader // the z before
	buf   []byte
	total int64 // how much has come
	bound int64
	err   error // comes after the bytes it came with
}

func decompress(
	src pull.Source[[]byte], format string, opts DecompressOptions,
	open func(r *stage.Reader, old io.Reader) (io.Reader, error),
) pull.Source[[]byte] {
	bound := opts.MaxBytes
	if bound == 0 {
		bound = DefaultMaxBytes
	}
	return stage.Read(src, func(r *stage.Reader) func() ([]byte, error) {
		d := &decompressor{format: format, r: r, open: open, bound: bound}
		return d.next
	})
}

func (d *decompressor) next() ([]byte, error) {
	for d.err == nil {
		if d.z == nil {
			if d.err = d.begin(); d.err != nil {
				break
			}
		}
		n, err := d.z.Read(d.buf)
		if err == io.EOF {
			d.old, d.z = d.z, nil
		} else if err != nil {
			d.err = d.damaged(err)
		}
		if n = d.allowed(n); n > 0 {
			return bytes.Clone(d.buf[:n]), nil
		}
	}
	return nil, d.err
}

// begin begins the next stream, or returns io.EOF.
func (d *decompressor) begin() (err error) {
	if err := d.r.More(); err == io.EOF && d.old == nil {
		return io.ErrUnexpectedEOF
	} else if err != nil {
		return err
	}
	start := d.r.Offset() // a header is refused as a whole
	if d.old != nil && d.format != "gzip" {
		return malformed(d.format, d.r.Offset(), ErrTrailing)
	}
	if d.buf == nil {
		d.buf = make([]byte, 32<<10)
	}
	d.z, err = d.open(d.r, d.old)
	switch {
	case err == io.EOF:
		return io.ErrUnexpectedEOF
	case err != nil:
		return malformed(d.format, start, err)
	}
	return nil
}

// damaged makes an error of what was found in the middle of a stream. Where
// compress/flate has counted from the start of its own data, all bytes count.
func (d *decompressor) damaged(err error) error {
	at := d.r.Offset()
	if _, ok := err.(flate.CorruptInputError); ok {
		err = flate.CorruptInputError(at)
	}
	return malformed(d.format, at, err)
}

// allowed returns how many of the n bytes may be delivered.
func (d *decompressor) allowed(n int) int {
	if left := d.bound - d.total; d.bound >= 0 && int64(n) > left {
		n = int(left)
		d.err = &SizeError{Format: d.format, Max: d.bound, Offset: d.bound}
	}
	d.total += int64(n)
	return n
}
