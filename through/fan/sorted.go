package fan

import (
	"context"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// MergeSorted returns the values of all srcs in order, given that each of them
// is in order: compare is negative, 0 or positive as a comes before b, is its
// equal, or comes after it. Equals come in the order of srcs; none is left out.
// Sources that are not in order give their values in no certain order.
//
// One value of each source is held, so that many are read ahead; what is held
// when the stream fails or is aborted is discarded. The end comes when all have
// ended. A value costs a comparison for each source.
func MergeSorted[T any](srcs []pull.Source[T], compare func(a, b T) int) pull.Source[T] {
	in := inputsOf(srcs)
	heads := make([]T, len(srcs))
	full := make([]bool, len(srcs))
	return stage.Run(&in.Many, func(ctx context.Context) (T, error) {
		var zero T
		least := -1
		for i := range heads {
			if !full[i] && in.srcs[i] != nil {
				v, err := in.read(ctx, i)
				if err != nil && err != io.EOF {
					return zero, err
				}
				heads[i], full[i] = v, err == nil
			}
			if full[i] && (least < 0 || compare(heads[i], heads[least]) < 0) {
				least = i
			}
		}
		if least < 0 {
			return zero, io.EOF
		}
		v := heads[least]
		heads[least], full[least] = zero, false
		return v, nil
	})
}
