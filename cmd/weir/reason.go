package main

import (
	"context"
	"errors"
	"slices"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// firstReason is the code of a stream that has ended because of reasons[0].
const firstReason mux.Code = 256

// reasons are why a session of replicas ends that both ends have to know. Each
// side's last frame says so, too, but a stream that is reset or aborted may end
// before that frame. Their places go over the wire: the list only grows.
var reasons = []error{
	replicate.ErrForked, replicate.ErrSelf, replicate.ErrWrongSet, replicate.ErrVersion,
	replicate.ErrUnknownType, replicate.ErrFuture, replicate.ErrCorrupt, replicate.ErrDiverged,
	replicate.ErrSuperseded, replicate.ErrNotWeir, replicate.ErrBehind, replicate.ErrResynced,
	replicate.ErrUnsigned, replicate.ErrSignature, replicate.ErrUntrusted,
	replicate.ErrBehindPeer, replicate.ErrPeerBehind, replicate.ErrInFull,
}

// meansHere is what a reason of the peer is at this end.
func meansHere(reason error) error {
	switch reason {
	case replicate.ErrBehindPeer:
		return replicate.ErrPeerBehind
	case replicate.ErrPeerBehind:
		return replicate.ErrBehindPeer
	}
	return reason
}

// A toldReason is a StreamError of the peer that says one of the reasons. It
// matches that one, too.
type toldReason struct {
	*mux.StreamError
	reason error
}

func (e toldReason) Error() string {
	if e.reason != meansHere(e.reason) {
		return e.reason.Error()
	}
	return "peer: " + e.Text
}

// Is and As are there instead of Unwrap: what wraps something would be news to
// whoever aborts.
func (e toldReason) Is(target error) bool {
	return errors.Is(e.reason, target) || e.StreamError.Is(target)
}

func (e toldReason) As(target any) bool {
	stream, ok := target.(**mux.StreamError)
	if ok {
		*stream = e.StreamError
	}
	return ok
}

// told makes of a stream's error what the peer has said by it.
func told(err error) error {
	stream, ok := err.(*mux.StreamError)
	if !ok || !stream.Remote || stream.Code < firstReason || int(stream.Code-firstReason) >= len(reasons) {
		return err
	}
	return toldReason{stream, meansHere(reasons[stream.Code-firstReason])}
}

// coded makes of a failure what a stream says by its code, if it is a reason.
func coded(err error) error {
	if errors.As(err, new(*mux.StreamError)) {
		return err // it is passed on
	}
	for i, reason := range slices.Backward(reasons) { // the later ones say more
		if errors.Is(err, reason) {
			return &mux.StreamError{Code: firstReason + mux.Code(i), Text: err.Error()}
		}
	}
	return err
}

// same reports whether err is what a failure was made into by coded.
func same(err, said error) bool {
	stream, ok := said.(*mux.StreamError)
	return ok && err == error(stream)
}

// telling is the duplex of a stream which tells the peer the reason by the
// stream's code, wherever it ends early, and is told so by the peer.
func telling(d duplex.Duplex[[]byte, []byte]) duplex.Duplex[[]byte, []byte] {
	return duplex.Duplex[[]byte, []byte]{
		Source: func(ctx context.Context) ([]byte, error) {
			if ctx.Err() == nil {
				chunk, err := d.Source(ctx)
				return chunk, told(err)
			}
			own, back, cancel := telltale(ctx)
			defer cancel()
			_, err := d.Source(own)
			return nil, back(err)
		},
		Sink: func(ctx context.Context, src pull.Source[[]byte]) error {
			own, back, cancel := telltale(ctx)
			defer cancel()
			var why, said error // of the source, and how it goes on
			err := d.Sink(own, func(ctx context.Context) ([]byte, error) {
				chunk, err := src(ctx)
				if err != nil && why == nil {
					why, said = err, coded(err)
				}
				if err != nil {
					return nil, said
				}
				return chunk, nil
			})
			if same(err, said) && !same(err, context.Cause(own)) {
				return told(why) // src may have ended because the peer aborted
			}
			return back(err)
		},
	}
}

// telltale is ctx with a cause that tells the reason, and undoes it in errors.
func telltale(ctx context.Context) (own context.Context, back func(error) error, cancel func()) {
	own, end := context.WithCancelCause(context.WithoutCancel(ctx))
	tell := func() { end(coded(pull.Cause(ctx))) }
	if ctx.Err() != nil {
		tell()
	}
	stop := context.AfterFunc(ctx, tell)
	back = func(err error) error {
		if own.Err() != nil && same(err, context.Cause(own)) {
			return pull.Cause(ctx)
		}
		return told(err)
	}
	return own, back, func() { stop(); end(nil) }
}
