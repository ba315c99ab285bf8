package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/weir-go/weir/pull"
)

// DefaultInterval is how often [Follow] looks for more where its configuration
// does not say.
const DefaultInterval = 250 * time.Millisecond

// followRead is the largest chunk of Follow in bytes.
const followRead = 32 << 10

// FollowConfig says how [Follow] reads. The zero value follows an existing file
// from its start.
type FollowConfig struct {
	// Offset is where to begin, in bytes; less than 0 is the end that the file
	// has at the first call. A file that was waited for is read from its start.
	Offset int64

	// Interval is how long to wait at the end before looking for more; 0 or
	// less means DefaultInterval.
	Interval time.Duration

	// Await waits for a file that is not there at the first call, instead of
	// failing.
	Await bool

	// Restart is called where the next chunk is the start of a file and not what
	// follows on the chunk before: with an error that matches ErrRotated or
	// with a TruncatedError. Where it returns nil, the new start is read, and
	// an io.EOF ends the source; any other error is its failure. A nil Restart
	// goes on with a file that took the place, and fails at a truncated one.
	Restart func(why error) error
}

// Follow is the source of the bytes of the regular file path, in chunks of 1
// byte to 32 KiB that belong to the receiver. At its end it waits until there
// is more, and does not end by itself. A nil fsys means [OS]; its files have to
// be of the kind [ReaderAtFile], and their FileInfo that of package os, unless
// it is a [SameFileFS]; else the first call fails with an error that matches
// errors.ErrUnsupported.
//
// It follows the name, as tail -F does, by looking again and again:
//
//   - Another file in its place (renamed and made anew, or replaced): the old
//     one is read to its end, then the new one from its start. What is written
//     to the old one after that is not seen, nor are files that came and went
//     between two looks.
//   - No file in its place: the old one is followed until there is one.
//   - Truncated to less than was read: a failure with a [TruncatedError], or
//     read again from its start if Restart says so. A file that was truncated
//     and has grown to its old size between two looks is not noticed.
//
// What is left of a last line and the next file's first one come one after the
// other; Restart is called between them.
//
// It fails with an error that names path when the file cannot be opened,
// described, read or closed. The file is opened by the first call, and closed
// when the source fails or is aborted, which waits for a read that is under
// way but not for the interval.
func Follow(fsys FS, path string, cfg FollowConfig) pull.Source[[]byte] {
	if cfg.Interval <= 0 {
		cfg.Interval = DefaultInterval
	}
	f := &follower{fsys: orOS(fsys), path: path, FollowConfig: cfg, wants: cfg.Await}
	return pull.From(f.next, f.release)
}

type follower struct {
	FollowConfig
	fsys  FS
	path  string
	wants bool // a file that is not there is waited for, and read from its start

	file  ReaderAtFile // nil before it is opened, and between two
	info  fs.FileInfo
	pos   int64
	moved bool // another file is in its place
	buf   []byte
}

func (f *follower) next(ctx context.Context) ([]byte, error) {
	for {
		there, err := f.open()
		if err != nil {
			return nil, err
		}
		if there {
			chunk, err := f.read()
			if chunk != nil || err != nil {
				return chunk, err
			}
			if there, err = f.atEnd(); err != nil {
				return nil, err
			}
		}
		if !there {
			err = f.pause(ctx)
		} else if ctx.Err() != nil {
			err = pull.Cause(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
}

// open sees to it that a file is open, if there is one.
func (f *follower) open() (there bool, err error) {
	if f.file != nil {
		return true, nil
	}
	file, info, err := openAt(f.fsys, f.path)
	if f.wants && errors.Is(err, fs.ErrNotExist) {
		f.Offset = 0
		return false, nil
	}
	if err != nil {
		return false, err
	}
	f.file, f.info, f.pos = file, info, f.Offset
	if !f.same(info, info) {
		return false, failure("follow", f.path,
			fmt.Errorf("which file it is cannot be told: %w", errors.ErrUnsupported))
	}
	if f.pos < 0 {
		f.pos = info.Size()
	}
	f.Offset, f.wants, f.moved = 0, true, false
	return true, nil
}

func (f *follower) same(a, b fs.FileInfo) bool {
	if fsys, ok := f.fsys.(SameFileFS); ok {
		return fsys.SameFile(a, b)
	}
	return os.SameFile(a, b)
}

// read returns what is there, or nil at the end.
func (f *follower) read() ([]byte, error) {
	if f.buf == nil {
		f.buf = make([]byte, followRead)
	}
	n, err := f.file.ReadAt(f.buf, f.pos)
	if n > 0 { // an error comes again
		f.pos += int64(n)
		return bytes.Clone(f.buf[:n]), nil
	}
	if err == nil || err == io.EOF {
		return nil, nil
	}
	return nil, failure("read", f.path, err)
}

// atEnd says whether there may be something to read at once.
func (f *follower) atEnd() (more bool, err error) {
	if f.moved {
		return true, f.change()
	}
	info, err := f.file.Stat()
	if err != nil {
		return false, failure("follow", f.path, err)
	}
	if size := info.Size(); size < f.pos {
		why := &TruncatedError{Path: f.path, Size: size, Offset: f.pos}
		f.pos = 0
		return true, f.restart(why, why)
	}
	named, err := f.fsys.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, failure("follow", f.path, err)
	}
	// What was written before the other file came is read first.
	f.moved = !f.same(info, named)
	return f.moved || info.Size() > f.pos, nil
}

// change lets go of a file that was read to its end, for the one in its place.
func (f *follower) change() error {
	file := f.file
	f.file = nil
	if err := file.Close(); err != nil {
		return failure("close", f.path, err)
	}
	return f.restart(failure("follow", f.path, ErrRotated), nil)
}

// restart asks whether to go on; if nobody is to be asked, the answer is given.
func (f *follower) restart(why, answer error) error {
	if f.Restart == nil {
		return answer
	}
	return f.Restart(why)
}

func (f *follower) pause(ctx context.Context) error {
	timer := time.NewTimer(f.Interval)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return pull.Cause(ctx)
	}
}

func (f *follower) release(error) error {
	f.buf = nil
	if f.file == nil {
		return nil
	}
	return failure("close", f.path, f.file.Close())
}
