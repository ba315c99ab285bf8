package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestThreePipes(t *testing.T) {
	var out strings.Builder
	path := filepath.Join(t.TempDir(), "list")
	require.NoError(t, run(t.Context(), path, &out))
	require.Equal(t, "beer=6\nmilk=2\n", out.String())
	require.FileExists(t, path)
}
