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
		r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
		m, err := model.Open[int](r, "")
		require.NoError(t, err)
		var want []model.Change[int]
		src := m.Changes(0)
		for i := range 5 {
			require.NoError(t, m.Set(fmt.Sprint(i), i))
			change, err := src(t.Context())
			require.NoError(t, err)
			want = append(want, change)
		}
		require.NoError(t, pull.Abort(src, nil))
		pulltest.Source(t, func() pull.Source[model.Change[int]] { return m.Changes(0) },
			pulltest.SourceOptions[model.Change[int]]{Want: want, Stalls: true})
	})
}
