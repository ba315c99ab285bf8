package journal

import (
	"io"

	"github.com/weir-go/weir/pull/files"
)

// output is a file that is appended to, up to the first failure. Its errors
// are WriteErrors.
type output struct {
	path   string
	file   files.File
	size   int64   // what of the file is good
	tail   [4]byte // how that ends
	sealed bool    // every write sets the modification time; see seal.go
}

// append writes b behind what is good. What a failed write leaves is cut off
// again, if that can be done.
func (o *output) append(b []byte) error {
	n, err := writeAll(o.file, b)
	if err == nil {
		o.size += int64(n)
		copy(o.tail[:], b[len(b)-len(o.tail):])
	} else if n > 0 {
		_ = cut(o.file, o.size)
	}
	if o.sealed {
		// Where this fails once, the next opening takes a new author.
		_ = o.seal()
	}
	return o.failure("write", err)
}

// seal marks the file as written by us, and reports whether that can be done.
func (o *output) seal() bool { return seal(o.file, o.size, o.tail) }

// sync is never tried again: after a failed fsync nobody knows what the file
// system has dropped.
func (o *output) sync() error { return o.failure("sync", o.file.Sync()) }

func (o *output) close() error { return o.failure("close", o.file.Close()) }

func (o *output) failure(op string, err error) error {
	if err == nil {
		return nil
	}
	return &WriteError{o.path, op, err}
}

// writeAll writes all of b and returns how many bytes it wrote.
func writeAll(w io.Writer, b []byte) (done int, err error) {
	for done < len(b) {
		n, err := w.Write(b[done:])
		done += max(n, 0)
		if err != nil {
			return done, err
		}
		if n <= 0 {
			return done, io.ErrShortWrite
		}
	}
	return done, nil
}

// cut ends a file at size, where the next write goes.
func cut(file files.File, size int64) error {
	if err := file.Truncate(size); err != nil {
		return err
	}
	if s, ok := file.(io.Seeker); ok && appendFlag == 0 {
		_, err := s.Seek(size, io.SeekStart)
		return err
	}
	return nil
}
