package stage

import (
	"context"
	"io"

	"github.com/weir-go/weir/pull"
)

// A Reader gives a source's bytes to a decoder that wants an io.Reader, in the
// stage's own calls: no goroutine runs, so an abort has nothing to wait for.
// A Read returns what is at hand and asks the source only if that is nothing.
type Reader struct {
	up     *Upstream[[]byte]
	ctx    context.Context // that of the call under way, nil between calls
	rest   []byte          // of the chunk read last
	err    error           // with which the source has ended
	offset int64           // how many bytes were given out
}

// Read reads at most one chunk.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := r.fill(); err != nil {
		return 0, err
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	r.offset += int64(n)
	return n, nil
}

// ReadByte reads one byte, so that decoders take no more than they need.
func (r *Reader) ReadByte() (byte, error) {
	if err := r.fill(); err != nil {
		return 0, err
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	r.offset++
	return b, nil
}

// More returns nil where there is at least one byte more, else how the source
// has ended.
func (r *Reader) More() error { return r.fill() }

// Ended says whether the source's end has been seen.
func (r *Reader) Ended() bool { return r.err != nil }

// Offset returns how many bytes have been read.
func (r *Reader) Offset() int64 { return r.offset }

func (r *Reader) fill() error {
	for len(r.rest) == 0 {
		if r.err != nil {
			return r.err
		}
		chunk, err := r.up.Src(r.ctx)
		if err != nil {
			r.err = err
			r.up.Gone(err)
			return err
		}
		r.rest = chunk
	}
	return nil
}

// Read makes a source of next, which reads src through r and returns io.EOF
// only where no value was begun. Where src fails, so does the source, with the
// same error, whatever next makes of it. open must not read.
func Read[T any](
	src pull.Source[[]byte], open func(r *Reader) (next func() (T, error)),
) pull.Source[T] {
	up := Of(src)
	r := &Reader{up: up}
	next := open(r)
	return func(ctx context.Context) (T, error) {
		var zero T
		switch {
		case up.Stopped:
			return zero, up.Refuse(ctx)
		case ctx.Err() != nil:
			return zero, up.Fail(ctx, pull.Cause(ctx))
		}
		r.ctx = ctx
		up.Stopped = true
		v, err := next()
		up.Stopped = false
		r.ctx = nil
		switch {
		case err == nil:
			return v, nil
		case r.err != nil && r.err != io.EOF:
			return zero, up.End(r.err)
		case r.err == io.EOF:
			return zero, up.End(err)
		}
		return zero, up.Fail(ctx, err)
	}
}
