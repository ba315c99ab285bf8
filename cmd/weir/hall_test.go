package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A full hall lets in whoever comes, and the oldest has to go.
func TestHall(t *testing.T) {
	var h hall
	var inside []context.Context
	var leave []func()
	enter := func() {
		ctx, out := h.enter(t.Context())
		inside, leave = append(inside, ctx), append(leave, out)
	}
	for range maxHandshakes {
		enter()
	}
	for _, ctx := range inside {
		require.NoError(t, ctx.Err())
	}
	enter()
	assert.Equal(t, errCrowded, context.Cause(inside[0]))
	leave[1]() // makes room for one
	enter()
	for i, ctx := range inside[2:] {
		require.NoError(t, ctx.Err(), "guest %d", i+2)
	}
	enter()
	assert.Equal(t, errCrowded, context.Cause(inside[2]))
	for _, out := range leave {
		out()
	}
	assert.Empty(t, h.guests)
}
