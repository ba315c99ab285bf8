package model

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
)

// Cells hold what a map holds, while keys come and go, through all sizes.
func TestCells(t *testing.T) {
	for _, keys := range []int{1, 8, 100, 50_000} {
		t.Run(fmt.Sprint(keys), func(t *testing.T) {
			updates := updatesOf(t, keys)
			c, want := newCells(), map[string]*replicate.Update{}
			rnd := rand.New(rand.NewPCG(1, uint64(keys)))
			for step := range 6 * keys {
				u := updates[rnd.IntN(len(updates))]
				key := keyIn(u)
				if step > 3*keys && rnd.IntN(3) > 0 {
					c.remove(key)
					delete(want, key)
				} else {
					c.put(key, u)
					want[key] = u
				}
				require.Equal(t, len(want), c.len())
				key = keyIn(updates[rnd.IntN(len(updates))])
				require.Same(t, want[key], c.get(key))
			}
			n := 0
			for u := range c.all() {
				require.Same(t, want[keyIn(u)], u)
				n++
			}
			require.Len(t, want, n)
		})
	}
}

// updatesOf returns two updates for each of so many keys.
func updatesOf(t *testing.T, keys int) (all []*replicate.Update) {
	typ := TypeOf("model/bytes")
	typ.Observe = func(u *replicate.Update, _ []*replicate.Update) { all = append(all, u) }
	h, err := replicate.New(replicate.Config{Types: []replicate.Type{typ}}).
		Open(replicate.ObjectName{Type: typ.Tag})
	require.NoError(t, err)
	for i := range 2 * keys {
		_, err := h.Write(string(appendOp(nil, opSet, fmt.Sprint(i/2))))
		require.NoError(t, err)
	}
	return all
}
