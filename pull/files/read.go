package files

import (
	"context"
	"io"
	"os"

	"github.com/weir-go/weir/pull"
)

// Read is the source of the bytes of the file path, in chunks as [pull.Reader]
// makes them: 1 byte to 32 KiB, each the receiver's own. The file is opened by
// the first call and closed at the end. What is appended while it is read may
// be seen or not. A nil fsys means [OS]; for an fs.FS, see [ReadOnly].
//
// It fails with an error that names path when the file cannot be opened, read
// or closed. Opening, and reading a regular file, cannot be interrupted.
func Read(fsys FS, path string) pull.Source[[]byte] {
	r := &reader{fsys: orOS(fsys), path: path}
	return pull.From(r.next, r.release)
}

type reader struct {
	fsys   FS
	path   string
	file   File // nil until the first call
	chunks pull.Source[[]byte]
}

func (r *reader) next(ctx context.Context) ([]byte, error) {
	if r.file == nil {
		f, err := r.fsys.OpenFile(r.path, os.O_RDONLY, 0)
		if err != nil {
			return nil, failure("open", r.path, err)
		}
		r.file, r.chunks = f, pull.Reader(f)
	}
	b, err := r.chunks(ctx)
	if err != nil && err != io.EOF {
		return nil, failure("read", r.path, err)
	}
	return b, err
}

func (r *reader) release(cause error) error {
	if r.file == nil {
		return nil
	}
	aerr := pull.Abort(r.chunks, cause)
	if err := r.file.Close(); err != nil {
		return failure("close", r.path, err)
	}
	return aerr
}
