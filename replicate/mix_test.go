package replicate

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// What PROTOCOL.md says that the hash of some texts is.
func TestMixVectors(t *testing.T) {
	page, err := os.ReadFile("PROTOCOL.md")
	require.NoError(t, err)
	for _, text := range []string{"", "w", "weir", "weir set", "weir set of replicas"} {
		row := fmt.Sprintf("| `%s` | %x |\n", text, mix([]byte(text)).append(nil))
		require.Contains(t, string(page), row)
	}
}

// Each bit of the input decides over half of the bits of the output.
func TestMixSpreads(t *testing.T) {
	for _, size := range []int{1, 7, 8, 9, 40, 75} {
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(i)
		}
		was := mix(b)
		changed := 0
		for bit := range 8 * size {
			b[bit/8] ^= 1 << (bit % 8)
			is := mix(b)
			b[bit/8] ^= 1 << (bit % 8)
			for i := range is {
				n := bits.OnesCount64(was[i] ^ is[i])
				require.Greater(t, n, 8, "bit %d of %d bytes", bit, size)
				changed += n
			}
		}
		require.InDelta(t, 64, float64(changed)/float64(8*size), 6, "%d bytes", size)
	}
}

// Neither hashes nor their sums have a half in common where inputs differ as
// stamps do.
func TestMixCollides(t *testing.T) {
	hashes, sums := map[uint64]bool{}, map[uint64]bool{}
	var sum Fingerprint
	for i := range 1 << 18 {
		h := mix(binary.BigEndian.AppendUint64(nil, uint64(i)))
		sum.add(h)
		for k := range h {
			require.False(t, hashes[h[k]] || sums[sum[k]], "%d", i)
			hashes[h[k]], sums[sum[k]] = true, true
		}
	}
}
