package files

import (
	"context"
	"errors"
	"io"

	"github.com/weir-go/weir/pull"
)

// writeAll writes all of b, also where a Write takes only a part of it.
func writeAll(w io.Writer, b []byte) error {
	for len(b) > 0 {
		n, err := w.Write(b)
		if err != nil {
			return err
		}
		if n <= 0 || n > len(b) {
			return io.ErrShortWrite
		}
		b = b[n:]
	}
	return nil
}

// syncAndClose closes file even if the sync fails or panics.
func syncAndClose(file File) (err error) {
	defer func() { err = errors.Join(err, file.Close()) }()
	return file.Sync()
}

// refuse ends src for a sink that cannot be used any more because of err.
func refuse(ctx context.Context, src pull.Source[[]byte], err error) error {
	if ctx.Err() != nil {
		return pull.Drain(ctx, src) // reads nothing: its first call is the abort
	}
	if rerr := pull.AbortIn(ctx, src, err); rerr != nil {
		return &pull.ReleaseError{Cause: err, Err: rerr}
	}
	return err
}
