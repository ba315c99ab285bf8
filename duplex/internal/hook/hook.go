// Package hook interrupts a running call when its context is done.
package hook

import (
	"context"
	"sync"

	"github.com/weir-go/weir/pull"
)

// A Hook runs a function when the context of the call under way is done, and
// never after that call has left. The function gets [pull.Cause] of that
// context; it runs on a goroutine of its own, must be quick and must not call
// the hook. Calls between Enter and Leave must not overlap.
//
// The registration is kept while calls come with the same context: registering
// anew for each call costs ten times as much.
type Hook struct {
	fire func(cause error)

	mu     sync.Mutex
	done   <-chan struct{} // of the context that is registered
	stop   func() bool
	inCall bool
	fired  bool
}

// New returns a hook that runs fire.
func New(fire func(cause error)) *Hook { return &Hook{fire: fire} }

// Enter begins a call under ctx. A context that is already done fires at once.
func (h *Hook) Enter(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inCall, h.fired = true, false
	done := ctx.Done()
	if done != h.done {
		h.register(ctx, done)
	}
	// It may have become done since the last call, when nobody was inside.
	if ctx.Err() != nil {
		h.fireLocked(ctx)
	}
}

// register watches ctx in place of what was watched before. Contexts are told
// apart by their channel, since comparing them can panic.
func (h *Hook) register(ctx context.Context, done <-chan struct{}) {
	h.unregister()
	if done == nil {
		return
	}
	h.done = done
	h.stop = context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.inCall && h.done == done {
			h.fireLocked(ctx)
		}
	})
}

func (h *Hook) unregister() {
	if h.stop != nil {
		h.stop()
	}
	h.done, h.stop = nil, nil
}

func (h *Hook) fireLocked(ctx context.Context) {
	if h.fired {
		return
	}
	h.fired = true
	h.fire(pull.Cause(ctx))
}

// Leave ends the call and reports whether the function ran during it.
func (h *Hook) Leave() (fired bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inCall = false
	return h.fired
}

// Close lets go of the last context. The hook must not be entered again.
func (h *Hook) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inCall = false
	h.unregister()
}
