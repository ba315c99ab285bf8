package through

import (
	"context"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Batch returns the values of src in slices of n (less than 1 means 1). The
// last slice may be shorter: what has been read when src ends or fails is
// delivered before that. No slice is empty. Batch waits for a full slice,
// however long src takes, and reads no value beyond it.
//
// A slice belongs to the receiver. It is allocated as values arrive, so a large
// n costs nothing where there are few.
func Batch[T any](src pull.Source[T], n int) pull.Source[[]T] {
	n = max(n, 1)
	up := stage.Of(src)
	room := min(n, 16)
	return func(ctx context.Context) ([]T, error) {
		if up.Stopped {
			return nil, up.Refuse(ctx)
		}
		var batch []T
		for len(batch) < n {
			v, err := up.Src(ctx)
			if err != nil && len(batch) == 0 {
				return nil, up.End(err)
			}
			if err != nil {
				up.Last(err)
				break
			}
			if batch == nil {
				batch = make([]T, 0, room)
			}
			batch = append(batch, v)
		}
		room = len(batch)
		return batch, nil
	}
}
