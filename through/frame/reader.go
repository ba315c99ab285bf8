package frame

import (
	"context"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// A Reader takes exact numbers of bytes out of a source of chunks, and hands
// over what follows as a source: for handshakes and headers. Next and the
// source of Rest may be called in any order, from any goroutine, but from one
// at a time. Whoever has a Reader must read it to the end or abort Rest's
// source.
type Reader struct {
	up   *stage.Upstream[[]byte]
	rest []byte // of the chunk read last
}

// NewReader returns a reader of src, which is not called before Next or Rest's
// source is.
func NewReader(src pull.Source[[]byte]) *Reader { return &Reader{up: stage.Of(src)} }

// Next returns the next n bytes, which belong to the caller; 0 or less is none,
// which reads nothing. It reads as many chunks as that takes. n may come from
// a peer: memory grows with what has arrived, at most twice that.
//
// Where src ends before n bytes have come, also where none has, it returns
// io.ErrUnexpectedEOF. Where src fails or ctx is done, it returns that error;
// what had come of the n bytes is dropped. The first error is final, for
// Rest's source too.
func (r *Reader) Next(ctx context.Context, n int) ([]byte, error) {
	if err := r.ready(ctx); err != nil {
		return nil, err
	}
	n = clamp(n)
	out := make([]byte, 0, min(n, len(r.rest)))
	for {
		k := min(n-len(out), len(r.rest))
		out = append(grow(out, k, n), r.rest[:k]...)
		r.rest = r.rest[k:]
		if len(out) == n {
			return out, nil
		}
		if err := r.fill(ctx); err == io.EOF {
			return nil, r.up.End(io.ErrUnexpectedEOF)
		} else if err != nil {
			return nil, err
		}
	}
}

// Rest returns the source of all bytes that Next has not taken: first those
// that came in one chunk with them, then src's chunks as they are. To abort it
// is to abort src. It may be called again, for the same source.
func (r *Reader) Rest() pull.Source[[]byte] {
	return func(ctx context.Context) ([]byte, error) {
		if err := r.ready(ctx); err != nil {
			return nil, err
		}
		if len(r.rest) == 0 {
			if err := r.fill(ctx); err != nil {
				return nil, err
			}
		}
		chunk := r.rest
		r.rest = nil
		return chunk, nil
	}
}

// ready returns the reader's end, or ends it where ctx is done.
func (r *Reader) ready(ctx context.Context) error {
	switch {
	case r.up.Stopped:
		return r.up.Refuse(ctx)
	case ctx.Err() != nil:
		r.rest = nil
		return r.up.Fail(ctx, pull.Cause(ctx))
	}
	return nil
}

func (r *Reader) fill(ctx context.Context) error {
	chunk, err := r.up.Src(ctx)
	if err != nil {
		return r.up.End(err)
	}
	r.rest = chunk
	return nil
}
