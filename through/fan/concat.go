package fan

import (
	"context"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Concat returns the values of srcs, one source after the other. The next one
// is called when one has ended. A failure ends the stream; the sources that
// were to follow are aborted because of it. Nothing is read ahead.
func Concat[T any](srcs ...pull.Source[T]) pull.Source[T] {
	in := inputsOf(srcs)
	i := 0
	return stage.Run(&in.Many, func(ctx context.Context) (v T, err error) {
		for ; i < len(in.srcs); i++ {
			if v, err = in.read(ctx, i); err != io.EOF {
				return v, err
			}
		}
		return v, io.EOF
	})
}

// Interleave returns one value of each of srcs in turn. Sources that have ended
// are left out; the end comes when all have. A failure ends the stream, and the
// other sources are aborted because of it. Nothing is read ahead, so a source
// that has nothing ready holds up its turn: see [Merge].
func Interleave[T any](srcs ...pull.Source[T]) pull.Source[T] {
	in := inputsOf(srcs)
	turn, left := 0, len(srcs)
	return stage.Run(&in.Many, func(ctx context.Context) (v T, err error) {
		for left > 0 {
			i := turn
			turn = (turn + 1) % len(in.srcs)
			if in.srcs[i] == nil {
				continue
			}
			if v, err = in.read(ctx, i); err != io.EOF {
				return v, err
			}
			left--
		}
		return v, io.EOF
	})
}

// inputs are sources of one type.
type inputs[T any] struct {
	stage.Many
	srcs []pull.Source[T] // nil: has ended
}

func inputsOf[T any](srcs []pull.Source[T]) *inputs[T] {
	in := &inputs[T]{srcs: append([]pull.Source[T](nil), srcs...)}
	for _, src := range srcs {
		stage.Add(&in.Many, src)
	}
	return in
}

// read returns the next value of source i, and notes its end.
func (in *inputs[T]) read(ctx context.Context, i int) (T, error) {
	v, err := in.srcs[i](ctx)
	if err != nil {
		in.Ended(i)
		in.srcs[i] = nil
	}
	return v, err
}
