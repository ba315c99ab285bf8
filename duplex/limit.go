package duplex

import (
	"errors"
	"fmt"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

// ErrLimit is matched by the error of a direction that carried as much as it
// may, and should have carried more.
var ErrLimit = errors.New("duplex: limit reached")

// A LimitError says which bound was reached. It matches [ErrLimit].
type LimitError struct {
	Way  Way    // the direction
	Unit string // "items" or "bytes"
	Max  int64  // the bound
}

// Error returns the direction and the bound.
func (e *LimitError) Error() string {
	return fmt.Sprintf("duplex: more than %d %s %s", e.Max, e.Unit, e.Way)
}

// Unwrap returns ErrLimit.
func (e *LimitError) Unwrap() error { return ErrLimit }

// A Way is a direction of a duplex, as seen from its own side.
type Way int

// The directions.
const (
	In  Way = iota // what the source returns
	Out            // what the sink is given
)

// String returns "read" or "written".
func (w Way) String() string {
	if w == In {
		return "read"
	}
	return "written"
}

// A Cap bounds a direction. The zero value does not.
type Cap[T any] struct {
	// Items is how many values may pass; 0 means any number.
	Items int64

	// Bytes is how many bytes all values together may have; 0 means any number.
	Bytes int64

	// Size returns the bytes of a value. Nil means the length of a chunk, a
	// frame.Msg or a string; other values need one where Bytes is set.
	Size func(T) int
}

// Limit is d with a cap on each direction. A value that goes over it does not
// pass: its direction fails with a [LimitError], which aborts the source, d's
// or that of the sink; the other direction goes on unless d or [Connect] ends
// it. A direction that ends at its bound ends cleanly. Limit panics where bytes
// are to be counted of values that have no length.
func Limit[R, W any](d Duplex[R, W], in Cap[R], out Cap[W]) Duplex[R, W] {
	return Map(d, in.through(In), out.through(Out))
}

func (c Cap[T]) through(way Way) pull.Through[T, T] {
	size := c.Size
	if size == nil {
		size = length[T]()
	}
	switch {
	case c.Items <= 0 && c.Bytes <= 0:
		return func(src pull.Source[T]) pull.Source[T] { return src }
	case c.Bytes > 0 && size == nil:
		panic(fmt.Sprintf("duplex: a limit in bytes on %T, without Size", *new(T)))
	}
	return func(src pull.Source[T]) pull.Source[T] {
		var items, bytes int64
		return watched(src, func(v T) error {
			if items++; c.Items > 0 && items > c.Items {
				return &LimitError{Way: way, Unit: "items", Max: c.Items}
			}
			if c.Bytes > 0 {
				n := int64(size(v))
				if n > c.Bytes-bytes {
					return &LimitError{Way: way, Unit: "bytes", Max: c.Bytes}
				}
				bytes += n
			}
			return nil
		}, nil)
	}
}

// length returns the function that measures T, or nil.
func length[T any]() func(T) int {
	for _, f := range []any{
		func(b []byte) int { return len(b) },
		func(m frame.Msg) int { return len(m) },
		func(s string) int { return len(s) },
	} {
		if f, ok := f.(func(T) int); ok {
			return f
		}
	}
	return nil
}
