package main

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
)

// What panics at reading fails, and says so to whoever has asked for it; who holds
// the replica says so too, and goes on. What panics at writing ends all.
func TestPanicOfAnOperation(t *testing.T) {
	where := `panic: on purpose, at bug_test\.go:\d+$`
	for name, f := range map[string]func(context.Context, *journal.Journal, *call) error{
		"at once": func(context.Context, *journal.Journal, *call) error { panic("on purpose") },
		"in a source": func(ctx context.Context, _ *journal.Journal, c *call) error {
			begun := false
			return c.out(ctx, func(context.Context) ([]byte, error) {
				if begun {
					panic("on purpose")
				}
				begun = true
				return []byte("text\n"), nil
			})
		},
		"in a replica": func(_ context.Context, j *journal.Journal, _ *call) error {
			h, err := j.Replica().Open(replicate.ObjectName{Type: mapKind.typ.Tag})
			if err == nil {
				h.View(func(replicate.Object) { panic("on purpose") })
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
			operations["test"] = operation{run: f}
			defer delete(operations, "test")
			path := filepath.Join(t.TempDir(), "r")
			require.Zero(t, run(t.Context(), []string{"init", path}, strings.NewReader(""), io.Discard, io.Discard))

			var said, printed bytes.Buffer
			holder := (&env{stderr: &said}).open(path)
			holder.hold = true
			require.NoError(t, holder.ready(t.Context()))
			other := &env{stdout: &printed, stderr: &said}
			err := other.do(t.Context(), path, &call{request: request{Op: "test"}})
			require.Error(t, err)
			assert.Regexp(t, where, err.Error())
			assert.Equal(t, exitFailed, explain(err).Code)
			assert.Equal(t, bugHint, explain(err).Hint)
			assert.Regexp(t, `^note: what another weir has asked for \(test\) failed: panic: on purpose`, said.String())
			require.NoError(t, other.do(t.Context(), path, &call{request: request{Op: "set", Key: "k", Value: []byte("1")}}))
			require.NoError(t, other.do(t.Context(), path, &call{request: request{Op: "get", Key: "k"}}))
			assert.Contains(t, printed.String(), "1\n")
			require.NoError(t, holder.close(t.Context()))

			assert.Regexp(t, where, other.do(t.Context(), path, &call{request: request{Op: "test"}}).Error())
			operations["test"] = operation{run: f, writes: true}
			assert.Panics(t, func() { _ = other.do(t.Context(), path, &call{request: request{Op: "test"}}) })
		})
	}
}

// A sink that is in the midst of its work is told by an error, for it to end well.
func TestPanicOfASourceIsAnError(t *testing.T) {
	o := operation{run: func(ctx context.Context, _ *journal.Journal, c *call) error {
		return c.out(ctx, func(context.Context) ([]byte, error) { panic("on purpose") })
	}}
	ended := false
	err := o.survive(t.Context(), nil, &call{out: func(ctx context.Context, src pull.Source[[]byte]) error {
		_, err := src(ctx)
		ended = true
		return err
	}})
	require.ErrorIs(t, err, errPanic)
	assert.True(t, ended)
}
