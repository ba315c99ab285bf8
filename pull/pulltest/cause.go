package pulltest

import (
	"context"
	"errors"
	"io"
	"time"
)

var (
	errRoot    = errors.New("pulltest: the root failed")
	errAbort   = errors.New("pulltest: aborted")
	errSecond  = errors.New("pulltest: aborted again")
	errTrouble = errors.New("pulltest: releasing failed")
	errScope   = errors.New("pulltest: cancelled after the call had returned")
	errHung    = errors.New("pulltest: the call did not return")
)

// A reason is a way in which a context becomes done.
type reason struct {
	name   string
	derive func(context.Context) (context.Context, context.CancelFunc)
}

func because(name string, cause error) reason {
	return reason{name, func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancelCause(ctx)
		return ctx, func() { cancel(cause) }
	}}
}

func pastDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithDeadline(ctx, time.Unix(0, 0))
}

var (
	withCause = because("with a cause", errAbort)
	noCause   = reason{"without a cause", context.WithCancel}
	eofCause  = because("with io.EOF as cause", io.EOF)
	deadline  = reason{"by a deadline", pastDeadline}
	tooLate   = because("after the call", errScope)
	again     = because("with another cause", errSecond)
)

// reasons are those of the matrix.
var (
	reasons     = []reason{withCause, noCause, eofCause, deadline}
	cancellable = []reason{withCause, noCause, eofCause}
)

// ticketKey is the context key under which each call carries its number.
type ticketKey struct{}

// same is err == want for errors of any type, uncomparable ones too.
func same(err, want error) (equal bool) {
	defer func() {
		if recover() != nil {
			equal = false
		}
	}()
	return err == want
}
