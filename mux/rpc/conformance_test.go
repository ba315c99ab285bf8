package rpc_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux/rpc"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through/frame"
)

// TestConformance runs the streams that arrive through pulltest. Their sessions
// outlive them, so the checks run in real time.
func TestConformance(t *testing.T) {
	t.Parallel()
	t.Run("Source", sourceConforms)
	t.Run("Sink", sinkConforms)
	t.Run("Duplex", duplexConforms)
	t.Run("Lines", linesConform)
	t.Run("New", newConforms)
}

// passing makes Peers of which one passes what make makes.
func passing[T any](t *testing.T, make func() T) (get func() T) {
	a, _ := over(t, nil, Methods{"get": rpc.Func(func(context.Context, int) (T, error) {
		return make(), nil
	})})
	return func() (v T) {
		if err := a.Call(context.Background(), "get", &v, 0); err != nil {
			panic(err)
		}
		return v
	}
}

// stalling waits for ever behind its values.
func stalling(values ...string) pull.Source[string] {
	return func(ctx context.Context) (string, error) {
		if len(values) == 0 || ctx.Err() != nil {
			<-ctx.Done()
			return "", pull.Cause(ctx)
		}
		v := values[0]
		values = values[1:]
		return v, nil
	}
}

func sourceConforms(t *testing.T) {
	t.Parallel()
	get := passing(t, func() rpc.Source[string] { return rpc.Source[string](pull.Values("a", "b", "c")) })
	pulltest.Source(t, func() pull.Source[string] { return pull.Source[string](get()) },
		pulltest.SourceOptions[string]{Want: []string{"a", "b", "c"}, RealTime: true})
	get = passing(t, func() rpc.Source[string] { return rpc.Source[string](stalling("a", "b")) })
	pulltest.Source(t, func() pull.Source[string] { return pull.Source[string](get()) },
		pulltest.SourceOptions[string]{Want: []string{"a", "b"}, Stalls: true, RealTime: true})
}

func sinkConforms(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	sink := func(inner pull.Sink[string]) pull.Sink[string] {
		get := passing(t, func() rpc.Sink[string] { return rpc.Sink[string](inner) })
		return func(ctx context.Context, src pull.Source[string]) error { return get()(ctx, src) }
	}
	opts := pulltest.SinkOptions[string]{
		RealTime:  true,
		ReadAhead: -1, // what a mux stream reads ahead is bytes
		Value: func(i int) string { // enough to fill the window
			if i < 5 {
				return strings.Repeat("x", 128<<10)
			}
			return "x"
		},
		Fail: sink(func(ctx context.Context, src pull.Source[string]) error {
			if _, err := src(ctx); err != nil {
				return err
			}
			_ = pull.Abort(src, errBoom)
			return errBoom
		}),
		Stall: sink(func(ctx context.Context, src pull.Source[string]) error {
			<-ctx.Done()
			return pull.AbortIn(ctx, src, pull.Cause(ctx))
		}),
	}
	pulltest.Sink(t, sink(pull.Drain[string]), opts)

	// What is said to have gone well has gone well at the other side, too.
	opts.Fail, opts.Stall, opts.Value = nil, nil, func(int) string { return "x" }
	committed := sink(func(ctx context.Context, src pull.Source[string]) error {
		err := pull.Drain(ctx, src)
		ended <- err
		return err
	})
	require.NoError(t, committed(t.Context(), pull.Values("x")))
	require.NoError(t, <-ended)
	require.Equal(t, errBoom, committed(t.Context(), pull.Error[string](errBoom)))
	require.Error(t, <-ended)
}

func duplexConforms(t *testing.T) {
	t.Parallel()
	get := passing(t, func() rpc.Duplex[string, string] {
		return rpc.Duplex[string, string]{Source: pull.Values("a", "b"), Sink: pull.Drain[string]}
	})
	pulltest.Source(t, func() pull.Source[string] {
		d := get()
		go func() { _ = d.Sink(context.Background(), pull.Empty[string]()) }()
		return d.Source
	}, pulltest.SourceOptions[string]{Want: []string{"a", "b"}, RealTime: true, Holds: true})
	pulltest.Sink(t, func(ctx context.Context, src pull.Source[string]) error {
		d := get()
		defer func() { _ = pull.Abort(d.Source, nil) }()
		return d.Sink(ctx, src)
	}, pulltest.SinkOptions[string]{RealTime: true, Value: func(int) string { return "x" }})
}

func linesConform(t *testing.T) {
	source := func() pull.Source[string] {
		d := rpc.Lines(duplex.Duplex[[]byte, []byte]{Source: pull.Values([]byte("a\nb"), []byte("c\n"))}, 0)
		return texts(d.Source)
	}
	pulltest.Source(t, source, pulltest.SourceOptions[string]{Want: []string{"a", "bc"}})
	var got string
	sink := rpc.Lines(duplex.Duplex[[]byte, []byte]{
		Source: pull.Empty[[]byte](),
		Sink: func(ctx context.Context, src pull.Source[[]byte]) error {
			return pull.Each(ctx, src, func(chunk []byte) error {
				got += string(chunk)
				return nil
			})
		},
	}, 0).Sink
	pulltest.Sink(t, sink, pulltest.SinkOptions[frame.Msg]{
		Value: func(int) frame.Msg { return frame.Msg("x") },
	})
	require.Contains(t, got, "x\nx\n")
}

func texts(src pull.Source[frame.Msg]) pull.Source[string] {
	return func(ctx context.Context) (string, error) {
		msg, err := src(ctx)
		return string(msg), err
	}
}

// What a Peer sends is a source as others are.
func newConforms(t *testing.T) {
	pulltest.Source(t, func() pull.Source[string] {
		sources := make(chan pull.Source[frame.Msg], 1)
		free := make(chan struct{})
		p := rpc.New(duplex.Duplex[frame.Msg, frame.Msg]{
			Source: pull.Values[frame.Msg](),
			Sink: func(ctx context.Context, src pull.Source[frame.Msg]) error {
				sources <- src
				<-free
				return nil
			},
		}, nil, rpc.Config{})
		_ = p
		src := texts(<-sources)
		return pull.From(src, func(cause error) error {
			err := pull.Abort(src, cause)
			close(free)
			<-p.Done()
			return err
		})
	}, pulltest.SourceOptions[string]{RealTime: true, Holds: true, End: io.EOF,
		Want: []string{`{"method":"methods","arguments":[{}],"callbacks":{},"links":[],"weir":1}`}})
}
