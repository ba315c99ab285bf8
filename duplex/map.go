package duplex

import (
	"context"

	"github.com/weir-go/weir/pull"
)

// Map is d with a through in each direction: what d's source returns passes
// through in, and what the new sink is given passes through out on its way to
// d's. A codec over a connection is one:
//
//	Map(conn, func(src pull.Source[[]byte]) pull.Source[frame.Msg] {
//		return frame.Decode(src, max)
//	}, func(src pull.Source[frame.Msg]) pull.Source[[]byte] {
//		return frame.Encode(src, max)
//	})
//
// Both throughs are applied at most once, in the call of Map and in that of the
// sink. Where one fails, its direction ends as if its source had failed: d's
// source is aborted, d's sink gets a failure. The halves are d's otherwise: use
// the one returned, and d no more.
func Map[R, W, A, B any](
	d Duplex[R, W], in pull.Through[R, A], out pull.Through[B, W],
) Duplex[A, B] {
	return Duplex[A, B]{
		Source: in(d.Source),
		Sink: func(ctx context.Context, src pull.Source[B]) error {
			return d.Sink(ctx, out(src))
		},
	}
}
