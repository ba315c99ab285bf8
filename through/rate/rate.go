// Package rate lets no more of a source through than a limiter of golang.org/x/time allows.
//
// Limiters are that package's own: one may serve several streams, and whatever
// else it limits, and may be changed while they run. [NewLimiter] saves its import.
//
// What is limited is values. Where a source is made again after failures (see
// through/retry), tries that fail give no values: to limit those, wait for the
// limiter in the function that opens the source, limiter.Wait(ctx).
package rate

import (
	"context"
	"errors"
	"time"

	"golang.org/x/time/rate"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// ErrNoBurst is returned when a limiter has a finite rate and a burst of 0: it
// lets nothing through, ever.
var ErrNoBurst = errors.New("rate: the limiter's burst is 0")

// A Limiter is golang.org/x/time/rate's: goroutines may share it.
type Limiter = rate.Limiter

// NewLimiter allows perSecond tokens a second, and burst at once, which it holds
// at the start.
func NewLimiter(perSecond float64, burst int) *Limiter {
	return rate.NewLimiter(rate.Limit(perSecond), burst)
}

// Limit returns the values of src as l allows events: one token for each. See
// [LimitBy].
func Limit[T any](src pull.Source[T], l *Limiter) pull.Source[T] {
	return LimitBy(src, l, func(T) int { return 1 })
}

// LimitBy returns the values of src, each when l has given it as many tokens as
// it costs: its bytes, say. A cost above the limiter's burst is paid in parts;
// one of 0 or less is free. It fails with [ErrNoBurst] where no part can be
// paid.
//
// The wait comes after the value, so the end of src is not delayed. No value is
// read ahead. When the call is cancelled, the tokens that it waits for are
// given back, as far as the limiter can, and the value is discarded. A change
// of the limiter counts from the next part on.
func LimitBy[T any](
	src pull.Source[T], l *Limiter, cost func(T) int,
) pull.Source[T] {
	b := &bucket{limiter: l}
	up := stage.Of(src)
	return func(ctx context.Context) (T, error) {
		var zero T
		if up.Stopped {
			return zero, up.Refuse(ctx)
		}
		v, err := up.Src(ctx)
		if err != nil {
			return zero, up.End(err)
		}
		up.Stopped = true
		n := cost(v)
		up.Stopped = false
		if err := b.pay(ctx, n); err != nil {
			return zero, up.Fail(ctx, err)
		}
		return v, nil
	}
}

// A bucket waits for a limiter's tokens.
type bucket struct {
	limiter *Limiter
	timer   *time.Timer
}

func (b *bucket) pay(ctx context.Context, n int) error {
	for n > 0 {
		part := n
		if b.limiter.Limit() != rate.Inf {
			part = min(n, b.limiter.Burst())
		}
		if part <= 0 {
			return ErrNoBurst
		}
		now := time.Now()
		r := b.limiter.ReserveN(now, part)
		if !r.OK() {
			continue // the burst has just been lowered
		}
		if !b.sleep(ctx, r.DelayFrom(now)) {
			r.Cancel()
			return pull.Cause(ctx)
		}
		n -= part
	}
	return nil
}

// sleep reports whether d has passed before ctx was done.
func (b *bucket) sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	if b.timer == nil {
		b.timer = time.NewTimer(d)
	} else {
		b.timer.Reset(d)
	}
	select {
	case <-b.timer.C:
		return true
	case <-ctx.Done():
		b.timer.Stop()
		return false
	}
}
