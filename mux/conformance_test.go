package mux_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through"
)

// TestConformance runs both halves of a stream, and Accept, through pulltest.
// Their sessions outlive them, so the checks run in real time: side by side, as
// most of it is waiting, each with a session of its own.
func TestConformance(t *testing.T) {
	t.Parallel()
	t.Run("Stream.Duplex", func(t *testing.T) { streamConforms(t, (*mux.Stream).Duplex) })
	t.Run("Stream.Reused", func(t *testing.T) { streamConforms(t, (*mux.Stream).Reused) })
	t.Run("Session.Accept", acceptConforms)
}

func streamConforms(t *testing.T, of getDuplex) {
	t.Parallel()
	for name, conforms := range map[string]func(*testing.T, *mux.Session, *mux.Session, getDuplex){
		"Source": sourceConforms, "Sink": sinkConforms,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := tcp(t)
			client, server := connectWith(t, a, b, mux.Config{Window: 256 << 10})
			conforms(t, client, server, of)
		})
	}
}

// fresh opens a stream and returns both ends of it. It runs on goroutines that
// are not the test's.
func fresh(client, server *mux.Session) (ours, theirs *mux.Stream) {
	ctx := context.Background()
	ours, err := client.Open(ctx, "x", nil)
	if err != nil {
		panic(err)
	}
	if theirs, err = server.Accept(ctx); err != nil {
		panic(err)
	}
	return ours, theirs
}

// A getDuplex gives one of a stream's duplexes.
type getDuplex func(*mux.Stream) duplex.Duplex[[]byte, []byte]

func sourceConforms(t *testing.T, client, server *mux.Session, of getDuplex) {
	cases := map[string]struct {
		last error
		opts pulltest.SourceOptions[[]byte]
	}{
		"end":   {io.EOF, pulltest.SourceOptions[[]byte]{}},
		"reset": {pull.ErrStopped, pulltest.SourceOptions[[]byte]{End: pull.ErrStopped}},
		"stall": {nil, pulltest.SourceOptions[[]byte]{Stalls: true, Token: true}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			source := func() pull.Source[[]byte] {
				ours, theirs := fresh(client, server)
				go func() { _ = ours.Duplex().Sink(t.Context(), saying("hello", c.last)) }()
				go func() { _ = theirs.Duplex().Sink(t.Context(), pull.Empty[[]byte]()) }()
				go func() { _ = pull.Abort(ours.Duplex().Source, nil) }()
				return of(theirs).Source
			}
			c.opts.RealTime, c.opts.Holds = true, true
			c.opts.Want = [][]byte{[]byte("hello")}
			pulltest.Source(t, source, c.opts)
			bytes := pulltest.SourceOptions[byte]{Want: []byte("hello"), End: c.opts.End,
				Stalls: c.opts.Stalls, RealTime: true, Holds: true}
			pulltest.Source(t, func() pull.Source[byte] { return through.Flatten(source()) }, bytes)
		})
	}
}

// saying yields text and then ends with last, or waits when that is nil.
func saying(text string, last error) pull.Source[[]byte] {
	said := false
	return func(ctx context.Context) ([]byte, error) {
		switch {
		case ctx.Err() != nil:
			return nil, pull.Cause(ctx)
		case !said:
			said = true
			return []byte(text), nil
		case last == nil:
			<-ctx.Done()
			return nil, pull.Cause(ctx)
		}
		return nil, last
	}
}

func sinkConforms(t *testing.T, client, server *mux.Session, of getDuplex) {
	heard := make(chan error, 1) // how the last run's reader ended
	sink := func(read func(st *mux.Stream)) pull.Sink[[]byte] {
		return func(ctx context.Context, src pull.Source[[]byte]) error {
			ours, theirs := fresh(client, server)
			defer func() { _ = pull.Abort(ours.Duplex().Source, nil) }()
			go func() { _ = theirs.Duplex().Sink(t.Context(), pull.Empty[[]byte]()) }()
			go read(theirs)
			return of(ours).Sink(ctx, src)
		}
	}
	read := func(st *mux.Stream) {
		_, err := receive(t.Context(), st)
		heard <- err
	}
	opts := pulltest.SinkOptions[[]byte]{
		RealTime: true,
		Value:    func(i int) []byte { return []byte{byte(i)} },
		// A clean end is a commit: the peer sees one after success only.
		Committed: func() bool { return <-heard == io.EOF },
	}
	pulltest.Sink(t, sink(read), opts)

	opts.Committed = nil
	opts.Value = func(i int) []byte {
		if i < 5 { // enough to fill the window
			return make([]byte, 128<<10)
		}
		return []byte{byte(i)}
	}
	drained := func(st *mux.Stream) { _, _ = receive(t.Context(), st) }
	opts.Fail = sink(func(st *mux.Stream) {
		src := st.Duplex().Source
		_, _ = src(t.Context())
		_ = pull.Abort(src, errors.New("no more"))
	})
	opts.Stall = sink(func(st *mux.Stream) {})
	pulltest.Sink(t, sink(drained), opts)
}

// acceptConforms has a client that opens three streams and then closes, or
// does not.
func acceptConforms(t *testing.T) {
	t.Parallel()
	names := func(stalls bool) func() pull.Source[string] {
		return func() pull.Source[string] {
			a, b := net.Pipe()
			client, server := connect(t, a, b)
			for _, name := range []string{"a", "b", "c"} {
				st, err := client.Open(t.Context(), name, nil)
				require.NoError(t, err)
				require.NoError(t, st.Duplex().Close(nil))
			}
			if !stalls {
				go func() { _ = client.Close(t.Context()) }()
			}
			return through.Map(server.Accept, func(st *mux.Stream) string {
				_ = st.Duplex().Close(nil)
				return st.Name()
			})
		}
	}
	opts := pulltest.SourceOptions[string]{
		Want: []string{"a", "b", "c"}, RealTime: true, Holds: true,
	}
	pulltest.Source(t, names(false), opts)
	opts.Stalls, opts.Token = true, true
	pulltest.Source(t, names(true), opts)
}
