package main

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
)

// What goes on failing in the same way is told once, of each.
func TestSayings(t *testing.T) {
	var s sayings[string]
	refused, reset := errors.New("refused"), errors.New("read tcp 127.0.0.1:5->127.0.0.1:7: reset")
	again := errors.New("read tcp 127.0.0.1:6->127.0.0.1:7: reset")
	assert.True(t, s.news("a", false, refused))
	assert.False(t, s.news("a", false, refused))
	assert.True(t, s.news("b", false, refused), "another")
	assert.True(t, s.news("a", false, reset), "it has changed")
	assert.False(t, s.news("a", false, again), "but for the own port")
	assert.True(t, s.news("a", true, again), "after it was well")
	assert.False(t, s.news("a", false, again))
	assert.True(t, s.news("a", true, nil))
	assert.True(t, s.news("a", true, nil))
	assert.False(t, s.news("a", false, nil))
	lasts := fail(exitProtocol, "", "not weir")
	assert.True(t, s.news("a", true, lasts))
	assert.False(t, s.news("a", true, lasts), "which will not change")
	s.forget("a")
	assert.True(t, s.news("a", false, lasts))
}
