package logs

import (
	"context"
	"log/slog"

	"github.com/weir-go/weir/pull"
)

// Log reads src to its end and logs each value as the attribute "value" of a
// record with msg, at slog.LevelInfo. It returns src's failure, which it does
// not log, or [pull.Cause] of ctx. A nil logger logs nothing. What the logger's
// handler returns is lost, as with any use of a slog.Logger.
func Log[T any](ctx context.Context, src pull.Source[T], logger *slog.Logger, msg string) error {
	if logger == nil {
		return pull.Drain(ctx, src)
	}
	return pull.Each(ctx, src, func(v T) error {
		logger.LogAttrs(ctx, slog.LevelInfo, msg, slog.Any("value", v))
		return nil
	})
}
