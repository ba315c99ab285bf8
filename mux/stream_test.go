package mux_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// blocked is a source that yields first and then waits for its context; gone
// gets the cause.
func blocked(first string, gone chan<- error) pull.Source[[]byte] {
	return pull.From(func(ctx context.Context) ([]byte, error) {
		if first != "" {
			b := []byte(first)
			first = ""
			return b, nil
		}
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}, func(cause error) error {
		gone <- cause
		return nil
	})
}

func TestNameAndMeta(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		client, server := connect(t, a, b)
		meta := map[string]string{"b": "2", "a": "1", "": ""}
		st, err := client.Open(soon(t), "näme", meta)
		require.NoError(t, err)
		meta["a"] = "changed"
		got, err := server.Accept(soon(t))
		require.NoError(t, err)
		for _, st := range []*mux.Stream{st, got} {
			require.Equal(t, "näme", st.Name())
			require.Equal(t, map[string]string{"b": "2", "a": "1", "": ""}, st.Meta())
			require.EqualValues(t, 3, st.ID())
		}
		back, err := server.Open(soon(t), "", nil)
		require.NoError(t, err)
		require.EqualValues(t, 2, back.ID())
		require.Nil(t, back.Meta())

		_, err = client.Open(soon(t), string(make([]byte, 4097)), nil)
		require.ErrorContains(t, err, "over 4096")
		_, err = client.Open(soon(t), "x", map[string]string{"k": "\xFF"})
		require.ErrorContains(t, err, "UTF-8")
		full := string(bytes.Repeat([]byte("n"), 4093))
		_, err = client.Open(soon(t), full, nil)
		require.NoError(t, err)
		got, err = server.Accept(soon(t))
		require.NoError(t, err)
		require.Equal(t, full, got.Name())
	})
}

func TestHalfClose(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		client, server := connect(t, a, b)
		ours, theirs := pair(t, client, server, "half")
		require.NoError(t, send(soon(t), ours, []byte("question"), 3))
		got, err := receive(soon(t), theirs)
		require.Equal(t, io.EOF, err)
		require.Equal(t, "question", string(got))
		answer := noise(3 << 20)
		sent := make(chan error, 1)
		go func() { sent <- send(soon(t), theirs, answer, 50_000) }()
		got, err = receive(soon(t), ours)
		require.Equal(t, io.EOF, err)
		require.True(t, bytes.Equal(answer, got))
		require.NoError(t, <-sent)
		require.NoError(t, client.Close(soon(t)))
		require.Equal(t, 0, server.Stats().Streams)
	})
}

func TestReaderAborts(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		client, server := connect(t, a, b)
		salty := errors.New("too salty\nstack")
		for cause, want := range map[error]*mux.StreamError{
			salty:                                    {Code: mux.CodeFailed, Text: "too salty", Remote: true},
			pull.ErrStopped:                          {Code: mux.CodeStopped, Remote: true},
			context.DeadlineExceeded:                 {Code: mux.CodeDeadline, Remote: true},
			context.Canceled:                         {Code: mux.CodeCanceled, Remote: true},
			&mux.StreamError{Code: 99, Text: "mine"}: {Code: 99, Text: "mine", Remote: true},
		} {
			ours, theirs := pair(t, client, server, "abort")
			gone := make(chan error, 1)
			sank := make(chan error, 1)
			go func() { sank <- ours.Duplex().Sink(soon(t), blocked("hello", gone)) }()
			src := theirs.Duplex().Source
			chunk, err := src(soon(t))
			require.NoError(t, err)
			require.Equal(t, "hello", string(chunk))
			require.NoError(t, pull.Abort(src, cause))
			_, err = src(soon(t))
			require.Equal(t, cause, err)

			require.Equal(t, want, <-gone)
			err = <-sank
			require.Equal(t, want, err)
			require.Equal(t, cause == pull.ErrStopped, errors.Is(err, pull.ErrStopped))

			require.NoError(t, send(soon(t), theirs, []byte("still"), 5))
			got, err := receive(soon(t), ours)
			require.Equal(t, io.EOF, err, "the other direction goes on")
			require.Equal(t, "still", string(got))
		}
		require.NoError(t, server.Close(soon(t)))
		require.NoError(t, client.Err())
	})
}

func TestWriterFails(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		client, server := connect(t, a, b)
		ours, theirs := pair(t, client, server, "fail")
		boom := errors.New("boom")
		n := 0
		src := pull.Source[[]byte](func(context.Context) ([]byte, error) {
			if n++; n > 100 {
				return nil, boom
			}
			return make([]byte, 1000), nil
		})
		sank := make(chan error, 1)
		go func() { sank <- ours.Duplex().Sink(soon(t), src) }()
		got, err := receive(soon(t), theirs)
		require.Equal(t, &mux.StreamError{Code: mux.CodeFailed, Text: "boom", Remote: true}, err)
		require.Len(t, got, 100_000, "what came before the failure is delivered first")
		require.Equal(t, boom, <-sank)
		require.NoError(t, pull.Abort(theirs.Duplex().Source, nil), "an ended source has no news")
	})
}

func TestSinkCancelled(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		client, server := connect(t, a, b)
		ours, theirs := pair(t, client, server, "cancel")
		mine := errors.New("mine")
		ctx, cancel := context.WithCancelCause(soon(t))
		gone := make(chan error, 1)
		sank := make(chan error, 1)
		go func() { sank <- ours.Duplex().Sink(ctx, blocked("x", gone)) }()
		_, err := theirs.Duplex().Source(soon(t))
		require.NoError(t, err)
		cancel(mine)
		require.Equal(t, mine, <-sank)
		require.Equal(t, mine, <-gone)
		_, err = theirs.Duplex().Source(soon(t))
		require.Equal(t, &mux.StreamError{Code: mux.CodeFailed, Text: "mine", Remote: true}, err)
	})
}

func TestSinkTwice(t *testing.T) {
	a, b := net.Pipe()
	client, server := connect(t, a, b)
	ours, _ := pair(t, client, server, "twice")
	require.NoError(t, send(soon(t), ours, nil, 1))
	gone := make(chan error, 1)
	err := ours.Duplex().Sink(soon(t), blocked("", gone))
	require.Equal(t, duplex.ErrUsed, err)
	require.Equal(t, duplex.ErrUsed, <-gone)
}

func TestSinkPanics(t *testing.T) {
	a, b := net.Pipe()
	client, server := connect(t, a, b)
	ours, theirs := pair(t, client, server, "panic")
	var causes []error
	src := func(ctx context.Context) ([]byte, error) {
		if ctx.Err() != nil {
			causes = append(causes, context.Cause(ctx))
			return nil, context.Cause(ctx)
		}
		panic("ouch")
	}
	require.PanicsWithValue(t, "ouch", func() { _ = ours.Duplex().Sink(soon(t), src) })
	require.Len(t, causes, 1)
	require.IsType(t, &pull.PanicError{}, causes[0])
	want := &mux.StreamError{Code: mux.CodeFailed, Text: "pull: panic: ouch", Remote: true}
	_, err := theirs.Duplex().Source(soon(t))
	require.Equal(t, want, err)

	// What was on its way when the source panicked does not break the session.
	for range 100 {
		ours, theirs := pair(t, client, server, "panic")
		read := make(chan error, 1)
		go func() { _, err := receive(soon(t), theirs); read <- err }()
		n := 0
		require.Panics(t, func() {
			_ = ours.Duplex().Sink(soon(t), func(ctx context.Context) ([]byte, error) {
				if n++; n > 10 {
					return src(ctx)
				}
				return make([]byte, 5000), nil
			})
		})
		require.Equal(t, want, <-read)
	}
	require.NoError(t, server.Err())
}

// The session answers an ABORT where no sink runs, and a sink that comes later
// ends with it.
func TestAbortWithoutSinkIsAnswered(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		client, server := connect(t, a, b)
		ours, theirs := pair(t, client, server, "no sink")
		require.NoError(t, pull.Abort(theirs.Duplex().Source, errors.New("no")))
		require.NoError(t, send(soon(t), theirs, nil, 1))
		_, err := receive(soon(t), ours)
		require.Equal(t, io.EOF, err)
		require.NoError(t, client.Close(soon(t)))
		gone := make(chan error, 1)
		want := &mux.StreamError{Code: mux.CodeFailed, Text: "no", Remote: true}
		require.Equal(t, want, ours.Duplex().Sink(soon(t), blocked("", gone)))
		require.Equal(t, want, <-gone)
	})
}

func TestUnusedStreamIsClosed(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		client, server := connect(t, a, b)
		ours, theirs := pair(t, client, server, "unused")
		cause := errors.New("no need")
		require.NoError(t, ours.Duplex().Close(cause))
		_, err := theirs.Duplex().Source(soon(t))
		want := &mux.StreamError{Code: mux.CodeFailed, Text: "no need", Remote: true}
		require.Equal(t, want, err)
		require.Equal(t, want, send(soon(t), theirs, []byte("x"), 1))
		require.NoError(t, client.Close(soon(t)))
	})
}

func TestOverlap(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		client, server := connect(t, a, b)
		ours, theirs := pair(t, client, server, "overlap")
		src := theirs.Duplex().Source
		first := make(chan error, 1)
		go func() { _, err := src(soon(t)); first <- err }()
		settle()
		_, err := src(soon(t))
		require.Equal(t, pull.ErrOverlap, err)
		require.NoError(t, send(soon(t), ours, []byte("x"), 1))
		require.NoError(t, <-first, "an overlap is not the end")

		go func() { _, err := server.Accept(soon(t)); first <- err }()
		settle()
		_, err = server.Accept(soon(t))
		require.Equal(t, pull.ErrOverlap, err)
		require.NoError(t, server.Abort(nil))
		require.Equal(t, pull.ErrStopped, <-first)
	})
}

// Ids leave in the order of opening, whoever opens, and streams are accepted
// in that order.
func TestConcurrentOpensKeepIdOrder(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		client, server := connect(t, a, b)
		const n = 256 // as many as may wait to be accepted
		var opening sync.WaitGroup
		for i := range n {
			opening.Go(func() {
				st, err := client.Open(soon(t), fmt.Sprint(i), nil)
				if assert.NoError(t, err) {
					assert.NoError(t, st.Duplex().Close(nil))
				}
			})
		}
		last := uint32(1)
		for range n {
			st, err := server.Accept(soon(t))
			require.NoError(t, err)
			require.Equal(t, last+2, st.ID())
			last = st.ID()
			require.NoError(t, st.Duplex().Close(nil))
		}
		opening.Wait()
		require.NoError(t, client.Close(soon(t)))
	})
}

// TestSinkTakesAnySize mixes chunks that are gathered with those that are sent
// as they are, from a source that uses its buffer again.
func TestSinkTakesAnySize(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		client, server := connect(t, a, b)
		ours, theirs := pair(t, client, server, "x")
		sizes := []int{1, 16 << 10, 5, 32 << 10, 100_000, 0, 3, 16<<10 - 1, 40 << 10, 1 << 20, 1}
		data, n, empty := noise(4<<20), 0, 0
		buf := make([]byte, 1<<20)
		sent := later(func() error {
			at := 0
			return ours.Duplex().Sink(soon(t), func(context.Context) ([]byte, error) {
				if at == len(data) {
					return nil, io.EOF
				}
				p := data[at:min(len(data), at+sizes[n%len(sizes)])]
				if at, n = at+len(p), n+1; len(p) == 0 {
					empty++
				}
				clear(buf) // what was lent before is gone
				return buf[:copy(buf, p)], nil
			})
		})
		got, err := receive(soon(t), theirs)
		require.Equal(t, io.EOF, err)
		require.NoError(t, <-sent)
		require.True(t, bytes.Equal(data, got))
		require.EqualValues(t, n-empty, ours.Stats().ChunksOut, "empty ones do not count")
	})
}
