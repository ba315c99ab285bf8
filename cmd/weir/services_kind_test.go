package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/registry"
)

// A lease that is renewed changes nothing; a service that comes or goes does.
func TestLeasesAreQuiet(t *testing.T) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{registry.JSON}})
	g, err := registry.Open(r, "", registry.Config{})
	require.NoError(t, err)
	defer g.Close()
	reg, err := g.Register(registry.Service{Role: "web"})
	require.NoError(t, err)
	told := func() (n int) {
		for _, u := range r.Live() {
			if !servicesKind.quiet(u) {
				n++
			}
		}
		return n
	}
	assert.Equal(t, 2, r.Len(), "a lease and a claim")
	assert.Equal(t, 1, told())
	require.NoError(t, g.Free(reg.Service().ID))
	assert.Equal(t, 1, told())
}
