package frame

import (
	"context"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Encode turns each message into one chunk that holds its frame, for [Decode].
// It waits for nothing: a chunk is there as soon as its message is.
//
// A message of more than max bytes (0 or less: any but an empty one) fails
// with a [TooLargeError], and src is aborted with it.
func Encode(src pull.Source[Msg], max int) pull.Source[[]byte] {
	up := stage.Of(src)
	max = min(clamp(max), maxPayload)
	var pos int64
	return func(ctx context.Context) ([]byte, error) {
		if up.Stopped {
			return nil, up.Refuse(ctx)
		}
		m, err := up.Src(ctx)
		if err != nil {
			return nil, up.End(err)
		}
		if len(m) > max {
			return nil, up.Fail(ctx, &TooLargeError{Len: uint64(len(m)), Max: max, Offset: pos})
		}
		chunk := Append(make([]byte, 0, frameSize(len(m))), m)
		pos += int64(len(chunk))
		return chunk, nil
	}
}

// frameSize returns how many bytes the frame of an n byte payload takes.
func frameSize(n int) int {
	size := 1 + n + sumSize
	for rest := uint64(n) >> 7; rest > 0; rest >>= 7 {
		size++
	}
	return size
}
