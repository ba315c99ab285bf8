// Package ends has what sessions do when something ends.
package ends

import (
	"context"
	"errors"
	"io"

	"github.com/weir-go/weir/pull"
)

// Guarded calls f, and then end with its error; a panic is one too, and so is the
// end of the goroutine inside f, in which end is still called.
func Guarded(f func() error, end func(error)) {
	var err error
	returned := false
	defer func() {
		if !returned {
			err = pull.NewPanicError(recover())
		}
		end(err)
	}()
	err = f()
	returned = true
}

// NotEOF keeps what err says and loses that it is, or wraps, io.EOF. nil is
// pull.ErrStopped.
func NotEOF(err error) error {
	switch {
	case err == nil:
		return pull.ErrStopped
	case err == io.EOF:
		return io.ErrUnexpectedEOF
	case errors.Is(err, io.EOF):
		return errors.New(err.Error())
	}
	return err
}

// Refuse aborts what a sink was given that cannot take it, because of reason,
// and returns what the sink returns then.
func Refuse[T any](ctx context.Context, src pull.Source[T], reason error) error {
	if err := pull.AbortIn(ctx, src, reason); err != nil {
		return &pull.ReleaseError{Cause: reason, Err: err}
	}
	return reason
}
