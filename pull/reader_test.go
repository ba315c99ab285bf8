package pull_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
)

func TestReaderDeliversEverything(t *testing.T) {
	want := make([]byte, 320<<10)
	for i := range want {
		want[i] = byte(i * i >> 7) // does not repeat in step with any buffer
	}
	readers := map[string]func(io.Reader) io.Reader{
		"whole":          func(r io.Reader) io.Reader { return r },
		"one byte":       iotest.OneByteReader,
		"half":           iotest.HalfReader,
		"data with EOF":  iotest.DataErrReader,
		"empty in midst": func(r io.Reader) io.Reader { return &hesitant{r: r} },
	}
	for name, wrap := range readers {
		t.Run(name, func(t *testing.T) {
			text := want
			if name == "one byte" {
				text = want[:1000]
			}
			chunks, err := pull.Collect(context.Background(),
				pull.Reader(wrap(bytes.NewReader(text))))
			require.NoError(t, err)
			for _, c := range chunks {
				require.NotEmpty(t, c)
				require.LessOrEqual(t, cap(c), 32<<10)
				require.LessOrEqual(t, cap(c), 2*len(c)+64, "no waste")
			}
			require.True(t, bytes.Equal(text, bytes.Join(chunks, nil)), "own chunks")
		})
	}
}

func TestReaderReusesItsBufferForSmallReads(t *testing.T) {
	var bufs []*byte
	src := pull.Reader(readFunc(func(b []byte) (int, error) {
		bufs = append(bufs, &b[0])
		return 1, nil
	}))
	for range 3 {
		chunk, err := src(context.Background())
		require.NoError(t, err)
		require.NotSame(t, bufs[0], &chunk[0])
	}
	require.Same(t, bufs[0], bufs[1])
	require.Same(t, bufs[0], bufs[2])
}

// hesitant returns nothing at every other Read.
type hesitant struct {
	r   io.Reader
	odd bool
}

func (h *hesitant) Read(b []byte) (int, error) {
	if h.odd = !h.odd; h.odd {
		return 0, nil
	}
	return h.r.Read(b)
}

func TestReaderFailsAfterItsBytes(t *testing.T) {
	r := iotest.DataErrReader(io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(errBoom)))
	chunks, err := pull.Collect(context.Background(), pull.Reader(r))
	require.Equal(t, errBoom, err)
	require.Equal(t, "abc", string(bytes.Join(chunks, nil)))

	stuck := readFunc(func([]byte) (int, error) { return 0, nil })
	_, err = pull.Reader(stuck)(context.Background())
	require.Equal(t, io.ErrNoProgress, err)
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(b []byte) (int, error) { return f(b) }

func TestReaderAbortedReadsNothing(t *testing.T) {
	src := pull.Reader(readFunc(func([]byte) (int, error) {
		t.Error("read")
		return 0, io.EOF
	}))
	require.NoError(t, pull.Abort(src, errBoom))
}

// pipes are what a blocked read can be interrupted on: each is a reader, and
// a writer to it.
func pipes() map[string]func(t *testing.T) (io.ReadWriteCloser, io.ReadWriteCloser) {
	return map[string]func(t *testing.T) (io.ReadWriteCloser, io.ReadWriteCloser){
		"net.Pipe": func(*testing.T) (io.ReadWriteCloser, io.ReadWriteCloser) { return net.Pipe() },
		"os.Pipe": func(t *testing.T) (io.ReadWriteCloser, io.ReadWriteCloser) {
			r, w, err := os.Pipe()
			require.NoError(t, err)
			return r, w
		},
		"TCP": tcp,
	}
}

func tcp(t *testing.T) (a, b io.ReadWriteCloser) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	a, err = net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	b, err = l.Accept()
	require.NoError(t, err)
	return a, b
}

// notify tells when a Read or Write begins.
type notify struct {
	io.ReadWriteCloser
	began chan struct{}
}

func (n notify) Read(b []byte) (int, error) {
	select {
	case n.began <- struct{}{}:
	default:
	}
	return n.ReadWriteCloser.Read(b)
}

func (n notify) Write(b []byte) (int, error) {
	select {
	case n.began <- struct{}{}:
	default:
	}
	return n.ReadWriteCloser.Write(b)
}

func (n notify) SetReadDeadline(at time.Time) error {
	return n.ReadWriteCloser.(interface{ SetReadDeadline(time.Time) error }).SetReadDeadline(at)
}

func (n notify) SetWriteDeadline(at time.Time) error {
	return n.ReadWriteCloser.(interface{ SetWriteDeadline(time.Time) error }).SetWriteDeadline(at)
}

func TestReaderInterrupted(t *testing.T) {
	for name, open := range pipes() {
		t.Run(name, func(t *testing.T) {
			a, b := open(t)
			defer func() { assert.NoError(t, a.Close()) }()
			defer func() { assert.NoError(t, b.Close()) }()
			r := notify{a, make(chan struct{}, 1)}
			src := pull.Reader(r)
			ctx, cancel := context.WithCancelCause(context.Background())
			go func() {
				<-r.began
				cancel(errBoom)
			}()
			_, err := src(ctx)
			require.Equal(t, errBoom, err)
			_, err = src(context.Background())
			require.Equal(t, errBoom, err)

			// The deadline is gone: whoever owns the connection can go on.
			go func() { _, _ = b.Write([]byte("x")) }()
			_, err = io.ReadFull(a, make([]byte, 1))
			require.NoError(t, err)
		})
	}
}

func TestReaderGoesOnAfterACancelledCallReturned(t *testing.T) {
	for name, open := range pipes() {
		t.Run(name, func(t *testing.T) {
			a, b := open(t)
			defer func() { assert.NoError(t, a.Close()) }()
			src := pull.Reader(a)
			written := make(chan struct{})
			go func() {
				defer close(written)
				for range 50 {
					_, _ = b.Write([]byte("x"))
				}
				_ = b.Close()
			}()
			got := 0
			for {
				ctx, cancel := context.WithCancel(context.Background())
				chunk, err := src(ctx)
				cancel() // races with the hook of the call that has just returned
				got += len(chunk)
				if err != nil {
					require.Equal(t, io.EOF, err)
					break
				}
			}
			require.Equal(t, 50, got)
			<-written
		})
	}
}

func TestReaderOfARegularFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(name, []byte("hello"), 0o600))
	f, err := os.Open(name)
	require.NoError(t, err)
	defer func() { assert.NoError(t, f.Close()) }()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	chunks, err := pull.Collect(ctx, pull.Reader(f))
	require.NoError(t, err)
	require.Equal(t, "hello", string(bytes.Join(chunks, nil)))
}

func TestReaderBytesThatOutranTheCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		defer func() { _ = errors.Join(a.Close(), b.Close()) }()
		ctx, cancel := context.WithCancelCause(context.Background())
		src := pull.Reader(late{a, func() {
			cancel(errBoom)
			synctest.Wait() // the hook has run
		}})
		go func() { _, _ = b.Write([]byte("x")) }()
		chunk, err := src(ctx)
		require.NoError(t, err)
		require.Equal(t, "x", string(chunk))
		_, err = src(context.Background())
		require.Equal(t, errBoom, err)
	})
}

// late runs a function after each Read has its bytes.
type late struct {
	net.Conn
	after func()
}

func (l late) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	l.after()
	return n, err
}
