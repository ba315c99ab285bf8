// Package arrive lets a stage wait for a value and for a moment at once.
//
// A value is stamped when src returns it, in the goroutine that reads ahead. So
// a stage may decide by the times of arrival alone, in their order, and does
// the same however slow its own reader is.
package arrive

import (
	"context"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Ahead is how many values wait at most, unless a stage says otherwise; as many
// may have been taken and not yet been looked at.
const Ahead = 64

// A Value is what src returned, and when.
type Value[T any] struct {
	V  T
	At time.Time
}

// An Event is why Wait has returned.
type Event int

// The events.
const (
	Came      Event = iota // a value
	Passed                 // the moment; what came before it has been returned
	Ended                  // src has ended, and all its values have been returned
	Cancelled              // the call's context is done
)

// An Inlet is the upstream of a stage that waits. Each call of the stage starts
// with Begin, goes on with Wait, and returns a value or what Finish or Abort
// return.
type Inlet[T any] struct {
	*stage.Upstream[Value[T]]

	// Held is what the stage keeps of the values it was given. An abort
	// discards it.
	Held []T

	ahead *pull.Ahead[Value[T]]
	drop  func(T)
	batch []Value[T] // of which given have been returned by Wait
	given int
	over  error // what ahead has ended with
	timer *time.Timer
}

// Of returns an inlet that reads src up to 2n values ahead of its stage. Drop
// may be nil.
func Of[T any](src pull.Source[T], n int, drop func(T)) *Inlet[T] {
	in := &Inlet[T]{drop: drop}
	var dropValue func(Value[T])
	if drop != nil {
		dropValue = func(v Value[T]) { drop(v.V) }
	}
	in.ahead = pull.NewAhead(stamp(src), n, dropValue)
	in.Upstream = stage.Of[Value[T]](in.ahead.Next)
	return in
}

func stamp[T any](src pull.Source[T]) pull.Source[Value[T]] {
	return func(ctx context.Context) (Value[T], error) {
		v, err := src(ctx)
		if err != nil {
			return Value[T]{}, err
		}
		return Value[T]{V: v, At: time.Now()}, nil
	}
}

// Begin begins a call. An error is what the call must return. Once Wait has said
// Ended, no call gets further than this.
func (in *Inlet[T]) Begin(ctx context.Context) error {
	switch {
	case in.Stopped:
		panicked := in.Src != nil
		err := in.Refuse(ctx)
		if panicked {
			in.discard()
		}
		return err
	case ctx.Err() != nil:
		return in.Abort(ctx)
	}
	return in.ahead.Start(ctx)
}

// Wait waits for a value that came before until, for until itself (unless it is
// zero), for the end of src, or for ctx.
func (in *Inlet[T]) Wait(ctx context.Context, until time.Time) (Value[T], Event) {
	var none Value[T]
	for {
		if in.given < len(in.batch) {
			v := in.batch[in.given]
			if !until.IsZero() && !v.At.Before(until) {
				return none, Passed
			}
			in.given++
			return v, Came
		}
		if in.over != nil {
			return none, Ended
		}
		in.batch, in.over = in.ahead.Take(in.batch)
		in.given = 0
		if len(in.batch) == 0 && in.over == nil {
			if event, woken := in.sleep(ctx, until, in.ahead.Ready()); !woken {
				return none, event
			}
		}
	}
}

// Sleep waits for until, and returns Passed or Cancelled.
func (in *Inlet[T]) Sleep(ctx context.Context, until time.Time) Event {
	event, _ := in.sleep(ctx, until, nil)
	return event
}

// sleep reports what ended the wait, or that it was woken.
func (in *Inlet[T]) sleep(
	ctx context.Context, until time.Time, wake <-chan struct{},
) (event Event, woken bool) {
	var alarm <-chan time.Time
	if !until.IsZero() {
		left := time.Until(until)
		if left <= 0 {
			return Passed, false
		}
		alarm = in.alarm(left)
		defer in.timer.Stop()
	}
	select {
	case <-wake:
		return Came, true
	case <-alarm:
		return Passed, false
	case <-ctx.Done():
		return Cancelled, false
	}
}

func (in *Inlet[T]) alarm(d time.Duration) <-chan time.Time {
	if in.timer == nil {
		in.timer = time.NewTimer(d)
	} else {
		in.timer.Reset(d)
	}
	return in.timer.C
}

// Replace holds v alone, and discards what was held.
func (in *Inlet[T]) Replace(v T) {
	if len(in.Held) == 0 {
		in.Held = append(in.Held, v)
		return
	}
	old := in.Held[0]
	in.Held[0] = v
	in.Discard(old)
}

// Discard gives v to the stage's drop function. If that panics, the stage has
// stopped.
func (in *Inlet[T]) Discard(v T) {
	if in.drop == nil {
		return
	}
	in.Stopped = true
	in.drop(v)
	in.Stopped = false
}

// Release returns the value that is held, and holds nothing any more.
func (in *Inlet[T]) Release() T {
	v := in.Held[0]
	clear(in.Held)
	in.Held = in.Held[:0]
	return v
}

// LastValue is what to return when src has ended and one value may be held:
// that one, before the end.
func (in *Inlet[T]) LastValue() (T, error) {
	if len(in.Held) == 0 {
		var zero T
		return zero, in.Finish()
	}
	in.Flush()
	return in.Release(), nil
}

// Flush says that the last value of the stage is about to be returned: the next
// call tells how src has ended.
func (in *Inlet[T]) Flush() { in.Last(in.over) }

// Finish ends the stage as src has ended.
func (in *Inlet[T]) Finish() error { return in.End(in.over) }

// Abort ends the stage because ctx is done: src, and what has been read.
func (in *Inlet[T]) Abort(ctx context.Context) error {
	err := in.Fail(ctx, pull.Cause(ctx))
	in.discard()
	return err
}

func (in *Inlet[T]) discard() {
	held, rest := in.Held, in.batch[in.given:]
	in.Held, in.batch, in.given = nil, nil, 0
	if in.drop == nil {
		return
	}
	for _, v := range held {
		in.drop(v)
	}
	for _, v := range rest {
		in.drop(v.V)
	}
}
