package rpc

import (
	"context"
)

// A Handler is a function that the other side may call: a method, or a value.
// It runs on a goroutine of its own; several calls of a method run at once. ctx
// is done when the caller has given up or has gone; [Caller] finds the
// other side in it.
//
// What it returns is the answer: Values for several results, nil for none that
// means anything. An error is the caller's error, as a RemoteError, and so is a
// panic. A caller that is dnode is answered by a call of the last argument, if
// that is a function and was not scanned as a Remote; see Config.ErrFirst for
// errors.
type Handler func(ctx context.Context, args Args) (any, error)

// Methods are what the other side may call, by name. Any map or struct will do,
// with functions and other values at any depth; this one is short to write.
type Methods map[string]any

// Values are several results, of a Handler or, as pointers, to be filled by
// Call.
type Values []any

// Func makes a Handler of a function with one argument. Further ones are
// ignored, a missing one is the zero value, and one that does not fit fails the
// call with an error that matches ErrValue.
func Func[A, R any](f func(ctx context.Context, arg A) (R, error)) Handler {
	return func(ctx context.Context, args Args) (any, error) {
		var arg A
		if err := args.Scan(&arg); err != nil {
			return nil, err
		}
		return f(ctx, arg)
	}
}

// sent makes a function of the handler that the other side may call.
func (h Handler) sent(e *encoder) error {
	return e.callback(&entry{f: h, method: e.p.starting})
}

// While is f for as long as ctx lasts, to be sent in its place: then it is
// forgotten, and calls of it fail with ErrNoMethod.
func While(ctx context.Context, f Handler) any { return lasting{ctx, f} }

// A lasting is a function that is forgotten with a context.
type lasting struct {
	ctx context.Context
	f   Handler
}

func (l lasting) sent(e *encoder) error {
	en := &entry{f: l.f}
	if err := e.callback(en); err != nil {
		return err
	}
	id := e.callbacks[len(e.callbacks)-1].id
	p := e.p
	p.mu.Lock()
	defer p.mu.Unlock()
	en.stop = context.AfterFunc(l.ctx, func() { p.forget(id) })
	return nil
}

type callerKey struct{}

// A caller is what the context of a handler knows.
type caller struct {
	p     *Peer
	call  *call
	waits int // calls that it waits in; guarded by p.mu
}

// Caller returns the Peer whose other side called the handler that ctx is of,
// or nil. Its functions may be called, under that context.
func Caller(ctx context.Context) *Peer {
	if c, ok := ctx.Value(callerKey{}).(*caller); ok {
		return c.p
	}
	return nil
}
