package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDifferenceConverges(t *testing.T) {
	require.NoError(t, grown().Check(set{}, set{"a": true}, set{"b": true}, set{"a": true, "c": true}))
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, `here: virgins are ann, bob
there: virgins are cat
here: virgins are bob, cat
there: virgins are bob, cat
`, out.String())
}
