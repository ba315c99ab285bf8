// Package ends has what sessions do when something ends.
package ends

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

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

// ErrGoing is what half of a session returns when the other may go on.
var ErrGoing = errors.New("mux: the other half goes on")

// Halves runs both halves of a session, each on a goroutine of its own. It calls
// fail with how each has ended, unless that is ErrGoing, and then done when both
// have.
func Halves(receive, transmit func() error, fail func(error), done func()) {
	var running atomic.Int32
	running.Store(2)
	for _, half := range []func() error{receive, transmit} {
		go func() {
			defer func() {
				if running.Add(-1) == 0 {
					done()
				}
			}()
			Guarded(half, func(err error) {
				if err != ErrGoing {
					fail(err)
				}
			})
		}()
	}
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
