package pulltest_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

// TestDetails plants the faults that are seen by one check only, and wants
// that check to speak.
func TestDetails(t *testing.T) {
	for _, details := range []map[string]func(t *testing.T) []pulltest.Violation{
		sourceDetails, throughDetails, sinkDetails, fanDetails} {
		for text, check := range details {
			t.Run(text, func(t *testing.T) {
				t.Parallel()
				says(t, text, check(t))
			})
		}
	}
}

// longer is more time than any call is given.
const longer = 30 * time.Hour

var sourceDetails = map[string]func(t *testing.T) []pulltest.Violation{
	"a call did not return at all": checkThree(func(s *three) {
		s.last = func() (int, error) {
			time.Sleep(longer)
			return 0, io.EOF
		}
	}),
	"an abort panicked": checkThree(func(s *three) {
		s.stop = func(context.Context) error { panic("stop") }
	}),
	"pull.Abort panicked": checkThree(func(s *three) {
		s.stop = func(context.Context) error { panic("stop") }
	}),
	"Abort of an ended source returned": func(t *testing.T) []pulltest.Violation {
		return pulltest.CheckSource(t, func() pull.Source[int] {
			src := pull.Count(3)
			return func(ctx context.Context) (int, error) {
				v, err := src(ctx)
				if err == io.EOF && ctx.Err() != nil {
					return v, &pull.ReleaseError{Cause: err, Err: errBoom}
				}
				return v, err
			}
		}, threeWanted)
	},
	"the call after an interrupted one does not return": slowGoodbye,
	"returned boom, want ErrOverlap": func(t *testing.T) []pulltest.Violation {
		opts := threeWanted
		opts.Stalls, opts.Token = true, true
		return pulltest.CheckSource(t, func() pull.Source[int] {
			token := make(chan struct{}, 1)
			src := newThree(func(s *three) {
				s.wait = func(ctx context.Context) { <-ctx.Done() }
			})()
			return func(ctx context.Context) (int, error) {
				select {
				case token <- struct{}{}:
				default:
					return 0, errBoom
				}
				defer func() { <-token }()
				return src(ctx)
			}
		}, opts)
	},
	"a value after a panic": panicVariant(false, func(again bool) (int, error) {
		if !again {
			panic("user")
		}
		return 7, nil
	}),
	"came out as a panic": panicVariant(true, func(bool) (int, error) { panic("user") }),
	"want a pull.PanicError": panicVariant(true, func(bool) (int, error) {
		return 0, errBoom
	}),
}

// slowGoodbye answers an interrupted call with a value, and the next one not
// at all.
func slowGoodbye(t *testing.T) []pulltest.Violation {
	opts := threeWanted
	opts.Stalls = true
	return pulltest.CheckSource(t, func() pull.Source[int] {
		src := pull.Count(3)
		interrupted := false
		return func(ctx context.Context) (int, error) {
			if interrupted {
				time.Sleep(longer)
			}
			v, err := src(ctx)
			if err == io.EOF {
				<-ctx.Done()
				interrupted = true
				return 3, nil
			}
			return v, err
		}
	}, opts)
}

// panicVariant has a source answer with last after its values.
func panicVariant(
	goroutines bool, last func(again bool) (int, error),
) func(t *testing.T) []pulltest.Violation {
	opts := threeWanted
	opts.Goroutines = goroutines
	opts.Panic = newThree(func(s *three) {
		again := false
		s.last = func() (int, error) {
			defer func() { again = true }()
			return last(again)
		}
	})
	return checkSource(opts, newThree(func(*three) {}))
}

var throughDetails = map[string]func(t *testing.T) []pulltest.Violation{
	"building the stream panicked": checkThrough(passes,
		func(pull.Source[int]) pull.Source[int] { panic("built") }),
	"building the stream blocks": checkThrough(passes, readsAtOnce),
	"no end after": checkThrough(passes, func(src pull.Source[int]) pull.Source[int] {
		src = readsThrough(src)
		return func(ctx context.Context) (int, error) {
			v, err := src(ctx)
			if err == io.EOF {
				return 0, nil
			}
			return v, err
		}
	}),
	"the root ended cleanly, the through with boom": checkThrough(passes,
		func(src pull.Source[int]) pull.Source[int] {
			src = readsThrough(src)
			return func(ctx context.Context) (int, error) {
				v, err := src(ctx)
				if err == io.EOF {
					return 0, errBoom
				}
				return v, err
			}
		}),
	"under the context of call": checkThrough(passes, func(src pull.Source[int]) pull.Source[int] {
		src = readsThrough(src)
		var last context.Context
		n := 0
		return func(ctx context.Context) (int, error) {
			use := ctx
			if n++; n == 3 && ctx.Err() == nil {
				use = context.WithoutCancel(last)
			}
			last = ctx
			return src(use)
		}
	}),
	"read on during an abort": checkThrough(passes, func(src pull.Source[int]) pull.Source[int] {
		src = readsThrough(src)
		return func(ctx context.Context) (int, error) {
			if ctx.Err() != nil {
				_, _ = src(context.WithoutCancel(ctx))
			}
			return src(ctx)
		}
	}),
}

var sinkDetails = map[string]func(t *testing.T) []pulltest.Violation{
	"the sink panicked": checkSink(func(ctx context.Context, src pull.Source[int]) error {
		_ = pull.Drain(ctx, src)
		panic("drained")
	}),
	"the sink did not return at all": checkVariant(pulltest.SinkOptions[int]{
		Panic: func(ctx context.Context, src pull.Source[int]) error {
			time.Sleep(longer)
			return pull.Drain(ctx, src)
		}}),
	"aborted because of boom, want a pull.PanicError": checkVariant(pulltest.SinkOptions[int]{
		Panic: func(ctx context.Context, src pull.Source[int]) error {
			_ = pull.AbortIn(ctx, src, errBoom)
			panic("user")
		}}),
	"failed of its own accord": checkSink(func(ctx context.Context, src pull.Source[int]) error {
		return pull.Each(ctx, src, func(int) error { return errBoom })
	}),
	"under a done context": checkSink(func(ctx context.Context, src pull.Source[int]) error {
		_, _ = src(context.WithoutCancel(ctx))
		return pull.Drain(ctx, src)
	}),
	"its source was aborted because of boom": checkSink(
		func(ctx context.Context, src pull.Source[int]) error {
			if ctx.Err() == nil {
				return pull.Drain(ctx, src)
			}
			_ = pull.AbortIn(ctx, src, errBoom)
			return pull.Cause(ctx)
		}),
}

var fanDetails = map[string]func(t *testing.T) []pulltest.Violation{
	"the root was called before the first call": func(t *testing.T) []pulltest.Violation {
		return pulltest.CheckFan(t, func(src pull.Source[int]) []pull.Source[int] {
			_ = pull.Abort(src, nil)
			return (&dealer{}).fan(src)
		}, pulltest.FanOptions[int]{})
	},
	"reader 1 ended with boom": func(t *testing.T) []pulltest.Violation {
		return pulltest.CheckFan(t, func(src pull.Source[int]) []pull.Source[int] {
			both := (&dealer{}).fan(src)
			second := both[1]
			both[1] = func(ctx context.Context) (int, error) {
				v, err := second(ctx)
				if err == io.EOF {
					err = errBoom
				}
				return v, err
			}
			return both
		}, pulltest.FanOptions[int]{})
	},
}
