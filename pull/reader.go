package pull

import (
	"context"
	"io"
	"time"

	"github.com/weir-go/weir/pull/internal/hook"
)

// Sizes of one read. It starts small, because many readers are parked for
// long, and doubles with every read that fills it.
const (
	minRead = 4 << 10
	maxRead = 32 << 10
)

// maxEmptyReads is how many reads may return neither bytes nor an error.
const maxEmptyReads = 100

// Reader is the source of the bytes of r, in chunks of 1 byte to 32 KiB that
// belong to the receiver. Bytes that come with an error are delivered before
// it; a reader that keeps returning nothing fails with io.ErrNoProgress.
//
// Where r has a method SetReadDeadline(time.Time) error that works (a
// net.Conn, one end of an os.Pipe), a blocked read is interrupted by a
// deadline in the past, which is cleared before the call returns; do not set
// deadlines of your own meanwhile. Any other reader (a regular file, most
// standard inputs, a bytes.Buffer) cannot be interrupted: the call returns
// when its Read does. For a standard input that Ctrl-C interrupts, see
// duplex.Stdio; to end a stream cleanly then, through.UntilDone.
//
// Reader does not close r; use [From] to add a release.
func Reader(r io.Reader) Source[[]byte] {
	s := &readerSource{r: r, size: minRead}
	if d, ok := r.(interface{ SetReadDeadline(time.Time) error }); ok {
		s.deadline = d.SetReadDeadline
		s.hook = hook.New(func(context.Context) {
			// If it cannot be set, r cannot be interrupted: as documented.
			_ = s.deadline(time.Unix(1, 0))
		})
	}
	return From(s.next, s.release)
}

type readerSource struct {
	r        io.Reader
	deadline func(time.Time) error // nil if r has none
	hook     *hook.Hook            // nil if r has no deadlines
	buf      []byte                // free to read into
	size     int                   // of the next buf
	err      error                 // comes after the bytes it came with
}

func (s *readerSource) next(ctx context.Context) ([]byte, error) {
	if s.err != nil {
		return nil, s.err
	}
	n, err := s.read(ctx)
	if n == 0 {
		return nil, err
	}
	s.err = err
	return s.take(n), nil
}

// read reads once; n is 0 only with an error.
func (s *readerSource) read(ctx context.Context) (n int, err error) {
	if s.hook != nil {
		s.hook.Enter(ctx)
		defer func() {
			if s.hook.Leave() {
				_ = s.deadline(time.Time{})
				err = Cause(ctx)
			}
		}()
	}
	if s.buf == nil {
		s.buf = make([]byte, s.size)
	}
	for range maxEmptyReads {
		if n, err = s.r.Read(s.buf); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// take hands over the n bytes just read. A small chunk is copied, so that it
// does not keep a large buffer alive and the buffer is used again.
func (s *readerSource) take(n int) []byte {
	buf := s.buf
	if n < len(buf)/2 {
		return append(make([]byte, 0, n), buf[:n]...)
	}
	s.buf = nil
	if n == len(buf) {
		s.size = min(2*len(buf), maxRead)
	}
	return buf[:n:n]
}

func (s *readerSource) release(error) error {
	if s.hook != nil {
		s.hook.Close()
	}
	s.buf = nil
	return nil
}
