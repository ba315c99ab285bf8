package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
)

// A Remote is a function of the other side that arrived as a value. The zero
// value is none, and its calls fail with ErrUnset. It may be copied, compared
// and used by several goroutines at once.
type Remote struct{ ref *ref }

// A ref is known by the other side under a number, until it is garbage here.
type ref struct {
	p       *Peer
	id      uint64
	cleanup runtime.Cleanup
}

// newRef makes a ref of a number that has arrived. The other side, if it is a
// Peer, gives out each number once, and so may forget it.
func (p *Peer) newRef(id uint64) *ref {
	r := &ref{p: p, id: id}
	if p.isNative() {
		r.cleanup = runtime.AddCleanup(r, p.cull, id)
	}
	return r
}

// cull tells the other side that a function or stream is not held here any
// more.
func (p *Peer) cull(id uint64) {
	p.answer(fmt.Appendf(nil, `{"method":"cull","arguments":[%d]}`, id))
}

// Call calls the function, as [Peer.Call] does a method.
func (r Remote) Call(ctx context.Context, result any, args ...any) error {
	if r.ref == nil {
		return ErrUnset
	}
	err := r.ref.p.call(ctx, r.ref.id, result, args)
	runtime.KeepAlive(r.ref)
	return err
}

// Send calls the function without waiting for anything, as [Peer.Send] does a
// method.
func (r Remote) Send(ctx context.Context, args ...any) error {
	if r.ref == nil {
		return ErrUnset
	}
	err := r.ref.p.send(ctx, r.ref.id, args)
	runtime.KeepAlive(r.ref)
	return err
}

// Release has the other side forget the function, which needs it only if that
// is dnode: nobody else finds out for it. Whatever dnode passes again it may
// have passed under the same number, which is then forgotten too.
func (r Remote) Release() {
	if r.ref != nil && !r.ref.p.isNative() {
		r.ref.p.cull(r.ref.id)
	}
}

// IsSet reports whether r is a function that was received.
func (r Remote) IsSet() bool { return r.ref != nil }

// sent passes the function on: calls of it go through here.
func (r Remote) sent(e *encoder) error {
	return e.callback(&entry{f: func(ctx context.Context, args Args) (any, error) {
		n := args.Len()
		if args.in.last() != nil {
			n-- // it is to be called with the answer
		}
		in, err := args.anys(n)
		if err != nil {
			return nil, err
		}
		if !args.in.awaited && n == args.Len() {
			return nil, r.Send(ctx, in...) // nobody waits
		}
		var out Args
		if err := r.Call(ctx, &out, in...); err != nil {
			return nil, err
		}
		return out.anys(out.Len())
	}})
}

// UnmarshalJSON accepts what stands in a function's place, or null: where a
// function is, a Remote is put behind it.
func (r *Remote) UnmarshalJSON(b []byte) error { return standIn(b) }

var errNotReceived = errors.New("a function or stream was expected")

// standIn accepts what stands in the place of a function or stream. Without one
// the value stays unset.
func standIn(b []byte) error {
	var text string
	if string(b) == "null" {
		return nil
	}
	if err := json.Unmarshal(b, &text); err != nil {
		return errNotReceived
	}
	return nil
}
