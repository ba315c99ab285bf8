package duplex

import (
	"context"
	"io"

	"github.com/weir-go/weir/duplex/internal/guard"
	"github.com/weir-go/weir/duplex/internal/hook"
	"github.com/weir-go/weir/pull"
)

// Pair returns two ends of an in-memory connection: what one end's sink is
// given, the other end's source returns. Nothing is held or read ahead, and no
// goroutine runs: a sink lends its source to the reader at the other end, whose
// calls go straight through. Each sink may be called once, and waits until its
// direction has ended.
//
// The end or failure of a sink's source reaches the reader as it is. A sink
// whose context is cancelled gives the reader that cause as a failure, never
// io.EOF. A reader that aborts ends the sink's source with its cause, and the
// sink returns it, [pull.ErrStopped] included: nil means that the reader saw
// the end. A sink that comes after its reader has left does the same.
//
// The sources return [pull.ErrOverlap] to overlapping calls, the sinks
// [ErrUsed] to a second one. The four halves may be used by four goroutines.
func Pair[A, B any]() (Duplex[A, B], Duplex[B, A]) {
	a, b := newHandover[A](), newHandover[B]()
	return Duplex[A, B]{Source: a.next, Sink: b.lend},
		Duplex[B, A]{Source: b.next, Sink: a.lend}
}

// A handover is one direction of a Pair.
type handover[T any] struct {
	used  guard.Token   // of the sink, never given back
	busy  guard.Token   // of the reader
	token chan struct{} // held by whoever calls src or sets the ends
	ready chan struct{} // closed once src is lent
	done  chan struct{} // closed once both ends are set
	hook  *hook.Hook    // ties the reader's contexts to own

	src    pull.Source[T]
	sink   context.Context // the sink's, which lasts as long as its call
	own    context.Context // what src is called under: the sink's, or the reader's abort
	cancel context.CancelCauseFunc

	end    error // what the reader gets
	result error // what the sink returns; nil for a clean end
}

func newHandover[T any]() *handover[T] {
	h := &handover[T]{
		token: make(chan struct{}, 1),
		ready: make(chan struct{}),
		done:  make(chan struct{}),
	}
	h.hook = hook.New(func(cause error) { h.cancel(cause) })
	return h
}

// lend is the sink.
func (h *handover[T]) lend(ctx context.Context, src pull.Source[T]) error {
	if !h.used.Take() {
		return guard.Refuse(ctx, src, ErrUsed)
	}
	if cause := h.arrive(ctx, src); cause != nil {
		return guard.Refuse(ctx, src, cause)
	}
	select {
	case <-h.done:
	case <-ctx.Done():
		h.withdraw()
	}
	return h.result
}

// arrive offers src to the reader, or returns why the reader has left.
func (h *handover[T]) arrive(ctx context.Context, src pull.Source[T]) (left error) {
	h.token <- struct{}{}
	defer func() { <-h.token }()
	switch {
	case h.end != nil && ctx.Err() != nil:
		return pull.Cause(ctx)
	case h.end != nil:
		return h.end
	}
	h.src, h.sink = src, ctx
	h.own, h.cancel = context.WithCancelCause(ctx)
	close(h.ready)
	return nil
}

// withdraw ends src for the sink, whose context is done, unless a reader that
// was inside has done so meanwhile.
func (h *handover[T]) withdraw() {
	h.token <- struct{}{}
	defer func() { <-h.token }()
	if h.end != nil {
		return
	}
	h.cancel(pull.Cause(h.sink))             // the sink's end need not have reached own yet
	if _, err := h.call(h.own); err == nil { // a source that breaks its contract
		h.finish(pull.Cause(h.own), pull.Cause(h.own))
	}
}

// next is the source.
func (h *handover[T]) next(ctx context.Context) (v T, err error) {
	if !h.busy.Take() {
		return v, pull.ErrOverlap
	}
	defer h.busy.Give()
	select {
	case <-h.done:
		return v, h.end // without a look at ctx, which an abort would notice
	default:
	}
	select {
	case <-h.ready:
	case <-h.done:
	case <-ctx.Done():
	}
	h.token <- struct{}{} // a sink that withdraws holds it until src has ended
	defer func() { <-h.token }()
	switch {
	case h.end != nil:
		return v, h.end
	case h.src == nil:
		h.finish(pull.Cause(ctx), nil)
		return v, h.end
	}
	return h.call(ctx)
}

// call calls src once, with the token held, for the caller whose context is
// ctx. A panic of src goes to that caller and ends both sides.
func (h *handover[T]) call(ctx context.Context) (v T, err error) {
	returned := false
	defer func() {
		if !returned {
			h.panicked(recover())
		}
	}()
	h.hook.Enter(ctx)
	v, err = h.src(h.own)
	h.hook.Leave()
	returned = true
	if err != nil {
		h.settle(ctx, err)
		return v, h.end
	}
	return v, nil
}

// settle sets both ends after src has returned err: each side that was itself
// cancelled gets its own cause, and a release error goes to both.
func (h *handover[T]) settle(ctx context.Context, err error) {
	end, result := err, err
	switch {
	case h.own.Err() != nil && (err == io.EOF || err == pull.Cause(h.own)):
		end, result = pull.Cause(h.own), pull.Cause(h.own)
		if ctx.Err() != nil {
			end = pull.Cause(ctx)
		}
		if h.sink.Err() != nil {
			result = pull.Cause(h.sink)
		}
	case err == io.EOF:
		result = nil
	}
	h.finish(end, result)
}

func (h *handover[T]) finish(end, result error) {
	h.end, h.result = end, result
	h.src = nil
	h.hook.Close()
	if h.cancel != nil {
		h.cancel(end)
	}
	close(h.done)
}

// panicked aborts src, which has panicked with v (nil: its goroutine exits),
// and ends both sides, then lets the panic go on.
func (h *handover[T]) panicked(v any) {
	err := pull.NewPanicError(v)
	defer func() {
		h.finish(err, err)
		if v != nil {
			panic(v)
		}
	}()
	_ = pull.AbortIn(h.sink, h.src, err)
}
