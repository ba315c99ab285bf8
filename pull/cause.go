package pull

import (
	"context"
	"io"
	"reflect"
)

// Cause returns why ctx is done, as every source returns it: context.Cause,
// with nil and io.EOF read as [ErrStopped]. Call it only when ctx is done.
func Cause(ctx context.Context) error { return stopCause(context.Cause(ctx)) }

// stopCause reads a clean-looking cause as ErrStopped.
func stopCause(cause error) error {
	if cause == nil || cause == io.EOF {
		return ErrStopped
	}
	return cause
}

// onlyStop reports whether err, with all it wraps, says no more than that
// its maker was stopped: by cause, or by a context whose error is ctxErr.
func onlyStop(err, cause, ctxErr error) bool {
	if same(err, cause) || same(err, ctxErr) {
		return true
	}
	switch e := err.(type) {
	case *ReleaseError:
		return false
	case interface{ Unwrap() error }:
		return onlyStop(e.Unwrap(), cause, ctxErr)
	case interface{ Unwrap() []error }:
		errs := e.Unwrap()
		for _, err := range errs {
			if !onlyStop(err, cause, ctxErr) {
				return false
			}
		}
		return len(errs) > 0
	}
	return false
}

func wraps(err error) bool {
	switch err.(type) {
	case interface{ Unwrap() error }, interface{ Unwrap() []error }:
		return true
	}
	return false
}

// same reports whether a and b are one error. Comparing values of a type that
// cannot be compared panics; two of those are taken to be one.
func same(a, b error) bool {
	if a == nil || b == nil {
		return a == b
	}
	t := reflect.TypeOf(a)
	if t != reflect.TypeOf(b) {
		return false
	}
	return !reflect.ValueOf(a).Comparable() || !reflect.ValueOf(b).Comparable() || a == b
}
