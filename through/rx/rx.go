// Package rx joins sources to RxGo observables, both ways, without a leak.
//
// [Observable] makes an observable of a source, [Source] a source of an
// observable, and [Through] does both around operators of RxGo. To cancel is
// an error here and never an end, where RxGo closes its channel silently in
// both cases. An item costs hundreds of nanoseconds for each operator, so
// batches pay: a value may be a slice, which stays one item.
//
// A panic in a function that RxGo runs ends the process, since RxGo recovers
// none. Panics of the source become a pull.PanicError.
//
// # What leaks, and what does not
//
// [Source] and [Through] give RxGo (v2.5.0) a context when they observe, cancel
// it when they end, and drain until the channel is closed. That is enough for
// Defer, Map, Filter, Skip, SkipWhile, Take, TakeWhile, TakeUntil, First, Scan,
// BufferWithCount, BufferWithTime, Debounce, Timestamp and FlatMap: no
// goroutine is left.
//
// Merge, Concat, CombineLatest, Zip, Retry, StartWith, Amb and connectable
// observables observe what they join when they are made, with the options they
// are made with. They leave nothing only where rxgo.WithContext is given to
// every one of them, of a context that the caller cancels with the source.
//
// These cannot be made leak-free, so do not use them below a source:
// WindowWithCount leaves the goroutine that fills the window nobody reads;
// GroupBy never closes its channel once it is cancelled, and Serialize with a
// pool waits for identifiers that may never come. Nor does Create start when it
// is observed (it does when it is made, and then leaks unless observed), nor
// FromChannel, Just or FromEventSource end with a context. Where a channel is
// not closed a second after the end, the source's last error matches
// [ErrLeaky].
//
// An observable of this package can be observed once: each later Observe gets
// [ErrConsumed], where RxGo's own would share out the items. Take, First and
// their like do not stop what they read, so that an Observable that is used
// without Source runs until its context ends, which the caller must see to.
package rx

import (
	"errors"
	"fmt"
	"reflect"
	"time"
)

var (
	// ErrConsumed is the error item of an Observable that is observed again.
	ErrConsumed = errors.New("rx: source was observed before")

	// ErrLeaky is matched when an observable did not close its channel within a
	// second of being cancelled: something of it still runs.
	ErrLeaky = errors.New("rx: observable did not end")

	// ErrType is matched when an item holds something else than was asked for.
	ErrType = errors.New("rx: item of another type")
)

// drainFor is how long an observable may take to close its channel.
const drainFor = time.Second

// A TypeError says what an item holds. It matches [ErrType].
type TypeError struct {
	Want reflect.Type // what was asked for
	Got  reflect.Type // what came; nil of a nil item
}

// Error returns both types.
func (e *TypeError) Error() string { return fmt.Sprintf("%v: %v, not %v", ErrType, e.Got, e.Want) }

// Unwrap returns ErrType.
func (e *TypeError) Unwrap() error { return ErrType }
