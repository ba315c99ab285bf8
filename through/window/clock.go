package window

import (
	"context"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/arrive"
)

// A Window is the values that came in a stretch of time, in order.
type Window[T any] struct {
	// From is the begin of the period, or when the session's first value came.
	From time.Time

	// To is the end of the period, or when the session's last value came.
	To time.Time

	// Values are what came, at least one.
	Values []T
}

// Every returns what came in each period, at its end, and nothing for a period
// without a value. Periods of d follow each other from the first call on; a
// value on the border belongs to the later one. At n values (less than 1 means
// 1) a window is returned before its period ends, and what else comes in the
// period is in further windows with the same From and To; so it is for what
// there is when src ends or fails. With a d of 0 or less every value has a
// window of its own.
//
// Drop, if it is not nil, is given the values that are discarded by an abort.
func Every[T any](
	src pull.Source[T], d time.Duration, n int, drop func(T),
) pull.Source[Window[T]] {
	var start time.Time
	w := &windows[T]{in: arrive.Of(src, arrive.Ahead, drop), n: max(n, 1)}
	w.begun = func() { start = time.Now() }
	w.place = func(open Window[T], at time.Time) (from, to, until time.Time) {
		if len(w.in.Held) > 0 {
			return open.From, open.To, open.To
		}
		to = arrive.PeriodEnd(start, at, d)
		return to.Add(-max(0, d)), to, to
	}
	return w.next
}

// Session returns what came without a pause of gap: a window ends when gap has
// passed since its last value came, or with its n-th value (less than 1 means
// 1). What there is when src ends or fails is returned at once. With a gap of 0
// or less every value has a window of its own.
//
// Drop, if it is not nil, is given the values that are discarded by an abort.
func Session[T any](
	src pull.Source[T], gap time.Duration, n int, drop func(T),
) pull.Source[Window[T]] {
	w := &windows[T]{in: arrive.Of(src, arrive.Ahead, drop), n: max(n, 1)}
	w.place = func(open Window[T], at time.Time) (from, to, until time.Time) {
		if len(w.in.Held) == 0 {
			open.From = at
		}
		return open.From, at, at.Add(gap)
	}
	return w.next
}

type windows[T any] struct {
	in    *arrive.Inlet[T] // holds the values of the open window
	n     int
	begun func() // what to do at the first call; nil: nothing, or done

	// place says what a value that came at a moment makes of the open window,
	// and until when it stays open.
	place func(open Window[T], at time.Time) (from, to, until time.Time)
	open  Window[T]
	until time.Time
}

func (w *windows[T]) next(ctx context.Context) (Window[T], error) {
	if err := w.in.Begin(ctx); err != nil {
		return Window[T]{}, err
	}
	if w.begun != nil {
		w.begun()
		w.begun = nil
	}
	for len(w.in.Held) < w.n {
		v, event := w.in.Wait(ctx, w.until)
		switch {
		case event == arrive.Came:
			w.open.From, w.open.To, w.until = w.place(w.open, v.At)
			w.in.Held = append(w.in.Held, v.V)
			continue
		case event == arrive.Cancelled:
			return Window[T]{}, w.in.Abort(ctx)
		case event == arrive.Ended && len(w.in.Held) == 0:
			return Window[T]{}, w.in.Finish()
		case event == arrive.Ended:
			w.in.Flush()
		}
		break
	}
	w.open.Values = w.in.Held
	full := w.open
	w.in.Held, w.open, w.until = nil, Window[T]{}, time.Time{}
	return full, nil
}
