package model_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

func TestConformance(t *testing.T) {
	t.Run("Model.Changes", func(t *testing.T) {
		_, m := open[int](t)
		var want []model.Change[int]
		for i := range 300 {
			require.NoError(t, m.Set(fmt.Sprint("key", i), i))
		}
		src := m.Changes(0)
		for range 300 {
			c, err := src(t.Context())
			require.NoError(t, err)
			want = append(want, c)
		}
		require.NoError(t, pull.Abort(src, nil))
		pulltest.Source(t, func() pull.Source[model.Change[int]] { return m.Changes(0) },
			pulltest.SourceOptions[model.Change[int]]{Want: want, Stalls: true})
	})
}

func open[V any](t testing.TB) (*replicate.Replica, *model.Model[V]) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
	m, err := model.Open[V](r, "")
	require.NoError(t, err)
	return r, m
}
