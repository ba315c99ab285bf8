package pulltest_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

// A dealer hands each value of src to the reader who asks first. Its fields
// say what it does wrong.
type dealer struct {
	hasty  bool // aborts src when the first reader has gone
	lazy   bool // does not abort src at all
	forget bool // aborts src for another reason than the last reader's

	src     pull.Source[int]
	own     context.Context
	cancel  context.CancelCauseFunc
	token   chan struct{}
	pending chan dealt
	end     error

	mu   sync.Mutex
	left int
}

type dealt struct {
	v   int
	err error
}

func (d *dealer) fan(src pull.Source[int]) []pull.Source[int] {
	d = &dealer{hasty: d.hasty, lazy: d.lazy, forget: d.forget,
		src: src, left: 2, token: make(chan struct{}, 1)}
	return []pull.Source[int]{pull.From(d.reader()), pull.From(d.reader())}
}

// reader returns what pull.From makes a reader of.
func (d *dealer) reader() (
	next func(context.Context) (int, error), release func(error) error,
) {
	return d.next, d.leave
}

func (d *dealer) next(ctx context.Context) (int, error) {
	select {
	case d.token <- struct{}{}:
	case <-ctx.Done():
		return 0, pull.Cause(ctx)
	}
	defer func() { <-d.token }()
	if d.end != nil {
		return 0, d.end
	}
	d.begin(ctx)
	if d.pending == nil {
		pending := make(chan dealt, 1)
		d.pending = pending
		go func() {
			got := dealt{err: errBoom}
			defer func() {
				if v := recover(); v != nil {
					got.err = &pull.PanicError{Value: v}
				}
				pending <- got
			}()
			got.v, got.err = d.src(d.own)
		}()
	}
	select {
	case got := <-d.pending:
		d.pending, d.end = nil, got.err
		return got.v, got.err
	case <-ctx.Done():
		return 0, pull.Cause(ctx)
	}
}

func (d *dealer) begin(ctx context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.own == nil {
		d.own, d.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	}
}

func (d *dealer) leave(cause error) error {
	d.mu.Lock()
	d.left--
	last := d.left == 0
	d.mu.Unlock()
	if d.lazy || !last && !d.hasty {
		return nil
	}
	if d.forget {
		cause = nil
	}
	d.begin(context.Background())
	d.cancel(cause)
	select {
	case d.token <- struct{}{}:
		defer func() { <-d.token }()
	default: // the reader at work will see it
		return nil
	}
	if d.pending != nil {
		got := <-d.pending
		d.pending, d.end = nil, got.err
	}
	if d.end == nil {
		_, d.end = d.src(d.own)
	}
	var release *pull.ReleaseError
	if errors.As(d.end, &release) {
		return release.Err
	}
	return nil
}

// checkFan is the check of a dealer. One that is lazy leaves a goroutine at
// its source, which the schedule ends.
func checkFan(d *dealer) func(t *testing.T) []pulltest.Violation {
	return func(t *testing.T) []pulltest.Violation {
		return pulltest.CheckFan(t, d.fan, pulltest.FanOptions[int]{})
	}
}

var fanFaults = []fault{
	{"fan-out", "one reader ends the source for all", checkFan(&dealer{hasty: true})},
	{"fan-out", "nobody ends the source", checkFan(&dealer{lazy: true})},
	{"fan-out", "loses the last reader's cause", checkFan(&dealer{forget: true})},
	{"one at a time", "every reader reads the source", func(t *testing.T) []pulltest.Violation {
		return pulltest.CheckFan(t, func(src pull.Source[int]) []pull.Source[int] {
			return []pull.Source[int]{src, src}
		}, pulltest.FanOptions[int]{})
	}},
}
