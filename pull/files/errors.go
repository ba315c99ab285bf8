package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// failure says what was done to which path, once: errors of the file system
// mostly name it already.
func failure(op, path string, err error) error {
	if err == nil {
		return nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF // only a source's end may be io.EOF
	}
	var at *fs.PathError
	if errors.As(err, &at) && at.Path == path {
		return fmt.Errorf("files: %w", err)
	}
	return fmt.Errorf("files: %s %s: %w", op, path, err)
}
