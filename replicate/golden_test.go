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
	replay(t, w, "testdata/session.txt")
	w.converged()
}

// TestGoldenPartial does the same for a session in which one side wants the
// keys that begin with a or b, and the other allows a and p.
func TestGoldenPartial(t *testing.T) {
	w := newWorld(t, 2, 43, false)
	w.single = false
	w.writeAll(0, "apple", "pear", "apricot")
	w.write(0, "banana")
	w.write(0, "avocado")
	w.write(1, "plum")
	w.nodes[0].allow = keys("a", "p")
	w.wants(1, keys("ap", "av", "b"))
	replay(t, w, "testdata/partial.txt")
	require.Equal(t, "apple=0 apricot=0 avocado=2 plum=3 ", dumpOf(w.nodes[1].m))
}

// TestGoldenSigned does the same for a session in which one side signs.
func TestGoldenSigned(t *testing.T) {
	w := newWorld(t, 2, 44, false)
	w.single = false
	w.nodes[0].key = keyOfNo(0)
	w.open(0, false)
	w.write(0, "apple")
	w.write(1, "plum")
	w.writeAll(0, "pear", "fig")
	replay(t, w, "testdata/signed.txt")
	w.converged()
}

// replay runs a session once and compares its frames with the record.
func replay(t *testing.T, w *world, name string) {
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
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(out.String()), 0o644))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(want), out.String())
}
