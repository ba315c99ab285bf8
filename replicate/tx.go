package replicate

import "errors"

// ErrTxDone is returned by Commit, and by writes inside of the transaction,
// after the first Commit.
var ErrTxDone = errors.New("replicate: transaction was committed already")

// MaxParts bounds how many writes a transaction holds.
const MaxParts = 1 << 16

// partOverhead is what a part counts for beside its op and its object's name.
const partOverhead = 24

// A Tx is a transaction: writes of any of a replica's objects that are applied
// as one, here and at every peer, and are in the journal whole or not at all.
// A data type's method In returns the object as the transaction sees it:
//
//	tx := r.Begin()
//	todo.In(tx).Delete("milk")
//	done.In(tx).Set("milk", now)
//	stamp, err := tx.Commit()
//
// The writes are made at Commit, in the order of the calls, each in the state
// that the ones before it made; until then, reads see none of them, and a
// method that reports what it wrote reports nothing. Nothing is held between
// Begin and Commit: a transaction is dropped by forgetting it. It is for one
// goroutine.
//
// All or nothing is what others see of the writes, not a check of what was
// read: two transactions never conflict.
type Tx struct {
	r     *Replica
	todo  []draft
	err   error // the first, of a write that could not even be noted
	ended bool
}

// draft is a write to be made.
type draft struct {
	o *object
	f func(Draft) (string, error)
}

// Begin returns an empty transaction.
func (r *Replica) Begin() *Tx { return &Tx{r: r} }

// In returns the handle of the same object with its writes in tx; with nil,
// one that writes at once.
func (h *Handle) In(tx *Tx) *Handle { return &Handle{h.r, h.o, tx} }

func (tx *Tx) add(h *Handle, f func(Draft) (string, error)) error {
	switch {
	case tx.ended:
		return ErrTxDone
	case tx.r != h.r:
		tx.fail(errors.New("replicate: transaction of another replica"))
	case len(tx.todo) == MaxParts:
		tx.fail(&SizeError{What: "transaction", Size: len(tx.todo) + 1, Limit: MaxParts})
	default:
		tx.todo = append(tx.todo, draft{h.o, f})
	}
	return tx.err
}

func (tx *Tx) fail(err error) {
	if tx.err == nil {
		tx.err = err
	}
}

// Commit makes the writes and returns the stamp of the first; the zero Stamp
// if there was nothing to write. If one fails, none is made: Commit then
// returns the error that the write would have returned, and has taken time
// linear in the replica. It returns a SizeError if all of it is over
// [MaxUpdate] or there are more than [MaxParts] writes, and the failure of the
// replica's journal.
func (tx *Tx) Commit() (Stamp, error) {
	if tx.ended {
		return Stamp{}, ErrTxDone
	}
	if tx.ended = true; tx.err != nil {
		return Stamp{}, tx.err
	}
	r := tx.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.writable(); err != nil {
		return Stamp{}, err
	}
	w := writing{r: r, at: r.tick()}
	w.made.init()
	defer w.undo()
	for _, d := range tx.todo {
		if err := w.write(d); err != nil {
			return Stamp{}, err
		}
	}
	return w.done(), nil
}

// writing is a transaction being applied.
type writing struct {
	r     *Replica
	at    Time // of the next part
	size  int
	parts []*Update
	made  collector // and what they made obsolete
}

// write applies one part to its object's state, which sees it as it will see
// any update.
func (w *writing) write(d draft) error {
	r := w.r
	op, err := d.f(Draft{Stamp{w.at, r.self.name}, d.o.state})
	if err != nil || op == "" {
		return err
	}
	if err := d.o.check(op); err != nil {
		return err
	}
	w.size += len(op) + len(d.o.name.Type) + len(d.o.name.Name) + partOverhead + r.self.trailer
	if w.size > MaxUpdate && len(w.parts) > 0 {
		return &SizeError{What: "transaction", Size: w.size, Limit: MaxUpdate, Text: d.o.name.String()}
	}
	u := r.own(d.o, op, w.at)
	w.at++
	w.parts = append(w.parts, u)
	w.made.apply(u)
	return nil
}

// done gives what was written its place.
func (w *writing) done() Stamp {
	if len(w.parts) == 0 {
		return Stamp{}
	}
	r, u := w.r, w.parts[0]
	if len(w.parts) > 1 {
		u = newGroup(w.parts)
	}
	w.parts = nil
	r.promise(r.self, u.end())
	r.place(u, w.made.list)
	r.wake()
	return u.Stamp()
}

// undo takes back what was applied and not done: the states are made again
// from what the log holds.
func (w *writing) undo() {
	made := make(map[*object]bool)
	for _, u := range w.parts {
		made[u.object] = true
	}
	if len(made) == 0 {
		return
	}
	for o := range made {
		o.state = o.typ.fresh()
	}
	for _, u := range w.r.log.entries {
		if u.state != stateLive {
			continue
		}
		u.rows(func(p *Update) {
			if made[p.object] && p.state == stateLive {
				p.object.state.Apply(p, func(*Update) {})
			}
		})
	}
}
