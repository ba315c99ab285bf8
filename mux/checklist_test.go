package mux_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

// TestMuxDemuxChecklist is what the tests of mux-demux, the ancestor of this
// package, ask of a multiplexer.
func TestMuxDemuxChecklist(t *testing.T) {
	rows := []struct {
		name string
		test func(t *testing.T, client, server *mux.Session)
		skip string
	}{
		{name: "01 ending a stream ends both halves at once", test: endsBoth},
		{name: "02 half open: ending one half leaves the other", test: endsOne},
		{name: "03 close returns after the last stream", test: closesLast},
		{name: "04 cut: an error at both ends, and the same values before it", test: cutGivesErrors},
		{name: "05 one way: values, then the end", test: oneWay},
		{name: "06 written on accepting, and read before the end", test: writtenOnAccept},
		{name: "07 abort ends the session at once, streams or not", test: abortsAtOnce},
		{name: "08 nobody accepts: the opener gets an error", test: nobodyAccepts},
		{name: "09 metadata arrives, and names need not be unique", test: equalNames},
		{name: "10 echo", test: echoes(1)},
		{name: "11 two echoes at once, each in order", test: echoes(2)},
		{name: "12 opened before anybody accepts", test: openedEarly},
		{name: "13 the writer is paused and resumed by the reader", test: pauseAndResume},
		{name: "14 wrappers", skip: "JSON, JSONB and msgpack on the wire are npm's; here streams " +
			"carry bytes, and codecs are throughs"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if row.skip != "" {
				t.Skip(row.skip)
			}
			bubble(t, func(t *testing.T) {
				a, b := net.Pipe()
				client, server := connectWith(t, a, b, mux.Config{Window: 256 << 10})
				row.test(t, client, server)
			})
		})
	}
}

func endsBoth(t *testing.T, client, server *mux.Session) {
	ours, theirs := pair(t, client, server, "x")
	require.NoError(t, send(soon(t), theirs, []byte("not wanted"), 3))
	settle()
	cause := errors.New("enough")
	require.NoError(t, ours.Duplex().Close(cause))
	_, err := ours.Duplex().Source(soon(t))
	require.Equal(t, cause, err)
}

func endsOne(t *testing.T, client, server *mux.Session) {
	ours, theirs := pair(t, client, server, "x")
	require.NoError(t, send(soon(t), ours, nil, 1))
	require.NoError(t, send(soon(t), theirs, []byte("still wanted"), 3))
	got, err := receive(soon(t), ours)
	require.Equal(t, io.EOF, err)
	require.Equal(t, "still wanted", string(got))
}

func closesLast(t *testing.T, client, server *mux.Session) {
	var ends []*mux.Stream
	for range 3 {
		ours, theirs := pair(t, client, server, "x")
		ends = append(ends, ours, theirs)
	}
	closed := later(func() error { return client.Close(soon(t)) })
	for _, st := range ends {
		settle()
		require.Empty(t, closed)
		require.NoError(t, st.Duplex().Close(nil))
	}
	require.NoError(t, <-closed)
}

func cutGivesErrors(t *testing.T, client, server *mux.Session) {
	ours, theirs := pair(t, client, server, "x")
	gone := make(chan error, 1)
	sank := later(func() error { return ours.Duplex().Sink(soon(t), blocked("the start", gone)) })
	chunk, err := theirs.Duplex().Source(soon(t))
	require.NoError(t, err)
	require.Equal(t, "the start", string(chunk))
	cause := errors.New("cut")
	require.NoError(t, client.Abort(cause))
	require.Equal(t, cause, <-sank)
	require.Equal(t, cause, <-gone)
	_, err = theirs.Duplex().Source(soon(t))
	require.ErrorIs(t, err, mux.ErrLost)
	require.NotErrorIs(t, err, io.EOF)
}

func oneWay(t *testing.T, client, server *mux.Session) {
	ours, theirs := pair(t, client, server, "x")
	sent := later(func() error { return send(soon(t), ours, []byte("a b c d"), 1) })
	got, err := receive(soon(t), theirs)
	require.Equal(t, io.EOF, err)
	require.Equal(t, "a b c d", string(got))
	require.NoError(t, <-sent)
}

func writtenOnAccept(t *testing.T, client, server *mux.Session) {
	ours, theirs := pair(t, client, server, "x")
	four := pull.Values([]byte("1"), []byte("2"), []byte("3"), []byte("4"))
	require.NoError(t, theirs.Duplex().Sink(soon(t), four))
	got, err := receive(soon(t), ours)
	require.Equal(t, io.EOF, err)
	require.Equal(t, "1234", string(got))
}

func abortsAtOnce(t *testing.T, client, server *mux.Session) {
	ours, _ := pair(t, client, server, "x")
	require.NoError(t, client.Abort(nil))
	<-client.Done()
	_, err := ours.Duplex().Source(soon(t))
	require.Equal(t, pull.ErrStopped, err)
	_, err = server.Accept(soon(t))
	require.ErrorIs(t, err, mux.ErrLost)
}

func nobodyAccepts(t *testing.T, client, server *mux.Session) {
	served := later(func() error { return new(mux.Router).Serve(t.Context(), server) })
	_, err := ask(soon(t), client, "x")
	require.Equal(t, mux.CodeRefused, err.(*mux.StreamError).Code)
	require.NoError(t, client.Close(soon(t)))
	require.NoError(t, <-served)
}

func equalNames(t *testing.T, client, server *mux.Session) {
	meta := map[string]string{"n": "1"}
	var ours, theirs [2]*mux.Stream
	for i := range 2 {
		var err error
		ours[i], err = client.Open(soon(t), "same", meta)
		require.NoError(t, err)
		theirs[i], err = server.Accept(soon(t))
		require.NoError(t, err)
		require.Equal(t, "same", theirs[i].Name())
		require.Equal(t, meta, theirs[i].Meta())
	}
	require.NotEqual(t, ours[0].ID(), ours[1].ID())
	for i := range 2 {
		require.NoError(t, send(soon(t), ours[i], []byte{byte(i)}, 1))
	}
	for i := range 2 {
		got, err := receive(soon(t), theirs[i])
		require.Equal(t, io.EOF, err)
		require.Equal(t, []byte{byte(i)}, got)
	}
}

func echoes(n int) func(t *testing.T, client, server *mux.Session) {
	return func(t *testing.T, client, server *mux.Session) {
		go func() { _ = echo(soon(t), server) }()
		var work sync.WaitGroup
		for i := range n {
			work.Go(func() {
				question := bytes.Repeat([]byte{byte(i), 1, 2, 3, 4, 5, 6, 7}, 100_000)
				got, err := askBytes(soon(t), client, question)
				assert.NoError(t, err)
				assert.True(t, bytes.Equal(question, got))
			})
		}
		work.Wait()
		require.NoError(t, client.Close(soon(t)))
	}
}

func openedEarly(t *testing.T, client, server *mux.Session) {
	for _, name := range []string{"a", "b", "c"} {
		st, err := client.Open(soon(t), name, nil)
		require.NoError(t, err)
		require.NoError(t, send(soon(t), st, []byte(name), 1))
	}
	settle()
	for _, name := range []string{"a", "b", "c"} {
		st, err := server.Accept(soon(t))
		require.NoError(t, err)
		require.Equal(t, name, st.Name())
		got, err := receive(soon(t), st)
		require.Equal(t, io.EOF, err)
		require.Equal(t, name, string(got))
	}
}

func pauseAndResume(t *testing.T, client, server *mux.Session) {
	ours, theirs := pair(t, client, server, "x")
	pulled := 0
	go func() {
		_ = ours.Duplex().Sink(t.Context(), func(ctx context.Context) ([]byte, error) {
			if ctx.Err() != nil {
				return nil, pull.Cause(ctx)
			}
			pulled++
			return make([]byte, 10_000), nil
		})
	}()
	src, last := theirs.Duplex().Source, 0
	for range 5 {
		settle()
		require.Greater(t, pulled, last, "the writer goes on")
		last = pulled
		settle()
		require.Equal(t, last, pulled, "and is paused when the window is full")
		for read := 0; read < 256<<10; {
			chunk, err := src(soon(t))
			require.NoError(t, err)
			read += len(chunk)
		}
	}
	require.NoError(t, pull.Abort(src, nil))
	settle()
}
