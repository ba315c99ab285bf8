// Package cbor reads and writes CBOR sequences (RFC 8742), within bounds.
//
// [Encode] makes one chunk of each value, [Decode] reads values of any chunks.
// Both leave values to github.com/fxamacker/cbor, whose struct tags apply; the
// bounds on size and depth are kept before that sees an item.
package cbor

import (
	"context"
	"errors"
	"io"
	"math"

	"github.com/fxamacker/cbor/v2"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
	"github.com/weir-go/weir/through/internal/stage"
)

// Bounds of [Decode] where its options do not say.
const (
	DefaultMaxItem  = 16 << 20 // bytes
	DefaultMaxDepth = 64       // levels
)

// Options say how [Decode] reads. The zero value is ready for use.
type Options struct {
	// MaxItem is the longest item in bytes; 0 or less means DefaultMaxItem.
	MaxItem int

	// MaxDepth is how many arrays, maps and tags may lie above a value, at
	// most 60,000; 0 or less means DefaultMaxDepth.
	MaxDepth int
}

func (o Options) withDefaults() Options {
	if o.MaxItem <= 0 {
		o.MaxItem = DefaultMaxItem
	}
	if o.MaxDepth <= 0 {
		o.MaxDepth = DefaultMaxDepth
	}
	o.MaxDepth = min(o.MaxDepth, 60_000)
	return o
}

// Encode turns each value into one chunk that holds its item in the core
// deterministic encoding (RFC 8949, 4.2.1): equal values give equal bytes.
// Times are texts with a tag and keep their nanoseconds. A value that cannot
// be encoded fails with a [codec.DecodeError] whose offset is that of its
// chunk, and src is aborted with it.
func Encode[T any](src pull.Source[T]) pull.Source[[]byte] {
	up := stage.Of(src)
	opts := cbor.CoreDetEncOptions()
	opts.Time, opts.TimeTag = cbor.TimeRFC3339Nano, cbor.EncTagRequired
	mode, bad := opts.EncMode()
	var pos int64
	return func(ctx context.Context) ([]byte, error) {
		if up.Stopped {
			return nil, up.Refuse(ctx)
		}
		v, err := up.Src(ctx)
		if err != nil {
			return nil, up.End(err)
		}
		item, err := []byte(nil), bad
		if bad == nil {
			up.Stopped = true // T may have a method of the user's, which may panic
			item, err = mode.Marshal(v)
			up.Stopped = false
		}
		if err != nil {
			return nil, up.Fail(ctx, malformed(pos, err))
		}
		pos += int64(len(item))
		return item, nil
	}
}

// Decode reads the items of src, one after the other, each into a T. A value
// is there as soon as its last byte is.
//
// Input that ends inside an item ends with io.ErrUnexpectedEOF. An item that
// is too long, or claims to be, fails with a [codec.SizeError] before memory
// is reserved for it; what is malformed, nested too deeply, holds a map key
// twice, or is no T, with a [codec.DecodeError] at the item; after the values
// before it, and src is aborted with that error.
//
// Memory: one chunk of src, one item, and what is made of it. Values belong to
// the receiver.
func Decode[T any](src pull.Source[[]byte], opts Options) pull.Source[T] {
	opts = opts.withDefaults()
	mode, bad := cbor.DecOptions{
		DupMapKey:        cbor.DupMapKeyEnforcedAPF,
		MaxNestedLevels:  opts.MaxDepth + 4,
		MaxArrayElements: elements(opts.MaxItem),
		MaxMapPairs:      elements(opts.MaxItem),
	}.DecMode()
	up := stage.Of(stage.Cut(src, &cutter{max: opts.MaxItem, depth: opts.MaxDepth}))
	var pos int64
	return func(ctx context.Context) (v T, err error) {
		var zero T
		if up.Stopped {
			return zero, up.Refuse(ctx)
		}
		item, err := up.Src(ctx)
		if err != nil {
			return zero, up.End(err)
		}
		if err = bad; bad == nil {
			up.Stopped = true // T may have a method of the user's, which may panic
			err = mode.Unmarshal(item, &v)
			up.Stopped = false
		}
		if err != nil {
			return zero, up.Fail(ctx, malformed(pos, err))
		}
		pos += int64(len(item))
		return v, nil
	}
}

// elements is how many elements an item of n bytes can have, within what the
// library takes as a bound.
func elements(n int) int { return min(max(n, 16), math.MaxInt32) }

// malformed makes a DecodeError. A method of the user's may have returned
// io.EOF, which must not be found in a failure.
func malformed(offset int64, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New(err.Error())
	}
	return &codec.DecodeError{Format: "cbor", Offset: offset, Err: err}
}
