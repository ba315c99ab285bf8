// Package duplex pairs a source with a sink that belong together.
//
// A [Duplex] is what a connection, a child process, a multiplexed stream or
// one end of an in-memory pair looks like from inside: values to read, and
// somewhere to write. Its two halves are independent; each ends on its own.
//
// [Connect] joins two, [Map] puts a codec around one, [Limit], [Meter] and
// [Record] look at what passes, and [Replay] is the peer of a recording.
package duplex

import (
	"context"
	"errors"
	"io"

	"github.com/weir-go/weir/pull"
)

// A Duplex is a source and a sink that belong together. Each half is used at
// most once and must be ended: read the source to its end or abort it, call
// the sink once, or call Close for what was never used. Until both have ended,
// what carries them stays open.
//
// The two halves may be used by two goroutines at once; neither half may be
// shared.
type Duplex[R, W any] struct {
	Source pull.Source[R] // what the other side sends
	Sink   pull.Sink[W]   // what the other side gets
}

// ErrUsed is returned by a sink that may be called once and was called again.
// The source it was given has been aborted with it.
var ErrUsed = errors.New("duplex: sink used twice")

// Close ends what was never used: it aborts the source, and has the sink end
// the other direction, both with cause (nil means [pull.ErrStopped]). It
// returns nil when both ended for cause or had ended before, and otherwise
// what went wrong in releasing. Close must not overlap a call of either half:
// to stop a running half, cancel its context.
func (d Duplex[R, W]) Close(cause error) error {
	if cause == nil || cause == io.EOF {
		cause = pull.ErrStopped
	}
	var errs [2]error
	if d.Source != nil {
		errs[0] = pull.Abort(d.Source, cause)
	}
	if d.Sink != nil {
		errs[1] = d.closeSink(cause)
	}
	return errors.Join(errs[:]...)
}

// closeSink runs the sink under a context that is already done, which is how
// any sink is told to end its direction with a cause and to write nothing.
func (d Duplex[R, W]) closeSink(cause error) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	err := d.Sink(ctx, func(context.Context) (W, error) {
		var zero W
		return zero, cause
	})
	if err == cause || errors.Is(err, ErrUsed) {
		return nil
	}
	return err
}
