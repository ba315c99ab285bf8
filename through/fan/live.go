package fan

import (
	"context"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// A Moment is a value of [Live], or the marker between what was and what comes.
type Moment[T any] struct {
	Value T    // the zero value in the marker
	Now   bool // this is the marker: the history is over
}

// Live returns the values of history, then a marker, then those of live. A
// goroutine reads live ahead from the first call on, by up to n values (less
// than 1 means 1), so that what happens while history is being read is not
// missed, as long as n values hold it: then live is held back.
//
// So live must have subscribed before history is asked for: have [Hub.Join]
// make it, and let history's first call take the snapshot. Then nothing is
// missed, and what happens between the two comes twice: leave out what history
// had, by its number or key. (A live that subscribes in its first call, as that
// of [Hub.Subscribe], is called at the same time as history, and may miss what
// happens meanwhile.) Live must be read, or aborted, where live holds something
// already.
//
// A failure of history ends the stream and aborts live. One of live is
// delivered in its place, after history. An abort ends both, and discards what
// had been read.
func Live[T any](history, live pull.Source[T], n int) pull.Source[Moment[T]] {
	a := pull.NewAhead(live, (max(n, 1)+1)/2, nil)
	var many stage.Many
	next := stage.Add(&many, a.Next)
	past := stage.Add(&many, history)
	return stage.Run(&many, func(ctx context.Context) (Moment[T], error) {
		if !many.Open(past) {
			v, err := a.Next(ctx)
			if err != nil {
				many.Ended(next)
			}
			return Moment[T]{Value: v}, err
		}
		if err := a.Start(ctx); err != nil {
			many.Ended(next)
			return Moment[T]{}, err
		}
		v, err := history(ctx)
		if err == nil {
			return Moment[T]{Value: v}, nil
		}
		if many.Ended(past); err != io.EOF {
			return Moment[T]{}, err
		}
		return Moment[T]{Now: true}, nil
	})
}
