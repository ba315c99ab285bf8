package rpc_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux/rpc"
)

// Who does not know what will come takes all of it, as it came.
func TestResultsAsTheyCame(t *testing.T) {
	loop := map[string]any{"n": int64(1<<53 + 1)}
	loop["self"] = loop
	bubble(t, Methods{
		"three": rpc.Func(func(context.Context, any) (any, error) {
			return rpc.Values{nil, loop, louder}, nil
		}),
		"none": rpc.Func(func(context.Context, any) (any, error) { return rpc.Values{}, nil }),
	}, func(t *testing.T, a, _ *rpc.Peer) {
		var got rpc.Args
		require.NoError(t, a.Call(soon(t), "three", &got))
		require.Equal(t, 3, got.Len())
		assert.Equal(t, `null`, string(got.JSON(0)))
		assert.Equal(t, `{"n":9007199254740993,"self":"[Circular]"}`, string(got.JSON(1)))
		assert.Equal(t, `"[Function]"`, string(got.JSON(2)))
		assert.Equal(t, `null`, string(got.JSON(3)))
		assert.Equal(t, `null`, string(got.JSON(-1)))

		var none, back, fn any
		require.NoError(t, got.Scan(&none, &back, &fn))
		assert.Nil(t, none)
		self := back.(map[string]any)
		self["self"].(map[string]any)["n"] = 7
		assert.Equal(t, 7, self["n"])
		var loud string
		require.NoError(t, fn.(rpc.Remote).Call(soon(t), &loud, "the last, too"))
		assert.Equal(t, "THE LAST, TOO", loud)

		require.NoError(t, a.Call(soon(t), "none", &got))
		assert.Zero(t, got.Len())
	})
}

// What there is to call, and whether it answers.
func TestNames(t *testing.T) {
	bubble(t, Methods{
		"z": louder, "a": Methods{"c": louder, "b": []any{louder, 1}}, "n": 1,
	}, func(t *testing.T, a, b *rpc.Peer) {
		names, err := a.Names(soon(t))
		require.NoError(t, err)
		require.Equal(t, []string{"a.b.0", "a.c", "z"}, names)
		for _, name := range names {
			require.NoError(t, a.Call(soon(t), name, nil, "x"))
		}
		names, err = b.Names(soon(t))
		require.NoError(t, err)
		require.Empty(t, names)
	})
	for _, plain := range []bool{true, false} {
		a, _ := connect(t, nil, nil, rpc.Config{Plain: plain})
		answers, err := a.Answers(soon(t))
		require.NoError(t, err)
		require.Equal(t, !plain, answers)
	}
	a, _ := hand(t, nil, rpc.Config{}) // the other side says nothing
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errBoom)
	_, err := a.Names(ctx)
	require.Equal(t, errBoom, err)
	_, err = a.Answers(ctx)
	require.Equal(t, errBoom, err)
}
