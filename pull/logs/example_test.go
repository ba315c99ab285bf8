package logs_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/logs"
)

func ExampleHandler() {
	h := logs.NewHandler(1000, slog.LevelWarn)
	log := slog.New(h).With("host", "a")
	log.Info("started")
	log.Error("disk full", "path", "/var")
	h.End()
	for r, err := range h.Source().All(context.Background()) {
		fmt.Println(r.Level, r.Message, r.NumAttrs(), err)
	}
	// Output: ERROR disk full 2 <nil>
}

func ExampleLog() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	fmt.Println(logs.Log(context.Background(), pull.Values("a", "b"), logger, "seen"))
	// Output:
	// level=INFO msg=seen value=a
	// level=INFO msg=seen value=b
	// <nil>
}

func ExampleNewHandler() {
	h := logs.NewHandler(1, nil)
	slog.New(h).Info("kept")
	slog.New(h).Info("dropped")
	fmt.Println(h.Dropped())
	// Output: 1
}
