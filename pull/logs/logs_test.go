package logs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/logs"
)

// The records mean what they would have meant to any other handler.
func TestHandlerIsASlogHandler(t *testing.T) {
	h := logs.NewHandler(1000, nil)
	err := slogtest.TestHandler(h, func() (results []map[string]any) {
		h.End()
		err := pull.Each(context.Background(), h.Source(), func(r slog.Record) error {
			var line bytes.Buffer
			if err := slog.NewJSONHandler(&line, nil).Handle(context.Background(), r); err != nil {
				return err
			}
			var m map[string]any
			err := json.Unmarshal(line.Bytes(), &m)
			results = append(results, m)
			return err
		})
		require.NoError(t, err)
		return results
	})
	require.NoError(t, err)
}

func TestHandlerNeverWaits(t *testing.T) {
	h := logs.NewHandler(2, nil)
	log := slog.New(h).With("a", 1).WithGroup("g")
	for range 5 {
		log.Info("msg", "b", 2)
	}
	require.EqualValues(t, 3, h.Dropped())
	h.End()
	n, err := pull.Len(context.Background(), h.Source())
	require.NoError(t, err)
	require.Equal(t, 2, n)
	log.Info("late")
	require.EqualValues(t, 3, h.Dropped(), "no room is another matter than no source")
	require.Equal(t, pull.ErrEnded, h.Handle(context.Background(), slog.Record{}))
	require.Panics(t, func() { logs.NewHandler(0, nil) })
}

func TestHandlerAborted(t *testing.T) {
	cause := errors.New("enough")
	h := logs.NewHandler(2, nil)
	slog.New(h).Info("msg")
	require.NoError(t, pull.Abort(h.Source(), cause))
	require.Equal(t, cause, h.Handle(context.Background(), slog.Record{}))
}

func TestHandlerLevels(t *testing.T) {
	var level slog.LevelVar
	for _, h := range []*logs.Handler{logs.NewHandler(9, nil), logs.NewHandler(9, &level)} {
		level.Set(slog.LevelInfo)
		slog.New(h).Debug("no")
		slog.New(h).Info("yes")
		level.Set(slog.LevelError)
		slog.New(h).WithGroup("g").Warn("maybe")
		h.End()
		got, err := pull.Collect(context.Background(), messages(h.Source()))
		require.NoError(t, err)
		if h.Enabled(context.Background(), slog.LevelWarn) {
			require.Equal(t, []string{"yes", "maybe"}, got)
		} else {
			require.Equal(t, []string{"yes"}, got)
		}
	}
}

// What was derived from one handler does not see what others derived.
func TestHandlersDoNotShareAttributes(t *testing.T) {
	h := logs.NewHandler(9, nil)
	base := slog.New(h).With("a", 1).WithGroup("g").With("b", 2)
	base.With("c", 3).Info("one")
	base.With("d", 4).WithGroup("h").Info("two", "e", 5)
	base.WithGroup("empty").Info("three")
	deep := slog.New(h).WithGroup("a").WithGroup("b").WithGroup("c") // has room for one more
	x, y := deep.WithGroup("x"), deep.WithGroup("y")
	x.Info("four", "f", 6)
	y.Info("five", "f", 7)
	h.End()
	var lines bytes.Buffer
	text := slog.NewTextHandler(&lines, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})
	require.NoError(t, pull.Each(context.Background(), h.Source(), func(r slog.Record) error {
		return text.Handle(context.Background(), r)
	}))
	require.Equal(t, "level=INFO msg=one a=1 g.b=2 g.c=3\n"+
		"level=INFO msg=two a=1 g.b=2 g.d=4 g.h.e=5\n"+
		"level=INFO msg=three a=1 g.b=2\n"+
		"level=INFO msg=four a.b.c.x.f=6\n"+
		"level=INFO msg=five a.b.c.y.f=7\n", lines.String())
}

// A record belongs to who reads it, however large.
func TestRecordsAreTheReaders(t *testing.T) {
	r := slog.NewRecord(time.Now(), slog.LevelInfo, "msg", 0)
	for i := range 11 {
		r.AddAttrs(slog.Int("i", i))
	}
	h := logs.NewHandler(1, nil)
	require.NoError(t, h.Handle(context.Background(), r))
	r.AddAttrs(slog.Bool("theirs", true))
	got, err := h.Source()(context.Background())
	require.NoError(t, err)
	got.AddAttrs(slog.Bool("ours", true))
	require.Equal(t, 12, got.NumAttrs())
	r.Attrs(func(a slog.Attr) bool {
		require.NotEqual(t, "ours", a.Key)
		return true
	})
}

func TestHandlerFromManyGoroutines(t *testing.T) {
	h := logs.NewHandler(10, nil)
	var logging sync.WaitGroup
	for i := range 4 {
		logging.Go(func() {
			for range 1000 {
				slog.New(h).With("i", i).Info("msg")
			}
		})
	}
	go func() { logging.Wait(); h.End() }()
	n, err := pull.Len(context.Background(), h.Source())
	require.NoError(t, err)
	require.EqualValues(t, 4000, int64(n)+h.Dropped())
}

func TestLogStopsWhereTheSourceFails(t *testing.T) {
	h := logs.NewHandler(9, nil)
	boom := errors.New("boom")
	src := pull.From(pull.Values("x"), nil)
	assert.NoError(t, logs.Log(context.Background(), src, slog.New(h), "got"))
	assert.Equal(t, boom, logs.Log(context.Background(), pull.Error[int](boom), slog.New(h), "no"))
	h.End()
	records, err := pull.Collect(context.Background(), h.Source())
	require.NoError(t, err)
	require.Len(t, records, 1)
	records[0].Attrs(func(a slog.Attr) bool {
		require.Equal(t, slog.Any("value", "x"), a)
		return true
	})
}
