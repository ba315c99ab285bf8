package muxdemux_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux/muxdemux"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through"
)

func is(err, target error) bool { return errors.Is(err, target) }

// TestConformance runs both halves of a stream, and Accept, through pulltest.
// Their sessions outlive them, so the checks run in real time.
func TestConformance(t *testing.T) {
	t.Parallel()
	t.Run("New", func(t *testing.T) {
		t.Parallel()
		a, b := connect(t, muxdemux.Config{}) // of muxdemux.New
		streamConforms(t, a, b, (*muxdemux.Stream).Duplex)
	})
	t.Run("Stream.Duplex", func(t *testing.T) {
		t.Parallel()
		a, b := connect(t, muxdemux.Config{Hold: 2000})
		streamConforms(t, a, b, (*muxdemux.Stream).Duplex)
	})
	t.Run("Values", func(t *testing.T) {
		t.Parallel()
		a, b := connect(t, muxdemux.Config{Hold: 2000})
		streamConforms(t, a, b, muxdemux.Values[string, string])
	})
	t.Run("Session.Accept", acceptConforms)
}

// fresh opens a stream and returns both ends of it. It runs on goroutines that
// are not the test's.
func fresh(a, b *muxdemux.Session) (ours, theirs *muxdemux.Stream) {
	ctx := context.Background()
	ours, err := a.Open(ctx, "x", muxdemux.Both)
	if err != nil {
		panic(err)
	}
	if theirs, err = b.Accept(ctx); err != nil {
		panic(err)
	}
	return ours, theirs
}

// texts are types that hold a text in JSON.
type texts interface{ ~string | ~[]byte }

// quoted makes a text of JSON, or a text.
func quoted[T texts](text string) T {
	var v T
	if _, raw := any(v).(json.RawMessage); raw {
		return T(`"` + text + `"`)
	}
	return T(text)
}

func streamConforms[T texts](
	t *testing.T, a, b *muxdemux.Session, of func(*muxdemux.Stream) duplex.Duplex[T, T],
) {
	_, token := any(*new(T)).(json.RawMessage) // Values leaves the check to what is below
	t.Run("Source", func(t *testing.T) {
		for name, end := range map[string]error{"end": io.EOF, "stall": nil} {
			source := func() pull.Source[T] {
				ours, theirs := fresh(a, b)
				go func() { _ = ours.Duplex().Sink(t.Context(), saying(`"hello"`, end)) }()
				go func() { _ = theirs.Duplex().Sink(t.Context(), pull.Empty[json.RawMessage]()) }()
				go func() { _ = pull.Abort(ours.Duplex().Source, nil) }()
				return of(theirs).Source
			}
			t.Run(name, func(t *testing.T) {
				pulltest.Source(t, source, pulltest.SourceOptions[T]{
					Want: []T{quoted[T]("hello")}, RealTime: true, Holds: true,
					Stalls: end == nil, Token: end == nil && token,
				})
			})
		}
	})
	t.Run("Sink", func(t *testing.T) { sinkConforms(t, a, b, of) })
}

// saying yields a value and then ends with last, or waits when that is nil.
func saying(value string, last error) pull.Source[json.RawMessage] {
	said := false
	return func(ctx context.Context) (json.RawMessage, error) {
		switch {
		case ctx.Err() != nil:
			return nil, pull.Cause(ctx)
		case !said:
			said = true
			return json.RawMessage(value), nil
		case last == nil:
			return never(ctx)
		}
		return nil, last
	}
}

func sinkConforms[T texts](
	t *testing.T, a, b *muxdemux.Session, of func(*muxdemux.Stream) duplex.Duplex[T, T],
) {
	heard := make(chan error, 1) // how the last run's reader ended
	sink := func(read func(st *muxdemux.Stream)) pull.Sink[T] {
		return func(ctx context.Context, src pull.Source[T]) error {
			ours, theirs := fresh(a, b)
			defer func() { _ = pull.Abort(ours.Duplex().Source, nil) }()
			go func() {
				_ = theirs.Duplex().Sink(t.Context(), pull.Empty[json.RawMessage]())
				read(theirs)
			}()
			return of(ours).Sink(ctx, src)
		}
	}
	opts := pulltest.SinkOptions[T]{
		RealTime: true,
		Value:    func(i int) T { return quoted[T](strings.Repeat("x", 1000)) },
		// A clean end is a commit: the peer sees one after success only.
		Committed: func() bool { return <-heard == io.EOF },
	}
	pulltest.Sink(t, sink(func(st *muxdemux.Stream) {
		_, err := receive(t.Context(), st)
		heard <- err
	}), opts)

	opts.Committed = nil
	opts.ReadAhead = -1 // what is on its way when pause comes is not a number
	opts.Fail = sink(func(st *muxdemux.Stream) {
		src := st.Duplex().Source
		_, _ = src(t.Context())
		_ = pull.Abort(src, errBoom)
	})
	opts.Stall = sink(func(*muxdemux.Stream) {})
	pulltest.Sink(t, sink(func(st *muxdemux.Stream) { _, _ = receive(t.Context(), st) }), opts)
}

// acceptConforms has a peer that opens three streams and then closes, or does
// not.
func acceptConforms(t *testing.T) {
	t.Parallel()
	metas := func(stalls bool) func() pull.Source[string] {
		return func() pull.Source[string] {
			a, b := connect(t, muxdemux.Config{})
			for _, meta := range []string{"a", "b", "c"} {
				st, err := a.Open(t.Context(), meta, muxdemux.Both)
				require.NoError(t, err)
				require.NoError(t, st.Duplex().Close(nil))
			}
			if !stalls {
				go func() { _ = a.Close(t.Context()) }()
			}
			return through.Map(b.Accept, func(st *muxdemux.Stream) string {
				_ = st.Duplex().Close(nil)
				return string(st.Meta())
			})
		}
	}
	opts := pulltest.SourceOptions[string]{
		Want: []string{`"a"`, `"b"`, `"c"`}, RealTime: true, Holds: true,
	}
	pulltest.Source(t, metas(false), opts)
	opts.Stalls, opts.Token = true, true
	pulltest.Source(t, metas(true), opts)
}
