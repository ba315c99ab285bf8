package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/weir-go/weir/replicate"
)

// A peer is left alone for a while where another try at once would change
// nothing.
func TestLasting(t *testing.T) {
	for _, err := range []error{
		replicate.ErrWrongSet, replicate.ErrForked, replicate.ErrNotWeir,
		fmt.Errorf("on the way: %w", &replicate.FutureError{}), &replicate.RemoteError{Code: 5},
	} {
		assert.True(t, lasting(err), "%v", err)
	}
	assert.False(t, lasting(nil))
	assert.False(t, lasting(errors.New("gone")))
}
