package secure_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

// A channel carries a mux session, and what ends the connection ends its
// streams, with no clean end.
func TestMuxOverAChannel(t *testing.T) {
	for _, cut := range []bool{false, true} {
		a, b := tcp(t)
		x, y := connect(t, a, b)
		served := async(func() (*mux.Session, error) { return mux.Server(context.Background(), y, mux.Config{}) })
		client, err := mux.Client(t.Context(), x, mux.Config{})
		require.NoError(t, err)
		server, err := served()
		require.NoError(t, err)
		echoed := async(func() (int, error) {
			st, err := server.Accept(context.Background())
			if err != nil {
				return 0, err
			}
			d := st.Duplex()
			return 0, d.Sink(context.Background(), d.Source)
		})
		st, err := client.Open(t.Context(), "echo", nil)
		require.NoError(t, err)
		d := st.Duplex()
		want := bytes.Repeat([]byte("weir"), 1<<18)
		sent := async(func() (int, error) { return 0, d.Sink(t.Context(), pull.Values(want)) })
		if cut {
			require.NoError(t, second(d.Source(t.Context())))
			require.NoError(t, a.Close())
		}
		chunks, err := pull.Collect(t.Context(), d.Source)
		if cut {
			assert.ErrorIs(t, err, mux.ErrLost)
		} else {
			require.NoError(t, err)
			assert.True(t, bytes.Equal(want, bytes.Join(chunks, nil)))
			require.NoError(t, second(sent()))
			require.NoError(t, second(echoed()))
		}
		_, _ = sent()
		_ = errors.Join(client.Abort(nil), server.Abort(nil))
		_, _ = echoed()
	}
}
