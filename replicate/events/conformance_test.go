package events_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/events"
)

func TestConformance(t *testing.T) {
	_, e := open[int](t)
	var all []events.Event[int]
	for i := range 300 {
		name := []string{"even", "odd"}[i%2]
		stamp, err := e.Emit(name, i)
		require.NoError(t, err)
		all = append(all, events.Event[int]{Name: name, Value: i, Stamp: stamp})
	}
	var odd []events.Event[int]
	for i := 1; i < len(all); i += 2 {
		odd = append(odd, all[i])
	}
	t.Run("Emitter.Events", func(t *testing.T) {
		conforms(t, all, func() pull.Source[events.Event[int]] { return e.Events(0) })
		conforms(t, odd, func() pull.Source[events.Event[int]] { return e.Events(0, "odd") })
	})
	t.Run("Emitter.Resume", func(t *testing.T) {
		resume := func(last replicate.Stamp) pull.Source[events.Event[int]] {
			src, err := e.Resume(last)
			require.NoError(t, err)
			return src
		}
		conforms(t, all[120:], func() pull.Source[events.Event[int]] { return resume(all[119].Stamp) })
	})
}

func conforms(t *testing.T, want []events.Event[int], open func() pull.Source[events.Event[int]]) {
	pulltest.Source(t, open, pulltest.SourceOptions[events.Event[int]]{Want: want, Stalls: true})
}
