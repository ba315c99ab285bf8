package through

import (
	"context"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Batch returns the values of src in slices of n (less than 1 means 1). The
// last slice may be shorter: what has been read when src ends or fails is
// delivered before that, and discarded when a call's context is cancelled while
// Batch waits. No slice is empty. Batch waits for a full slice, however long
// src takes, and reads no value beyond it.
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
		v, err := up.Src(ctx)
		if err != nil {
			return nil, up.End(err)
		}
		batch := append(make([]T, 0, room), v)
		for len(batch) < n {
			v, err := up.Src(ctx)
			if err == nil {
				batch = append(batch, v)
				continue
			}
			if err != io.EOF && ctx.Err() != nil {
				return nil, up.End(err)
			}
			up.Last(err)
			break
		}
		room = len(batch)
		return batch, nil
	}
}
