// Package hook interrupts a call when its context becomes done.
//
// It is for what knows deadlines but no contexts: a blocked Read of a socket,
// a coroutine with a context of its own.
package hook

import (
	"context"
	"sync/atomic"
)

// States of a registration. It leaves firing and fired never again.
const (
	idle   int32 = iota // between calls: a context that becomes done means nothing
	inCall              // a call is under way and may be interrupted
	fired               // the function runs or has run
)

// A Hook runs a function when the context of the call that is under way
// becomes done. Enter, Leave and Close are called by the goroutine that makes
// the calls, so by one at a time.
//
// One registration serves all calls whose contexts share a Done channel:
// context.AfterFunc for every call costs ten times as much, and its stop says
// false while the function still runs, so that a late one hits the next call.
type Hook struct {
	fire    func(ctx context.Context)
	last    *registration // for the Done channel seen last
	current *registration // of the call under way; nil if that cannot be cancelled
}

// New returns a hook that runs fire, with a context that has become done, at
// most once for a call. Fire runs on a goroutine of its own or inside Enter;
// it must not block and must not use the hook.
func New(fire func(ctx context.Context)) *Hook { return &Hook{fire: fire} }

// A registration has its own state, so one that was replaced can do no harm.
type registration struct {
	done     <-chan struct{}
	stop     func() bool
	state    atomic.Int32
	finished chan struct{} // closed when fire has returned
}

// Enter begins a call under ctx. It is followed by Leave, in a defer.
func (h *Hook) Enter(ctx context.Context) {
	done := ctx.Done()
	if done == nil {
		return
	}
	r := h.last
	// Contexts are told apart by channel: comparing the values can panic.
	if r == nil || r.done != done {
		r = h.register(ctx, done)
	}
	h.current = r
	r.state.CompareAndSwap(idle, inCall)
	// What became done before the line above found the registration idle.
	if ctx.Err() != nil {
		h.interrupt(ctx, r)
	}
}

func (h *Hook) register(ctx context.Context, done <-chan struct{}) *registration {
	h.Close()
	r := &registration{done: done, finished: make(chan struct{})}
	r.stop = context.AfterFunc(ctx, func() { h.interrupt(ctx, r) })
	h.last = r
	return r
}

// interrupt runs fire if r's call is under way and nobody did so before.
func (h *Hook) interrupt(ctx context.Context, r *registration) {
	if !r.state.CompareAndSwap(inCall, fired) {
		return
	}
	defer close(r.finished)
	h.fire(ctx)
}

// Leave ends the call that Enter began and reports whether it was
// interrupted. When it returns, fire does not run, nor will it for this call.
func (h *Hook) Leave() bool {
	r := h.current
	h.current = nil
	if r == nil || r.state.CompareAndSwap(inCall, idle) {
		return false
	}
	<-r.finished
	return true
}

// Close lets go of the context seen last. The hook may be used again.
func (h *Hook) Close() {
	if h.last != nil {
		h.last.stop()
		h.last = nil
	}
}
