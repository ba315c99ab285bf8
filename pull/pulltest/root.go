package pulltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/weir-go/weir/pull"
)

// A script says what a root does.
type script struct {
	n       int
	end     error         // after n values; nil = blocks until its context is done
	trouble error         // what releasing returns when the root is aborted
	delay   time.Duration // before each value
	hookAt  int           // hook runs during the call that returns this value
	hook    func()
	notices bool // ends when its context became done in the hook
}

// String says what the root does, as a failure names it.
func (s script) String() string {
	text := fmt.Sprintf("%d values, ", s.n)
	switch s.end {
	case nil:
		text += "stall"
	case io.EOF:
		text += "end"
	default:
		text += "error"
	}
	if s.trouble != nil {
		text += ", release fails"
	}
	if s.delay > 0 {
		text += ", slow"
	}
	return text
}

// A root is a correct, scripted and guarded source, put before what is tested.
type root[T any] struct {
	guard[T]
	script script
	value  func(i int) T
	calls  *tickets
	valve  chan struct{} // closed at the end of the schedule: lets the stuck go

	state sync.Mutex
	i     int
	final error
}

func newRoot[T any](r *run, law string, s script, value func(i int) T) *root[T] {
	root := &root[T]{script: s, value: value, calls: &tickets{}, valve: make(chan struct{})}
	root.guard.src, root.law, root.report = root.produce, law, r.report
	r.release = append(r.release, func() { close(root.valve) })
	return root
}

func (r *root[T]) produce(ctx context.Context) (v T, err error) {
	detail := ""
	switch {
	case ctx.Err() == nil:
		detail = r.calls.check(ctx)
	case r.law == lawThrough:
		detail = r.calls.checkAbort(ctx)
	}
	if detail != "" {
		r.report(lawThrough, "%s", detail)
	}
	i, err := r.step(ctx)
	switch {
	case err != nil:
		return v, err
	case i == r.script.n:
		return v, r.block(ctx)
	case !r.wait(ctx):
		return v, r.finish(pull.Cause(ctx))
	}
	if r.script.hook != nil && i == r.script.hookAt {
		r.script.hook()
		if r.script.notices && ctx.Err() != nil {
			r.finish(pull.Cause(ctx))
		}
	}
	return r.value(i), nil
}

// step claims the next value's number, or says why there is none.
func (r *root[T]) step(ctx context.Context) (int, error) {
	r.state.Lock()
	defer r.state.Unlock()
	switch {
	case r.final != nil:
	case ctx.Err() != nil:
		r.final = r.released(pull.Cause(ctx))
	case r.i < r.script.n:
		r.i++
		return r.i - 1, nil
	case r.script.end != nil:
		r.final = r.script.end
	}
	return r.script.n, r.final
}

func (r *root[T]) finish(err error) error {
	r.state.Lock()
	defer r.state.Unlock()
	if r.final == nil {
		r.final = r.released(err)
	}
	return r.final
}

func (r *root[T]) released(cause error) error {
	if r.script.trouble == nil {
		return cause
	}
	return &pull.ReleaseError{Cause: cause, Err: r.script.trouble}
}

// owes returns the failed release that somebody has to be told of, or nil.
func (r *root[T]) owes() error {
	r.state.Lock()
	defer r.state.Unlock()
	if r.script.trouble != nil && errors.Is(r.final, r.script.trouble) {
		return r.script.trouble
	}
	return nil
}

func (r *root[T]) block(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return r.finish(pull.Cause(ctx))
	case <-r.valve:
		return r.finish(errHung)
	}
}

func (r *root[T]) wait(ctx context.Context) bool {
	if r.script.delay == 0 {
		return true
	}
	timer := time.NewTimer(r.script.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// tickets number the calls of what is tested, in their contexts, so that the
// root can tell whose context reaches it.
type tickets struct {
	mu   sync.Mutex
	last int
	any  bool // the stage works between calls: any ticket will do
	none bool // the call under way carries none
}

func (t *tickets) issue(ctx context.Context) context.Context {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	t.none = false
	return context.WithValue(ctx, ticketKey{}, t.last)
}

// check says what is wrong with ctx: it must carry the values of the call
// under way, or of the first one.
func (t *tickets) check(ctx context.Context) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, ok := ctx.Value(ticketKey{}).(int)
	switch {
	case !ok:
		return "the root was read under a context that does not carry the call's values"
	case n != t.last && n != 1 && !t.any:
		return fmt.Sprintf("the root was read under the context of call %d during call %d",
			n, t.last)
	}
	return ""
}

// suspend says that what is called from now on carries no ticket.
func (t *tickets) suspend() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.none = true
}

// checkAbort says what is wrong with a ctx that is done: a through derives it
// from that of a call.
func (t *tickets) checkAbort(ctx context.Context) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := ctx.Value(ticketKey{}).(int); !ok && !t.none {
		return "the root was aborted under a context that does not carry the call's values"
	}
	return ""
}
