package missing

import (
	"testing"

	"example.org/pulltest"
)

func TestConformance(t *testing.T) {
	t.Run("Checked", func(t *testing.T) { helper(t) })
	t.Run("NoUse", func(t *testing.T) { helper(t) })
	t.Run("NoCheck", func(t *testing.T) { _ = NoCheck() })
	t.Run("Kind.Method", func(t *testing.T) {
		pulltest.CheckSource(t, new(Kind).Method)
	})
}

func helper(t *testing.T) { pulltest.Through(t, Checked) }
