package pulltest

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/weir-go/weir/pull"
)

// Faults say how a source misbehaves; the zero value not at all. Fail, Stall
// and Panic are within the contract, and so are Delay and Release: what reads
// the source has to cope. The others break a law: a stage that relies on it
// may do anything, but a check should notice.
type Faults struct {
	// After is how many values come before Fail, Stall or Panic.
	After int

	// Fail is an error in place of the next value; the source is aborted with it.
	Fail error

	// Stall makes the next call block until its context is done.
	Stall bool

	// Panic is what the next call panics with; nil means that it does not. The
	// source is aborted by the call after that one, which fails.
	Panic any

	// Delay is waited for before each value and the end, unless the context is
	// done.
	Delay time.Duration

	// Release is what goes wrong in releasing when the source is aborted.
	Release error

	// Deaf makes the source ignore that contexts are done, as long as it has
	// values: it breaks the laws abort and prompt. With Stall, calls never return.
	Deaf bool

	// WrapEnd makes the end an error that wraps io.EOF: it breaks the law end.
	WrapEnd bool

	// EndWithValue makes the end come with the last value a second time: it
	// breaks the law end.
	EndWithValue bool

	// Revive makes the source go on with zero values after its end or failure:
	// it breaks the law finality.
	Revive bool
}

// Misbehave returns a source with src's values and these faults, for tests of
// what reads it. Faults may be combined.
func Misbehave[T any](src pull.Source[T], faults Faults) pull.Source[T] {
	m := &misbehaving[T]{src: src, Faults: faults}
	good := pull.From(m.value, m.release)
	return func(ctx context.Context) (T, error) { return m.spoil(ctx, good) }
}

type misbehaving[T any] struct {
	Faults
	src   pull.Source[T]
	n     int // values so far
	last  T
	ended bool // src has
	over  bool // the end was returned
}

// value is what a correct source does.
func (m *misbehaving[T]) value(ctx context.Context) (v T, err error) {
	if m.n == m.After {
		switch {
		case m.Stall:
			<-ctx.Done()
			return v, pull.Cause(ctx)
		case m.Panic != nil:
			panic(m.Panic)
		case m.Fail != nil:
			return v, m.Fail
		}
	}
	if !m.pause(ctx) {
		return v, pull.Cause(ctx)
	}
	v, err = m.src(ctx)
	if m.ended = err != nil; err == nil {
		m.n++
		m.last = v
	}
	return v, err
}

func (m *misbehaving[T]) pause(ctx context.Context) bool {
	if m.Delay == 0 {
		return true
	}
	timer := time.NewTimer(m.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (m *misbehaving[T]) release(cause error) error {
	if m.ended {
		return nil
	}
	if err := pull.Abort(m.src, cause); err != nil {
		return err
	}
	return m.Release
}

// spoil breaks laws on top of a good source.
func (m *misbehaving[T]) spoil(ctx context.Context, good pull.Source[T]) (v T, err error) {
	if m.over && m.Revive {
		return v, nil
	}
	if m.Deaf {
		ctx = context.WithoutCancel(ctx)
	}
	v, err = good(ctx)
	m.over = err != nil
	if err == io.EOF {
		if m.EndWithValue {
			v = m.last
		}
		if m.WrapEnd {
			err = fmt.Errorf("pulltest: wrapped: %w", err)
		}
	}
	return v, err
}
