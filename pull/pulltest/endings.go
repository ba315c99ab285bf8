package pulltest

import (
	"errors"
	"io"

	"github.com/weir-go/weir/pull"
)

// settle calls an ended source again: nothing may change.
func (r *reader[T]) settle() {
	if r.hung || r.end == nil {
		return
	}
	r.next()
	r.abort(again)
	r.next()
	if err := r.pullAbort(errSecond); err != nil && !unwraps(r.end) {
		r.report(lawEarlyStop, "Abort of an ended source returned %v, want nil", err)
	}
	r.owned()
}

// pullAbort is pull.Abort, whose context carries no ticket.
func (r *reader[T]) pullAbort(cause error) error {
	if r.tickets != nil {
		r.tickets.suspend()
	}
	return pull.Abort(r.src, cause)
}

// unwraps says whether err wraps anything: Abort takes the final answer of a
// source that ended so for a failed release.
func unwraps(err error) bool {
	switch err.(type) {
	case interface{ Unwrap() error }, interface{ Unwrap() []error }:
		return true
	}
	return false
}

// finish ends the source at the end of a schedule.
func (r *reader[T]) finish() {
	if r.end == nil && !r.hung {
		r.goesOn(", then abort")
		r.abort(withCause)
	}
	r.settle()
	if r.owed() != nil && !r.told && !r.hung {
		r.report(lawAbort, "a release failed (%v) and nobody was told", r.owed())
	}
}

// stop ends the source with pull.Abort.
func (r *reader[T]) stop() {
	if r.hung {
		return
	}
	had := r.end
	c := start(func() (error, error) { return r.pullAbort(errAbort), nil })
	if !r.returnsSoon(c.done) {
		r.report(lawPrompt, "pull.Abort does not return")
		r.hang()
		return
	}
	err := c.value
	r.note(err)
	switch {
	case c.panicked != nil:
		r.report(lawPanic, "pull.Abort panicked: %v", c.panicked)
	case r.owed() != nil && !r.told && !errors.Is(err, r.owed()):
		r.report(lawEarlyStop, "pull.Abort returned %v, want the failed release (%v)",
			err, r.owed())
	case r.owed() == nil && had == nil && err != nil:
		r.report(lawEarlyStop, "pull.Abort returned %v, want nil", err)
	}
	if had == nil {
		r.next()
	}
	if r.end == io.EOF && had == nil {
		r.report(lawAbort, "after pull.Abort, the source seems to have ended cleanly")
	}
}

// blowUp reads until the user function panics.
func (r *reader[T]) blowUp(limit int, goroutines bool) {
	r.daring = true
	r.read(limit)
	r.daring = false
	var asError *pull.PanicError
	switch {
	case r.hung:
	case goroutines && r.panics != nil:
		r.report(lawPanic, "the panic of a goroutine's user function came out as a panic: %v",
			r.panics)
	case goroutines && !errors.As(r.end, &asError):
		r.report(lawPanic, "ended with %v, want a pull.PanicError", r.end)
	case !goroutines && r.panics == nil:
		r.report(lawPanic, "the user function's panic did not come out (%v)", r.end)
	}
}

// afterPanic reads on: there must be an error, and no clean end.
func (r *reader[T]) afterPanic() {
	if r.hung {
		return
	}
	n := len(r.values)
	err := r.next()
	switch {
	case len(r.values) > n:
		r.report(lawPanic, "a value after a panic")
	case err == io.EOF:
		r.report(lawPanic, "io.EOF after a panic")
	}
}
