package stage

import (
	"context"
	"io"

	"github.com/weir-go/weir/pull"
)

// A Cutter makes values of chunks. Its methods are called one at a time.
type Cutter[T any] interface {
	// Feed gives the next chunk, once Scan has said that it needs one. The
	// chunk is the source's, so what Scan leaves of it when it needs more must
	// be copied.
	Feed(chunk []byte)

	// Scan takes the next value out of what was fed. ok is false where more is
	// needed; after End that nothing is left.
	Scan() (v T, ok bool, err error)

	// End says that no more chunks come: clean after io.EOF, else after a
	// failure. Input that is cut is for Scan to notice, if clean.
	End(clean bool)
}

// Cut makes a source of c over src: a value is there as soon as the chunk that
// completes it is, and c's error comes after the values before it.
func Cut[T any](src pull.Source[[]byte], c Cutter[T]) pull.Source[T] {
	up := Of(src)
	var end error // with which src has ended
	return func(ctx context.Context) (T, error) {
		var zero T
		switch {
		case up.Stopped:
			return zero, up.Refuse(ctx)
		case ctx.Err() != nil:
			return zero, up.Fail(ctx, pull.Cause(ctx))
		}
		for {
			up.Stopped = true
			v, ok, err := c.Scan()
			up.Stopped = false
			switch {
			case err != nil:
				return zero, up.Fail(ctx, err)
			case ok:
				return v, nil
			case end != nil:
				return zero, up.End(end)
			}
			chunk, err := up.Src(ctx)
			if err == nil {
				c.Feed(chunk)
				continue
			}
			end = err
			up.Gone(err)
			if ctx.Err() != nil && end != io.EOF {
				return zero, up.End(end)
			}
			c.End(end == io.EOF)
		}
	}
}

// Gone says that the source has ended with err while the stage has not: from
// now on Fail and Refuse do not touch it.
func (u *Upstream[A]) Gone(err error) {
	u.Src = func(context.Context) (v A, _ error) { return v, err }
}
