package through

import (
	"context"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Recover returns the values of src and, if it fails, those of the source that
// instead makes of the failure, in its place. It is called at most once, in the
// call that src failed in: not at a clean end, and not when that call's context
// is done. If it returns nil, the failure stands.
//
// A failure of the second source is final; Recover again what Recover returned
// to replace that too. Values are returned as they come, so some that src gave
// before it failed may come again from the second source.
func Recover[T any](src pull.Source[T], instead func(error) pull.Source[T]) pull.Source[T] {
	up := stage.Of(src)
	return func(ctx context.Context) (T, error) {
		if up.Stopped {
			var zero T
			return zero, up.Refuse(ctx)
		}
		up.Stopped = true // what fails after a panic is not replaced
		v, err := up.Src(ctx)
		up.Stopped = false
		if err == nil {
			return v, nil
		}
		up.End(err) // stands if instead panics
		if err == io.EOF || instead == nil || ctx.Err() != nil {
			return v, err
		}
		replace := instead
		instead = nil
		second := replace(err)
		if second == nil {
			return v, err
		}
		up = stage.Of(second)
		if v, err = second(ctx); err != nil {
			up.End(err)
		}
		return v, err
	}
}
