package pull_test

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
)

func chunks(texts ...string) pull.Source[[]byte] {
	bs := make([][]byte, len(texts))
	for i, s := range texts {
		bs[i] = []byte(s)
	}
	return pull.Values(bs...)
}

type writeFunc func([]byte) (int, error)

func (f writeFunc) Write(b []byte) (int, error) { return f(b) }

func TestWriterWritesAll(t *testing.T) {
	var out bytes.Buffer
	sink := pull.Writer(&out)
	require.NoError(t, sink(context.Background(), chunks("ab", "", "c")))
	require.NoError(t, sink(context.Background(), chunks("d")), "used again")
	require.Equal(t, "abcd", out.String())
}

func TestWriterFinishesShortWrites(t *testing.T) {
	var out bytes.Buffer
	sink := pull.Writer(writeFunc(func(b []byte) (int, error) { return out.Write(b[:1]) }))
	require.NoError(t, sink(context.Background(), chunks("abc", "de")))
	require.Equal(t, "abcde", out.String())
}

func TestWriterFailureIsSticky(t *testing.T) {
	writers := map[string]struct {
		write writeFunc
		want  error
	}{
		"error":        {func([]byte) (int, error) { return 0, errBoom }, errBoom},
		"part":         {func(b []byte) (int, error) { return len(b) - 1, errBoom }, errBoom},
		"all":          {func(b []byte) (int, error) { return len(b), errBoom }, errBoom},
		"nothing":      {func([]byte) (int, error) { return 0, nil }, io.ErrShortWrite},
		"an end":       {func([]byte) (int, error) { return 0, io.EOF }, io.ErrUnexpectedEOF},
		"a stop":       {func([]byte) (int, error) { return 0, pull.ErrStopped }, pull.ErrStopped},
		"too much":     {func(b []byte) (int, error) { return len(b) + 1, nil }, nil},
		"less than no": {func([]byte) (int, error) { return -1, nil }, nil},
	}
	for name, c := range writers {
		t.Run(name, func(t *testing.T) {
			writes := 0
			sink := pull.Writer(writeFunc(func(b []byte) (int, error) { writes++; return c.write(b) }))
			err := sink(context.Background(), chunks("ab", "cd"))
			require.Error(t, err, "nil only when all was written")
			if c.want != nil {
				require.Equal(t, c.want, err)
			}
			require.Equal(t, 1, writes)

			var causes []error
			src := pull.From(func(context.Context) ([]byte, error) {
				t.Error("read by a broken sink")
				return nil, io.EOF
			}, func(cause error) error { causes = append(causes, cause); return nil })
			require.Equal(t, err, sink(context.Background(), src))
			require.Equal(t, []error{err}, causes)
			require.Equal(t, 1, writes)
		})
	}
}

func TestWriterFailureWithAFailedRelease(t *testing.T) {
	sink := pull.Writer(writeFunc(func([]byte) (int, error) { return 0, errBoom }))
	for range 2 {
		src := pull.From(func(context.Context) ([]byte, error) { return []byte("x"), nil },
			func(error) error { return errClose })
		err := sink(context.Background(), src)
		require.ErrorIs(t, err, errBoom)
		require.ErrorIs(t, err, errClose)
	}
}

func TestWriterSourceFailureIsNotSticky(t *testing.T) {
	var out bytes.Buffer
	sink := pull.Writer(&out)
	require.Equal(t, errBoom, sink(context.Background(), pull.Error[[]byte](errBoom)))
	require.Equal(t, errBoom, sink(dead(errBoom), chunks("no")))
	require.NoError(t, sink(context.Background(), chunks("yes")))
	require.Equal(t, "yes", out.String())
}

func TestWriterPanic(t *testing.T) {
	sink := pull.Writer(writeFunc(func([]byte) (int, error) { panic("write") }))
	var causes []error
	src := pull.From(func(context.Context) ([]byte, error) { return []byte("x"), nil },
		func(cause error) error { causes = append(causes, cause); return nil })
	require.PanicsWithValue(t, "write", func() { _ = sink(context.Background(), src) })
	require.Len(t, causes, 1)
	require.Error(t, sink(context.Background(), chunks("no")))
}

// row: E12
func TestWriterInterrupted(t *testing.T) {
	for name, open := range pipes() {
		t.Run(name, func(t *testing.T) {
			a, b := open(t)
			if name == "os.Pipe" {
				a, b = b, a
			}
			defer func() { assert.NoError(t, a.Close()) }()
			defer func() { assert.NoError(t, b.Close()) }()
			ctx, cancel := context.WithCancelCause(context.Background())
			released := 0
			big := make([]byte, 64<<20) // more than any socket buffers
			src := pull.From(func(context.Context) ([]byte, error) { return big, nil },
				func(error) error { released++; return nil })
			w := notify{a, make(chan struct{}, 1)}
			go func() {
				<-w.began
				cancel(errBoom)
			}()
			sink := pull.Writer(w)
			require.Equal(t, errBoom, sink(ctx, src))
			require.Equal(t, 1, released)
			require.Equal(t, errBoom, sink(context.Background(), chunks("no")))
		})
	}
}

func TestWriterQuickEnoughGoesOn(t *testing.T) {
	a, b := tcp(t)
	defer func() { assert.NoError(t, b.Close()) }()
	ctx, cancel := context.WithCancelCause(context.Background())
	interrupted := make(chan struct{}, 2)
	sink := pull.Writer(notifyAfter{notify{a, nil}, interrupted, func() {
		if ctx.Err() == nil {
			cancel(errBoom)
			<-interrupted
		}
	}})
	require.Equal(t, errBoom, sink(ctx, chunks("ab", "no")))
	// Nothing was torn, so the sink is as good as new.
	require.NoError(t, sink(context.Background(), chunks("cd")))
	require.NoError(t, a.Close())
	got, err := io.ReadAll(b)
	require.NoError(t, err)
	require.Equal(t, "abcd", string(got))
}

// notifyAfter runs a function after each Write, and tells of deadlines.
type notifyAfter struct {
	notify
	deadlines chan struct{}
	after     func()
}

func (n notifyAfter) SetWriteDeadline(at time.Time) error {
	defer func() { n.deadlines <- struct{}{} }()
	return n.notify.SetWriteDeadline(at)
}

func (n notifyAfter) Write(b []byte) (int, error) {
	count, err := n.ReadWriteCloser.Write(b)
	n.after()
	return count, err
}
