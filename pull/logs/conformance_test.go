package logs_test

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"go.uber.org/goleak"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/logs"
	"github.com/weir-go/weir/pull/pulltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// messages is the source of the records' messages.
func messages(src pull.Source[slog.Record]) pull.Source[string] {
	return func(ctx context.Context) (string, error) {
		r, err := src(ctx)
		return r.Message, err
	}
}

func TestConformance(t *testing.T) {
	fresh := func(end func(*logs.Handler)) func() pull.Source[string] {
		return func() pull.Source[string] {
			h := logs.NewHandler(3, nil)
			for _, msg := range []string{"a", "b", "c"} {
				slog.New(h).Info(msg)
			}
			end(h)
			return messages(h.Source())
		}
	}
	t.Run("Handler.Source", func(t *testing.T) {
		opts := pulltest.SourceOptions[string]{Want: []string{"a", "b", "c"}}
		pulltest.Source(t, fresh((*logs.Handler).End), opts)
		opts.Stalls, opts.Token = true, true
		pulltest.Source(t, fresh(func(*logs.Handler) {}), opts)
	})
	t.Run("Log", func(t *testing.T) {
		log := func(h slog.Handler) pull.Sink[int] {
			return func(ctx context.Context, src pull.Source[int]) error {
				return logs.Log(ctx, src, slog.New(h), "msg")
			}
		}
		pulltest.Sink(t, log(slog.NewTextHandler(io.Discard, nil)), pulltest.SinkOptions[int]{
			Panic: log(panicking{slog.DiscardHandler})})
		pulltest.Sink(t, func(ctx context.Context, src pull.Source[int]) error {
			return logs.Log(ctx, src, nil, "msg")
		}, pulltest.SinkOptions[int]{})
	})
}

type panicking struct{ slog.Handler }

func (panicking) Enabled(context.Context, slog.Level) bool { panic("handler") }
