package replicate

import (
	"context"

	"github.com/weir-go/weir/pull"
)

// A Handle is how a data type writes and reads one object of a replica. It
// may be used by several goroutines at once.
type Handle struct {
	r  *Replica
	o  *object
	tx *Tx // nil to write at once
}

// Open returns the handle of an object, which is made if it is new. It returns
// an UnknownTypeError if the type is not in [Config.Types], and a SizeError if
// the name is too long.
func (r *Replica) Open(name ObjectName) (*Handle, error) {
	for _, s := range []string{name.Type, name.Name} {
		if len(s) > MaxName {
			return nil, NewSizeError("object name", s, MaxName)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	o, err := r.internObject(name)
	if err != nil {
		return nil, err
	}
	return &Handle{r: r, o: o}, nil
}

// Replica returns the replica that the object belongs to.
func (h *Handle) Replica() *Replica { return h.r }

// Name returns the object's name.
func (h *Handle) Name() ObjectName { return h.o.name }

// View runs f on the object's state, which does not change meanwhile. f must
// not block, call the replica, nor keep what it was given: another View may be
// shown another Object.
func (h *Handle) View(f func(Object)) {
	h.r.mu.RLock()
	defer h.r.mu.RUnlock()
	f(h.o.state)
}

// A Draft is an update about to be written: what its op may depend on.
type Draft struct {
	Stamp Stamp  // that the update will bear
	State Object // as it is before the update
}

// Compose stamps an own update and applies it, with an op made from the state
// that it changes: f is called with nothing else going on in the replica, and
// must not block nor call it. An empty op writes nothing; Compose then returns
// the zero Stamp. It returns f's error as it is; else what [Handle.Write]
// returns.
func (h *Handle) Compose(f func(Draft) (op string, err error)) (Stamp, error) {
	if h.tx != nil {
		return Stamp{}, h.tx.add(h, f)
	}
	r := h.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.writable(); err != nil {
		return Stamp{}, err
	}
	at := r.tick()
	op, err := f(Draft{Stamp{at, r.self.name}, h.o.state})
	if err != nil || op == "" {
		return Stamp{}, err
	}
	if err := h.o.check(op); err != nil {
		return Stamp{}, err
	}
	return r.write(h.o, op, at), nil
}

// Write stamps op as an own update and applies it. It is in memory when Write
// returns; [Replica.Flush] says when it is durable. It returns a SizeError if
// op is over [MaxUpdate], what the type's Check says of op, or the failure of
// the replica's journal, after which nothing is written any more.
func (h *Handle) Write(op string) (Stamp, error) {
	if err := h.o.check(op); err != nil {
		return Stamp{}, err
	}
	if h.tx != nil {
		return Stamp{}, h.tx.add(h, func(Draft) (string, error) { return op, nil })
	}
	r := h.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.writable(); err != nil {
		return Stamp{}, err
	}
	return r.write(h.o, op, r.tick()), nil
}

// check reports why op cannot be written.
func (o *object) check(op string) error {
	if len(op) > MaxUpdate {
		return NewSizeError("update", op, MaxUpdate)
	}
	if o.typ.Check == nil {
		return nil
	}
	return o.typ.Check(op)
}

// write applies an own update. The caller holds the lock.
func (r *Replica) write(o *object, op string, at Time) Stamp {
	u := r.own(o, op, at)
	r.promise(r.self, at)
	r.accept(u)
	r.wake()
	return u.Stamp()
}

// Changes is [Replica.Changes] for this object alone. A batch is never empty.
func (h *Handle) Changes(after uint64) pull.Source[[]*Update] {
	src := h.r.Changes(after)
	return pull.From(func(ctx context.Context) ([]*Update, error) {
		for {
			batch, err := src(ctx)
			if err != nil {
				return nil, err
			}
			own := batch[:0]
			for _, u := range batch {
				if u.object == h.o {
					own = append(own, u)
				}
			}
			if len(own) > 0 {
				return own, nil
			}
		}
	}, func(cause error) error { return pull.Abort(src, cause) })
}

// Watch returns an object's live updates in order of arrival, each as what
// decode makes of it, and then waits for more; it never ends by itself. What
// was replaced before it was read is skipped. decode is called with no lock
// held; an error of it ends the source. See [Replica.Changes].
func Watch[C any](h *Handle, after uint64, decode func(*Update) (C, error)) pull.Source[C] {
	src := h.Changes(after)
	var batch []*Update
	return pull.From(func(ctx context.Context) (c C, err error) {
		if len(batch) == 0 {
			if batch, err = src(ctx); err != nil {
				return c, err
			}
		}
		u := batch[0]
		batch = batch[1:]
		return decode(u)
	}, func(cause error) error { return pull.Abort(src, cause) })
}
