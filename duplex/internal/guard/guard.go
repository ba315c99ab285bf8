// Package guard keeps the halves of a duplex from being used twice.
package guard

import (
	"context"
	"sync/atomic"

	"github.com/weir-go/weir/pull"
)

// A Token is held by one caller at a time. Its zero value is free.
type Token struct{ held atomic.Bool }

// Take reports whether the caller got the token.
func (t *Token) Take() bool { return t.held.CompareAndSwap(false, true) }

// Give makes the token free again.
func (t *Token) Give() { t.held.Store(false) }

// Refuse aborts what a sink was given that cannot take it, because of reason,
// and returns what the sink returns then.
func Refuse[T any](ctx context.Context, src pull.Source[T], reason error) error {
	if err := pull.AbortIn(ctx, src, reason); err != nil {
		return &pull.ReleaseError{Cause: reason, Err: err}
	}
	return reason
}
