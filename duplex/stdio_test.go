package duplex_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
)

// stdio makes Stdio talk to the test: what is written to in is read from the
// duplex, and the other way round.
func stdio(t *testing.T) (d duplex.Duplex[[]byte, []byte], in, out *os.File) {
	t.Helper()
	stdin, in, err := os.Pipe()
	require.NoError(t, err)
	out, stdout, err := os.Pipe()
	require.NoError(t, err)
	oldIn, oldOut := os.Stdin, os.Stdout
	os.Stdin, os.Stdout = stdin, stdout
	d = duplex.Stdio()
	os.Stdin, os.Stdout = oldIn, oldOut
	t.Cleanup(func() {
		for _, f := range []*os.File{stdin, in, stdout, out} {
			_ = f.Close()
		}
	})
	return d, in, out
}

func TestStdioCarriesBothWays(t *testing.T) {
	d, in, out := stdio(t)
	_, err := in.WriteString("question")
	require.NoError(t, err)
	require.NoError(t, in.Close())
	got, err := pull.Collect(t.Context(), d.Source)
	require.NoError(t, err)
	assert.Equal(t, "question", string(bytes.Join(got, nil)))

	require.NoError(t, d.Sink(t.Context(), pull.Values([]byte("ans"), []byte("wer"))))
	answer, err := io.ReadAll(out)
	require.NoError(t, err, "the end of the sink is the end of the pipe")
	assert.Equal(t, "answer", string(answer))

	p := &probe{}
	used := d.Sink(t.Context(), func(ctx context.Context) ([]byte, error) {
		_, err := p.next(ctx)
		return nil, err
	})
	assert.Equal(t, duplex.ErrUsed, used)
	assert.Equal(t, []error{duplex.ErrUsed}, p.aborted)
}

func TestStdioIsInterrupted(t *testing.T) {
	d, _, out := stdio(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	reading := async(func() error { return second(d.Source(ctx)) })
	writing := async(func() error {
		return d.Sink(ctx, func(ctx context.Context) ([]byte, error) {
			if ctx.Err() != nil {
				return nil, pull.Cause(ctx)
			}
			return make([]byte, 4096), nil // the pipe fills up
		})
	})
	_, err := out.Read(make([]byte, 1))
	require.NoError(t, err)
	cancel(errBoom)
	assert.Equal(t, errBoom, reading())
	assert.Equal(t, errBoom, writing())
}

func TestStdioWritesWhatCameBeforeAFailure(t *testing.T) {
	d, _, out := stdio(t)
	n := 0
	err := d.Sink(t.Context(), func(context.Context) ([]byte, error) {
		if n++; n == 1 {
			return []byte("before"), nil
		}
		return nil, errBoom
	})
	assert.Equal(t, errBoom, err)
	got, err := io.ReadAll(out)
	require.NoError(t, err)
	assert.Equal(t, "before", string(got))
}
