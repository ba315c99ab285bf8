package replicate

import (
	"context"

	"github.com/weir-go/weir/pull"
)

// A reader follows the log: it is woken when there may be something new.
type reader struct {
	r     *Replica
	woken chan struct{}
	peer  *outbox // nil for a reader that inherits no places
	told  uint64  // what tells of changes has told all up to here; 0 if none
}

// newWatcher registers a reader that tells of changes from behind a place.
func (r *Replica) newWatcher(after uint64) *reader {
	c := r.newReader()
	r.mu.Lock()
	defer r.mu.Unlock()
	c.told = after
	return c
}

// watched returns the place up to which all watchers have told.
func (r *Replica) watched() uint64 {
	at := r.log.head
	for c := range r.readers {
		if c.told > 0 {
			at = min(at, c.told)
		}
	}
	return at
}

// newReader registers a reader. It starts out woken.
func (r *Replica) newReader() *reader {
	c := &reader{r: r, woken: make(chan struct{}, 1)}
	c.poke()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.readers[c] = struct{}{}
	return c
}

func (c *reader) close() {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	delete(c.r.readers, c)
}

// poke wakes the reader; it never blocks.
func (c *reader) poke() {
	select {
	case c.woken <- struct{}{}:
	default:
	}
}

// wait returns when the reader has been woken since it last returned.
func (c *reader) wait(ctx context.Context) error {
	select {
	case <-c.woken:
		return nil
	case <-ctx.Done():
		return pull.Cause(ctx)
	}
}

// forget is called when v was dropped, and whoever this is has no need of it.
func (c *reader) forget(v *Update) {
	if c.peer != nil {
		delete(c.peer.early, v)
		c.peer.owed.remove(v)
	}
}

// inherit hands v's unsent place on to u, which replaced it (nil if what
// replaced v is no longer here either and has handed on its own places).
func (c *reader) inherit(v, u *Update) {
	if c.peer != nil {
		c.peer.inherit(v, u)
	}
}
