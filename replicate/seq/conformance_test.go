package seq_test

import (
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/replicate/seq"
)

func TestConformance(t *testing.T) {
	t.Run("List.Changes", func(t *testing.T) {
		s := newSite(t, 1)
		ids := s.push(t, 1, 2, 3)
		want := []seq.Batch[int]{{Reset: true, Changes: []seq.Change[int]{
			{Element: seq.Element[int]{ID: ids[0], Value: 1}, Index: 0},
			{Element: seq.Element[int]{ID: ids[1], Value: 2}, Index: 1},
			{Element: seq.Element[int]{ID: ids[2], Value: 3}, Index: 2},
		}}}
		pulltest.Source(t, func() pull.Source[seq.Batch[int]] { return s.l.Changes(0) },
			pulltest.SourceOptions[seq.Batch[int]]{Want: want, Stalls: true})
	})
}
