package pulltest_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

type sink = func(ctx context.Context, src pull.Source[int]) error

// checkSink is the check of a sink that is wrong by itself.
func checkSink(s sink) func(t *testing.T) []pulltest.Violation {
	return func(t *testing.T) []pulltest.Violation {
		return pulltest.CheckSink(t, s, pulltest.SinkOptions[int]{})
	}
}

// checkVariant is the check of a sink that is right, with a variant that is not.
func checkVariant(opts pulltest.SinkOptions[int]) func(t *testing.T) []pulltest.Violation {
	return func(t *testing.T) []pulltest.Violation {
		return pulltest.CheckSink(t, pull.Drain[int], opts)
	}
}

var sinkFaults = []fault{
	{"sink", "returns io.EOF", checkSink(func(ctx context.Context, src pull.Source[int]) error {
		for {
			if _, err := src(ctx); err != nil {
				return err
			}
		}
	})},
	{"sink", "stops at its third value and walks away", checkSink(takesThree(nil))},
	{"sink", "stops before the end", checkSink(takesThree(pull.Abort[int]))},
	{"sink", "hides a failure", checkSink(func(ctx context.Context, src pull.Source[int]) error {
		err := pull.Drain(ctx, src)
		if ctx.Err() == nil {
			return nil
		}
		return err
	})},
	{"sink", "fails and walks away", checkVariant(pulltest.SinkOptions[int]{
		Fail: func(ctx context.Context, src pull.Source[int]) error {
			_, _ = src(ctx)
			return errors.New("disk full")
		}})},
	{"sink", "fails for one reason and aborts for another", checkVariant(
		pulltest.SinkOptions[int]{Fail: func(ctx context.Context, src pull.Source[int]) error {
			_ = pull.Abort(src, errors.New("other"))
			return errors.New("disk full")
		}})},
	{"sink", "leaves at once when its context is done", checkSink(
		func(ctx context.Context, src pull.Source[int]) error {
			if ctx.Err() != nil {
				return pull.Cause(ctx)
			}
			return pull.Drain(ctx, src)
		})},
	{"abort", "returns ctx.Err, not the cause", checkSink(
		func(ctx context.Context, src pull.Source[int]) error {
			err := pull.Drain(ctx, src)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return err
		})},
	{"abort", "hides a failed release", checkSink(
		func(ctx context.Context, src pull.Source[int]) error {
			err := pull.Drain(ctx, src)
			if ctx.Err() != nil {
				return pull.Cause(ctx)
			}
			return err
		})},
	{"early stop", "returns nil when it was cancelled", checkSink(
		func(ctx context.Context, src pull.Source[int]) error {
			err := pull.Drain(ctx, src)
			if err == pull.ErrStopped {
				return nil
			}
			return err
		})},
	{"early stop", "commits what was cut short", commits},
	{"prompt", "does not pass its context on", checkSink(
		func(ctx context.Context, src pull.Source[int]) error {
			if ctx.Err() != nil {
				return pull.Drain(ctx, src)
			}
			return pull.Drain(context.WithoutCancel(ctx), src)
		})},
	{"prompt", "a write that cannot be interrupted", checkVariant(pulltest.SinkOptions[int]{
		Stall: func(ctx context.Context, src pull.Source[int]) error {
			return pull.Each(ctx, src, func(int) error {
				time.Sleep(20 * time.Hour)
				return nil
			})
		}})},
	{"demand", "reads on while it cannot write", checkVariant(pulltest.SinkOptions[int]{
		Stall: func(ctx context.Context, src pull.Source[int]) error {
			for range 10 {
				if _, err := src(ctx); err != nil {
					return err
				}
			}
			<-ctx.Done()
			return errors.Join(pull.AbortIn(ctx, src, pull.Cause(ctx)), pull.Cause(ctx))
		}})},
	{"one at a time", "reads with two goroutines", checkSink(readsTwice)},
	{"scope", "goes on after it has returned", checkSink(goesOn)},
	{"panic", "walks away with a panic", checkVariant(pulltest.SinkOptions[int]{
		Panic: func(ctx context.Context, src pull.Source[int]) error {
			_, _ = src(ctx)
			panic("user")
		}})},
	{"panic", "swallows a panic", checkVariant(pulltest.SinkOptions[int]{
		Panic: func(ctx context.Context, src pull.Source[int]) (err error) {
			defer func() { err = pull.NewPanicError(recover()) }()
			return pull.Each(ctx, src, func(int) error { panic("user") })
		}})},
	{"panic", "lets the panic of a goroutine out", checkVariant(pulltest.SinkOptions[int]{
		Goroutines: true, Panic: func(ctx context.Context, src pull.Source[int]) error {
			return pull.Each(ctx, src, func(int) error { panic("user") })
		}})},
}

func takesThree(abort func(pull.Source[int], error) error) sink {
	return func(ctx context.Context, src pull.Source[int]) error {
		for range 3 {
			_, err := src(ctx)
			switch {
			case err == io.EOF:
				return nil
			case err != nil:
				return err
			}
		}
		if abort == nil {
			return nil
		}
		return abort(src, nil)
	}
}

func commits(t *testing.T) []pulltest.Violation {
	committed := false
	return pulltest.CheckSink(t, func(ctx context.Context, src pull.Source[int]) error {
		defer func() { committed = true }()
		return pull.Drain(ctx, src)
	}, pulltest.SinkOptions[int]{Committed: func() bool { return committed }})
}

func readsTwice(ctx context.Context, src pull.Source[int]) error {
	ends := make(chan error, 2)
	for range 2 {
		go func() { ends <- pull.Drain(ctx, src) }()
	}
	return errors.Join(<-ends, <-ends)
}

func goesOn(ctx context.Context, src pull.Source[int]) error {
	err := pull.Drain(ctx, src)
	go func() {
		<-ctx.Done()
		_, _ = src(ctx)
	}()
	return err
}
