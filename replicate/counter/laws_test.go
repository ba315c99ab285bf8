package counter

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/orders"
)

// The value is what a plain function makes of the set of updates, with numbers
// of any size, in every order, with duplicates.
func TestConverges(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	c := orders.Case{
		Type:   Type,
		Show:   func(o replicate.Object) string { return fmt.Sprint(o.(*state).sum.value()) },
		Oracle: oracle,
	}
	for i := range 300 {
		c.Check(t, rng, orders.History(t, rng, Type, 2+i%3, 2+i%12, func(r *replicate.Replica) {
			c, err := Open(r, "")
			require.NoError(t, err)
			n := int64(rng.IntN(9) - 4)
			if i%2 == 0 { // to where it overflows
				n = math.MaxInt64 - int64(rng.IntN(4))
				n *= int64(rng.IntN(2)*2 - 1)
			}
			if err := c.Add(n); err != nil {
				require.ErrorIs(t, err, ErrOverflow)
				if c.Add(1) != nil { // there is room in one direction
					require.NoError(t, c.Add(-1))
				}
			}
		}))
	}
}

func oracle(set []*replicate.Update) string {
	sum := new(big.Int)
	for _, u := range set {
		newest := true
		for _, w := range set {
			newest = newest && (w.Stamp().Author != u.Stamp().Author || w.Stamp().Compare(u.Stamp()) <= 0)
		}
		if t, ok := parse(u.Op()); newest && ok {
			sum.Add(sum, new(big.Int).SetUint64(t.added))
			sum.Sub(sum, new(big.Int).SetUint64(t.taken))
		}
	}
	return nearest(sum).String()
}

func nearest(n *big.Int) *big.Int {
	if low := big.NewInt(math.MinInt64); n.Cmp(low) < 0 {
		return low
	}
	if high := big.NewInt(math.MaxInt64); n.Cmp(high) > 0 {
		return high
	}
	return n
}

// 128 bits against big numbers.
func TestSum(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		var s sum
		want := new(big.Int)
		for range 20 {
			n := rng.Uint64() >> rng.IntN(64)
			if rng.IntN(2) == 0 {
				s.plus(n)
				want.Add(want, new(big.Int).SetUint64(n))
			} else {
				s.minus(n)
				want.Sub(want, new(big.Int).SetUint64(n))
			}
			require.Equal(t, want.IsInt64(), s.fits())
			require.Equal(t, nearest(new(big.Int).Set(want)).String(), fmt.Sprint(s.value()))
			d := int64(rng.Uint64()) >> rng.IntN(64)
			then := new(big.Int).Add(want, big.NewInt(d))
			require.Equal(t, !then.IsInt64() && then.Sign() < 0 == (d < 0), s.overflows(d))
		}
	}
}

// FuzzOp feeds any op to the check and, if it passes, to a replica.
func FuzzOp(f *testing.F) {
	f.Add("\x00\x00", int64(1))
	f.Add("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", int64(1))
	f.Add("\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", int64(math.MinInt64))
	f.Add(strings.Repeat("\x80", 30), int64(0))
	f.Fuzz(func(t *testing.T, op string, n int64) {
		r := replicate.New(replicate.Config{Types: []replicate.Type{Type}})
		c, err := Open(r, "")
		require.NoError(t, err)
		if _, err := c.h.Write(op); err != nil {
			require.Zero(t, r.Len())
			return
		}
		totals, ok := parse(op)
		require.True(t, ok)
		require.Equal(t, op, totals.op(), "a number has one encoding")
		before := c.Value()
		if err := c.Add(n); err != nil {
			require.ErrorIs(t, err, ErrOverflow)
			require.Equal(t, before, c.Value())
		}
	})
}
