package rx

import (
	"context"
	"errors"
	"io"
	"reflect"
	"time"

	"github.com/reactivex/rxgo/v2"
	"github.com/weir-go/weir/pull"
)

// Source returns the items of o, which is observed in the first call, as a
// source. How far o runs ahead is o's affair.
//
// An error item is the source's failure. An item that is no T fails with a
// [TypeError]; a nil item is the zero value of an interface type only. The end
// is io.EOF, also where what o reads goes on, as behind Take: the end, a
// failure and an abort cancel the context o was observed under, and drain it
// until its channel is closed, for a second at most; after that the error is a
// pull.ReleaseError that matches [ErrLeaky]. Items that were on their way then
// are dropped.
func Source[T any](o rxgo.Observable) pull.Source[T] {
	s := &source[T]{o: o}
	if own, ok := o.(*observed); ok {
		s.up = own.p
	}
	return s.next
}

// Options say how [Through] asks for values. The zero value is right for any
// operators.
type Options struct {
	// OneForOne says that the operators give one item for each item, as Map
	// does. Then the source is not read ahead. With operators that leave out an
	// item or keep one back, a call would wait for ever.
	OneForOne bool
}

// Through runs src through operators of RxGo: build gets src as an observable
// and returns what is to be read, a B in each item. build is called once, by
// Through, and should be a chain of what the package says does not leak.
//
// Nothing is read before the first call, nor while no call is waiting. While
// one is, src is called in a goroutine of the observable, and may be read ahead
// by two values, and one for each operator; with opts.OneForOne by none. Order
// is the operators'. For the rest it is [Source]: at the end, a failure or an
// abort src is aborted, if it has not ended, before the call returns.
func Through[A, B any](
	src pull.Source[A], build func(rxgo.Observable) rxgo.Observable, opts Options,
) pull.Source[B] {
	p := newProducer(src)
	p.demand = make(chan struct{})
	s := &source[B]{o: build(p.observable()), up: p, once: opts.OneForOne}
	return s.next
}

type source[T any] struct {
	o      rxgo.Observable
	up     upstream // nil: not known
	once   bool     // ask once for each call
	items  <-chan rxgo.Item
	cancel context.CancelCauseFunc
	end    error
}

func (s *source[T]) next(ctx context.Context) (T, error) {
	var zero T
	switch {
	case s.end != nil:
		return zero, s.end
	case ctx.Err() != nil:
		return zero, s.stop(ctx, pull.Cause(ctx))
	case s.items == nil:
		s.observe(ctx)
	}
	var wants chan<- struct{}
	if s.up != nil {
		wants = s.up.wants()
	}
	for {
		select {
		case wants <- struct{}{}:
			if s.once {
				wants = nil
			}
		case <-ctx.Done():
			return zero, s.stop(ctx, pull.Cause(ctx))
		case item, ok := <-s.items:
			if !ok {
				return zero, s.stop(ctx, io.EOF)
			}
			v, err := valueOf[T](item)
			if err != nil {
				return zero, s.stop(ctx, err)
			}
			return v, nil
		}
	}
}

// observe starts o under a context of its own, with the values of ctx.
func (s *source[T]) observe(ctx context.Context) {
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	s.cancel = cancel
	if s.up != nil {
		s.up.bind(own)
	}
	s.items = s.o.Observe(rxgo.WithContext(own))
}

// stop ends the source with end, and all that runs for it.
func (s *source[T]) stop(ctx context.Context, end error) error {
	cause := end
	var known *pull.ReleaseError
	if errors.As(end, &known) {
		cause = known.Cause
	}
	s.end = end
	var errs []error
	if s.items != nil {
		s.cancel(cause)
		errs = append(errs, drain(s.items))
	}
	if s.up != nil {
		if err := s.up.stop(ctx, cause); err != nil && known == nil {
			errs = append(errs, released(err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		s.end = &pull.ReleaseError{Cause: end, Err: err}
	}
	return s.end
}

// released is what went wrong, without why the source was ending.
func released(err error) error {
	if rel, ok := err.(*pull.ReleaseError); ok {
		return rel.Err
	}
	return err
}

// drain reads what is on its way until the channel is closed.
func drain(items <-chan rxgo.Item) error {
	late := time.NewTimer(drainFor)
	defer late.Stop()
	for {
		select {
		case _, ok := <-items:
			if !ok {
				return nil
			}
		case <-late.C:
			return ErrLeaky
		}
	}
}

func valueOf[T any](item rxgo.Item) (v T, err error) {
	if item.E != nil {
		if item.E == io.EOF {
			return v, io.ErrUnexpectedEOF
		}
		return v, item.E
	}
	v, ok := item.V.(T)
	want := reflect.TypeFor[T]()
	if !ok && (item.V != nil || want.Kind() != reflect.Interface) {
		return v, &TypeError{Want: want, Got: reflect.TypeOf(item.V)}
	}
	return v, nil
}
