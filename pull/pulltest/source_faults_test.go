package pulltest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

// three is a correct source of 0, 1, 2, whose parts the faulty ones replace.
type three struct {
	i    int
	end  error
	stop func(ctx context.Context) error // what an abort returns
	wait func(ctx context.Context)       // before the end
	last func() (int, error)             // what comes after the values
}

func (s *three) next(ctx context.Context) (int, error) {
	if s.end == nil && ctx.Err() != nil {
		s.end = s.stop(ctx)
	}
	if s.end != nil {
		return 0, s.end
	}
	if s.i < 3 {
		s.i++
		return s.i - 1, nil
	}
	if s.wait != nil {
		s.wait(ctx)
		s.end = pull.Cause(ctx)
		return 0, s.end
	}
	return s.last()
}

// newThree changes a correct source; without a change it is one.
func newThree(change func(s *three)) func() pull.Source[int] {
	return func() pull.Source[int] {
		s := &three{stop: pull.Cause}
		s.last = func() (int, error) {
			s.end = io.EOF
			return 0, io.EOF
		}
		change(s)
		return s.next
	}
}

var threeWanted = pulltest.SourceOptions[int]{Want: []int{0, 1, 2}}

func checkThree(change func(s *three)) func(t *testing.T) []pulltest.Violation {
	return func(t *testing.T) []pulltest.Violation {
		return pulltest.CheckSource(t, newThree(change), threeWanted)
	}
}

// checkSource is for sources made from scratch.
func checkSource[T any](
	opts pulltest.SourceOptions[T], fresh func() pull.Source[T],
) func(t *testing.T) []pulltest.Violation {
	return func(t *testing.T) []pulltest.Violation { return pulltest.CheckSource(t, fresh, opts) }
}

var sourceFaults = []fault{
	{"demand", "opens before the first call", openTooSoon},
	{"demand", "starts a goroutine before the first call", checkSource(threeWanted,
		func() pull.Source[int] {
			go time.Sleep(time.Minute)
			return pull.Count(3)
		})},
	{"end", "a value together with io.EOF", checkThree(func(s *three) {
		s.last = func() (int, error) {
			s.end = io.EOF
			return 7, io.EOF
		}
	})},
	{"end", "wraps io.EOF", checkThree(func(s *three) {
		s.last = func() (int, error) {
			s.end = fmt.Errorf("no more: %w", io.EOF)
			return 0, s.end
		}
	})},
	{"end", "one value too few", checkThree(func(s *three) { s.i = 1 })},
	{"finality", "another error after the end", checkThree(func(s *three) {
		s.last = func() (int, error) {
			s.end = errors.New("closed")
			return 0, io.EOF
		}
	})},
	{"finality", "starts again after the end", checkThree(func(s *three) {
		s.last = func() (int, error) {
			s.i = 0
			return 0, io.EOF
		}
	})},
	{"abort", "does not look at its context", checkSource(threeWanted, func() pull.Source[int] {
		src := pull.Count(3)
		return func(context.Context) (int, error) { return src(context.Background()) }
	})},
	{"abort", "returns ctx.Err, not the cause", checkThree(func(s *three) {
		s.stop = func(ctx context.Context) error { return ctx.Err() }
	})},
	{"abort", "lets io.EOF through as a cause", checkThree(func(s *three) {
		s.stop = func(ctx context.Context) error { return context.Cause(ctx) }
	})},
	{"abort", "does not release when aborted", neverReleases},
	{"abort", "leaves a goroutine behind", leavesGoroutine},
	{"abort", "wraps the cause", checkThree(func(s *three) {
		s.stop = func(ctx context.Context) error {
			return fmt.Errorf("aborted: %w", pull.Cause(ctx))
		}
	})},
	{"early stop", "takes a stop for a failure", checkThree(func(s *three) {
		s.stop = func(ctx context.Context) error {
			return fmt.Errorf("reading: %w", io.ErrUnexpectedEOF)
		}
	})},
	{"prompt", "blocks whatever its context does", stallsWith(func(context.Context) {
		time.Sleep(time.Hour)
	})},
	{"prompt", "polls its context", stallsWith(func(ctx context.Context) {
		for ctx.Err() == nil {
			time.Sleep(20 * time.Millisecond)
		}
	})},
	{"scope", "lives under the first call's context", firstContext},
	{"ownership", "reuses its buffer", checkSource(chunksWanted, reusesBuffer)},
	{"ownership", "leaves room that holds the next value", checkSource(chunksWanted,
		func() pull.Source[[]byte] {
			b := []byte("abcdef")
			return pull.Values(b[:2], b[2:4], b[4:])
		})},
	{"one at a time", "queues an overlapping call", queuesOverlap},
	{"panic", "io.EOF after a panic", panicThen(io.EOF)},
	{"panic", "panics again", panicAgain},
}

var chunksWanted = pulltest.SourceOptions[[]byte]{
	Want: [][]byte{[]byte("ab"), []byte("cd"), []byte("ef")}}

func openTooSoon(t *testing.T) []pulltest.Violation {
	held := 0
	opts := threeWanted
	opts.Held = func() int { return held }
	return pulltest.CheckSource(t, func() pull.Source[int] {
		held++
		return pull.From(pull.Count(3), func(error) error {
			held--
			return nil
		})
	}, opts)
}

func neverReleases(t *testing.T) []pulltest.Violation {
	held := 0
	opts := threeWanted
	opts.Held = func() int { return held }
	return pulltest.CheckSource(t, func() pull.Source[int] {
		held = 0
		src := pull.Count(3)
		return func(ctx context.Context) (int, error) {
			held = 1
			v, err := src(ctx)
			if err == io.EOF {
				held = 0
			}
			return v, err
		}
	}, opts)
}

func leavesGoroutine(t *testing.T) []pulltest.Violation {
	return pulltest.CheckSource(t, func() pull.Source[int] {
		started := false
		src := pull.Count(3)
		return func(ctx context.Context) (int, error) {
			if !started {
				started = true
				go time.Sleep(time.Hour)
			}
			return src(ctx)
		}
	}, threeWanted)
}

func stallsWith(wait func(context.Context)) func(t *testing.T) []pulltest.Violation {
	opts := threeWanted
	opts.Stalls = true
	return checkSource(opts, newThree(func(s *three) { s.wait = wait }))
}

func firstContext(t *testing.T) []pulltest.Violation {
	return pulltest.CheckSource(t, func() pull.Source[int] {
		var first context.Context
		src := pull.Count(3)
		return func(ctx context.Context) (int, error) {
			if first == nil {
				first = ctx
			}
			if ctx.Err() != nil {
				return src(ctx)
			}
			return src(first)
		}
	}, threeWanted)
}

func reusesBuffer() pull.Source[[]byte] {
	buf := make([]byte, 2)
	src := pull.Values("ab", "cd", "ef")
	return func(ctx context.Context) ([]byte, error) {
		v, err := src(ctx)
		if err != nil {
			return nil, err
		}
		copy(buf, v)
		return buf, nil
	}
}

func queuesOverlap(t *testing.T) []pulltest.Violation {
	opts := threeWanted
	opts.Stalls, opts.Token = true, true
	return pulltest.CheckSource(t, func() pull.Source[int] {
		token := make(chan struct{}, 1)
		src := newThree(func(s *three) { s.wait = func(ctx context.Context) { <-ctx.Done() } })()
		return func(ctx context.Context) (int, error) {
			token <- struct{}{}
			defer func() { <-token }()
			return src(ctx)
		}
	}, opts)
}

func panicThen(end error) func(t *testing.T) []pulltest.Violation {
	opts := threeWanted
	opts.Panic = newThree(func(s *three) {
		s.last = func() (int, error) {
			s.end = end
			panic("user")
		}
	})
	return checkSource(opts, newThree(func(*three) {}))
}

func panicAgain(t *testing.T) []pulltest.Violation {
	opts := threeWanted
	opts.Panic = newThree(func(s *three) { s.last = func() (int, error) { panic("user") } })
	return pulltest.CheckSource(t, newThree(func(*three) {}), opts)
}
