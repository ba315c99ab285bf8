// Package retry makes a source again when it has failed, with backoff between.
//
// The policies, and the errors that say what to do, are those of
// github.com/cenkalti/backoff/v5. Mind the v5: the Permanent of another version
// compiles as well, and is taken for any other error.
package retry

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Options say when and how often to try again. The zero value tries for ever,
// with exponential backoff.
type Options struct {
	// Backoff says how long to wait before the next try, or to give up; nil
	// means backoff.NewExponentialBackOff(): half a second at first, a minute
	// at most. It is reset at the start and after each value that comes behind a
	// failure, and must not serve two streams.
	Backoff backoff.BackOff

	// Tries is how many failures in a row, with no value between, end the
	// stream; 0 means that there is no limit, 1 that nothing is tried again.
	Tries int

	// Retry reports whether to try again after this failure; nil means always.
	Retry func(err error) bool

	// Notify is told of each failure that is followed by another try, and how
	// long that one is away; nil means nobody is.
	Notify func(err error, wait time.Duration)
}

// Source returns the values of the source that open makes and, when that fails,
// those of another that open makes, and so on until one ends cleanly: io.EOF.
// Values come as they are, so where a source begins again from its beginning,
// its values come again; open may know where to go on.
//
// The first call opens; nothing is read ahead. A failure is an error of open or
// of a source, which has then ended by itself, except that a clean end whose
// release failed (a [pull.ReleaseError] of io.EOF) is an end. Where a clean end
// is to be tried again too, as that of a feed, let open put a failure behind it:
// fan.Concat(src, pull.Error[T](errEnded)). The stream ends with the last
// failure itself when the options say so, or when it is, or wraps, a
// backoff.PermanentError of v5 (of which the outermost is taken off); io.EOF
// from open is io.ErrUnexpectedEOF then. A backoff.RetryAfterError says itself
// how long to wait, and resets the backoff. An abort ends the source that is being
// read, or the wait, at once.
//
// The context of open is that of a call: what open makes must not depend on it
// after open has returned. What is to count or bound every try, not the stream,
// belongs inside open: a timeout of one try, or a limit of their rate, as by
// limiter.Wait(ctx). One call that is to be tried again is an open that makes
// the call and returns pull.Once of its result.
//
// All functions run inside calls. A panic of one reaches the caller; the stream
// has then failed.
func Source[T any](
	open func(ctx context.Context) (pull.Source[T], error), o Options,
) pull.Source[T] {
	if o.Backoff == nil {
		o.Backoff = backoff.NewExponentialBackOff()
	}
	r := &retry[T]{open: open, Options: o}
	return r.next
}

var errPanicked = errors.New("retry: a function panicked in an earlier call")

type retry[T any] struct {
	Options
	open     func(context.Context) (pull.Source[T], error)
	current  *stage.Upstream[T] // nil: none is open; stopped: its source has panicked
	failures int                // since the last value, or the start
	end      error
	begun    bool
}

func (r *retry[T]) next(ctx context.Context) (T, error) {
	var zero T
	switch {
	case r.end != nil:
		return zero, r.end
	case r.current != nil && r.current.Stopped:
		r.end = r.current.Refuse(ctx)
		return zero, r.end
	}
	for {
		v, err := r.try(ctx)
		if err == nil {
			r.succeeded()
			return v, nil
		}
		if r.current != nil && final(ctx, err) {
			r.current, r.end = nil, err
			return zero, err
		}
		r.current, r.end = nil, errPanicked // stands only if a function panics
		r.end = r.pause(ctx, err)
		if r.end != nil {
			return zero, r.end
		}
	}
}

// try reads a value, from a source that it opens if there is none.
func (r *retry[T]) try(ctx context.Context) (v T, err error) {
	if r.current == nil {
		if ctx.Err() != nil {
			return v, pull.Cause(ctx)
		}
		r.end = errPanicked // stands only if open panics
		src, err := r.open(ctx)
		if r.end = nil; err != nil {
			return v, err
		}
		r.current = stage.Of(src)
	}
	r.current.Stopped = true
	v, err = r.current.Src(ctx)
	r.current.Stopped = false
	return v, err
}

// final reports whether err, of a source, is the end whatever the options say.
func final(ctx context.Context, err error) bool {
	release, ok := err.(*pull.ReleaseError)
	return err == io.EOF || ctx.Err() != nil || ok && release.Cause == io.EOF
}

func (r *retry[T]) succeeded() {
	if r.failures > 0 {
		r.failures = 0
		r.Backoff.Reset()
	}
}

// pause waits for the time of the next try. An error is the end of the stream.
func (r *retry[T]) pause(ctx context.Context, err error) error {
	var permanent *backoff.PermanentError
	r.failures++
	switch {
	case ctx.Err() != nil:
		return pull.Cause(ctx)
	case errors.As(err, &permanent):
		return failure(permanentCause(err))
	case r.Tries > 0 && r.failures >= r.Tries, r.Retry != nil && !r.Retry(err):
		return failure(err)
	}
	wait := r.wait(err)
	if wait == backoff.Stop {
		return failure(err)
	}
	if r.Notify != nil {
		r.Notify(err, wait)
	}
	if wait <= 0 {
		return nil // a context that is done is seen by the next try
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return pull.Cause(ctx)
	}
}

func (r *retry[T]) wait(err error) time.Duration {
	if !r.begun {
		r.begun = true
		r.Backoff.Reset()
	}
	var after *backoff.RetryAfterError
	if errors.As(err, &after) {
		r.Backoff.Reset()
		return max(0, after.Duration)
	}
	return r.Backoff.NextBackOff()
}

// permanentCause takes off the mark that says that err is permanent.
func permanentCause(err error) error {
	if p, ok := err.(*backoff.PermanentError); ok && p.Err != nil {
		return p.Err
	}
	return err
}

// failure is err as the end of a stream that has failed.
func failure(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
