package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// maxHandshakes is how many connections may be on their way to a session.
const maxHandshakes = 64

var errCrowded = fmt.Errorf("more than %d connections were on their way, and this was the oldest", maxHandshakes)

// A hall holds the connections that have not proven yet who they are. When it
// is full the oldest has to go: whoever means it is soon through, and those who
// only fill the hall cannot keep the others out.
type hall struct {
	mu     sync.Mutex
	guests []*guest // from the oldest to the newest
}

type guest struct{ leave context.CancelCauseFunc }

// enter returns the context of a guest, and how it leaves.
func (h *hall) enter(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	g := &guest{cancel}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.guests) == maxHandshakes {
		h.guests[0].leave(errCrowded)
		h.guests = slices.Delete(h.guests, 0, 1)
	}
	h.guests = append(h.guests, g)
	return ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.guests = slices.DeleteFunc(h.guests, func(other *guest) bool { return other == g })
		cancel(nil)
	}
}
