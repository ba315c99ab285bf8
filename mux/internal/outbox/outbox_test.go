package outbox_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux/internal/outbox"
	"github.com/weir-go/weir/pull"
)

func TestBox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := outbox.New()
		require.Equal(t, 3, b.Put([]byte("one")))
		require.Equal(t, outbox.Budget+3, b.Put(make([]byte, outbox.Budget)))
		waits := true
		go func() {
			b.WaitRoom(t.Context(), nil)
			waits = false
		}()
		synctest.Wait()
		require.True(t, waits)
		lines, err := b.Next(t.Context())
		require.NoError(t, err)
		require.Len(t, lines, 2)
		synctest.Wait()
		require.False(t, waits)

		go b.Put([]byte("late"))
		lines, err = b.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, "late", string(lines[0]))
		b.Put([]byte("last"))
		b.End()
		require.Equal(t, 4, b.Put([]byte("behind the end")))
		_, err = b.Next(t.Context())
		require.NoError(t, err)
		_, err = b.Next(t.Context())
		require.Equal(t, io.EOF, err)
	})
}

func TestBoxIsInterrupted(t *testing.T) {
	b := outbox.New()
	b.Put(make([]byte, outbox.Budget))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b.WaitRoom(ctx, nil)
	dead := make(chan struct{})
	close(dead)
	b.WaitRoom(t.Context(), dead)
	require.NoError(t, pull.Abort(b.Next, nil))
}
