package httpstream

import (
	"context"
	"errors"

	"github.com/weir-go/weir/pull"
)

// derived is the source of what next returns, which reads src by read. It has
// a through's duties: src is aborted, under a context derived from the call's,
// unless it was the one to end.
func derived[A, B any](
	src pull.Source[A], next func(ctx context.Context, read pull.Source[A]) (B, error),
) pull.Source[B] {
	d := &derivation[A]{src: src}
	from := pull.From(func(ctx context.Context) (B, error) { return next(ctx, d.read) }, d.release)
	return func(ctx context.Context) (B, error) {
		d.ctx = ctx
		defer func() { d.ctx = nil }()
		return from(ctx)
	}
}

type derivation[A any] struct {
	src pull.Source[A]
	ctx context.Context // of the call under way
	end error           // src's
}

func (d *derivation[A]) read(ctx context.Context) (A, error) {
	v, err := d.src(ctx)
	d.end = err
	return v, err
}

func (d *derivation[A]) release(cause error) error {
	err := d.end
	if err == nil {
		err = pull.AbortIn(d.ctx, d.src, cause)
	}
	var known, news *pull.ReleaseError
	if errors.As(cause, &known) || !errors.As(err, &news) {
		return nil
	}
	return news.Err
}
