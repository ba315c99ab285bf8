package pull

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/weir-go/weir/pull/internal/hook"
)

// errInvalidWrite is the failure of a writer that miscounts.
var errInvalidWrite = errors.New("pull: writer returned an impossible count")

// Writer is the sink that writes every chunk to w, in order and one Write at a
// time. It returns nil only when src has ended and all of it was written.
// Empty chunks are not written. A Write that takes only a part is followed by
// one with the rest; one that takes nothing, without an error, is
// io.ErrShortWrite.
//
// Where w has a method SetWriteDeadline(time.Time) error that works (a
// net.Conn, one end of an os.Pipe), a blocked Write is interrupted by a
// deadline in the past; do not set deadlines of your own meanwhile. Any other
// writer (a regular file, most standard outputs) cannot be interrupted.
//
// The sink may be used again after it returned, for the next source. But a
// Write that failed or was interrupted may have left half a chunk behind, so
// the sink remembers what it returned: every later use writes nothing, aborts
// its source with that error and returns it. After an interruption the
// deadline stays in the past for the same reason.
//
// Writer does not close w, nor does it flush what w may buffer.
func Writer(w io.Writer) Sink[[]byte] {
	s := &writerSink{w: w}
	if d, ok := w.(interface{ SetWriteDeadline(time.Time) error }); ok {
		s.deadline = d.SetWriteDeadline
		s.hook = hook.New(func(context.Context) {
			_ = s.deadline(time.Unix(1, 0)) // as in Reader
		})
	}
	return s.run
}

type writerSink struct {
	w        io.Writer
	deadline func(time.Time) error // nil if w has none
	hook     *hook.Hook            // nil if w has no deadlines
	err      error                 // of a failed write, for ever
}

func (s *writerSink) run(ctx context.Context, src Source[[]byte]) error {
	if s.err != nil {
		return giveUp(ctx, src, s.err)
	}
	if s.hook != nil {
		defer s.hook.Close()
	}
	done := false
	defer abortUnlessDone(ctx, src, &done)
	for {
		b, err := src(ctx)
		if err != nil {
			done = true
			return ended(ctx, err)
		}
		if err = s.write(ctx, b); err != nil {
			done = true
			return giveUp(ctx, src, err)
		}
	}
}

// write writes all of b. Its error is sticky, and set before the first Write
// so that one which panics leaves it too.
func (s *writerSink) write(ctx context.Context, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	s.err = errPanicked
	err := s.writeAll(ctx, b)
	if err != nil && ctx.Err() != nil {
		err = Cause(ctx)
	}
	s.err = err
	return err
}

func (s *writerSink) writeAll(ctx context.Context, b []byte) (err error) {
	if s.hook != nil {
		s.hook.Enter(ctx)
		defer func() {
			// A Write that was quick enough is whole, and may be followed by others.
			if s.hook.Leave() && err == nil {
				_ = s.deadline(time.Time{})
			}
		}()
	}
	for len(b) > 0 {
		n, err := s.w.Write(b)
		switch {
		case n < 0 || n > len(b):
			return errInvalidWrite
		case err == io.EOF:
			return io.ErrUnexpectedEOF // must not look like a clean end
		case err != nil:
			return err
		case n == 0:
			return io.ErrShortWrite
		}
		b = b[n:]
	}
	return nil
}
