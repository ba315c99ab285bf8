package pull

import "context"

// A Source returns its next value each time it is called: (v, nil) for a
// value, (zero, io.EOF) at the end, (zero, err) for a failure. A call with a
// done context ends it. Unless its doc says otherwise, a source may be called
// from any goroutine but from one at a time.
//
// To read one to its end, range over [Source.All]:
//
//	for v, err := range src.All(ctx) {
//		if err != nil {
//			return err
//		}
//		// use v
//	}
type Source[T any] func(ctx context.Context) (T, error)

// A Through turns one source into another. Any function of this shape is one.
// It reads nothing until its result is read. To write one that keeps the laws,
// compose others, or give a function to through.New.
type Through[A, B any] func(Source[A]) Source[B]

// A Sink reads src to its end and returns nil, or the failure that stopped
// it. When it stops early it has aborted src before it returns. When ctx is
// cancelled it returns context.Cause(ctx).
type Sink[T any] func(ctx context.Context, src Source[T]) error
