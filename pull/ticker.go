package pull

import (
	"context"
	"time"
)

// Ticker is the source of the current time at every d, counted from the first
// call; it never ends of its own accord. One tick at most is waiting: for a
// reader that is slower the others are left out, so the time between two values
// may be shorter than d, but there is never more than one for each d. It panics
// if d is 0 or less.
func Ticker(d time.Duration) Source[time.Time] {
	if d <= 0 {
		panic("pull: Ticker of no duration")
	}
	var t *time.Ticker
	return From(func(ctx context.Context) (time.Time, error) {
		if t == nil {
			t = time.NewTicker(d)
		}
		select {
		case at := <-t.C:
			return at, nil
		case <-ctx.Done():
			return time.Time{}, Cause(ctx)
		}
	}, func(error) error {
		if t != nil {
			t.Stop()
		}
		return nil
	})
}
