// Package missing has streams with and without a conformance check.
package missing

import (
	"context"

	"example.org/duplex"
	"example.org/pull"
)

// Checked is checked, by way of a helper.
func Checked(src pull.Source[int]) pull.Source[int] { return src }

// NoSubtest has no subtest.
func NoSubtest() func() pull.Source[int] { return nil }

// NoUse has a subtest that checks something else.
func NoUse(ctx context.Context, src pull.Source[int]) error { return nil }

// NoCheck has a subtest that does not use pulltest.
func NoCheck() pull.Sink[int] { return nil }

// Plain is no stream.
func Plain(ctx context.Context) error { return nil }

func hidden() pull.Source[int] { return nil }

// Kind is no stream, its method is one.
type Kind struct{ src pull.Source[int] }

// Method is checked.
func (k *Kind) Method() pull.Source[int] { return k.src }

// Pair holds streams.
type Pair struct {
	duplex.Duplex[int, int]
}
