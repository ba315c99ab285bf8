package replicate_test

import (
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
)

var update = flag.Bool("update", false, "record the golden transcript anew")

// TestGoldenSession holds the wire format to its record: two replicas with
// fixed ids, clocks and keys, every frame each way.
func TestGoldenSession(t *testing.T) {
	w := newWorld(t, 2, 42, false)
	w.single = false
	w.write(0, "apple")
	w.write(0, "pear")
	w.write(0, "apple")
	w.write(1, "plum")
	w.del(1, "plum")
	w.dial(0, 1, replicate.SyncConfig{Once: true})
	var out strings.Builder
	for idle := 0; idle < 3; {
		idle++
		for _, dir := range [][2]int{{0, 1}, {1, 0}} {
			b, err := w.tryMove(dir[0], dir[1])
			if err != io.EOF {
				require.NoError(t, err)
			}
			if b != nil {
				fmt.Fprintf(&out, "%d>%d %s\n", dir[0], dir[1], hex.EncodeToString(b))
				idle = 0
			}
		}
	}
	w.converged()
	const name = "testdata/session.txt"
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(out.String()), 0o644))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(want), out.String())
}
