package set

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/replicatetest"
)

// An element is in an AddWins if there is an addition that no op on it has seen.
func TestConvergence(t *testing.T) {
	replicatetest.Run(t, replicatetest.Kind{
		Types: []replicate.Type{JSON},
		Open: func(r *replicate.Replica) (replicatetest.Subject, error) {
			s, err := Open[int](r, "")
			folded := map[string]bool{}
			return replicatetest.Subject{
				Edit: func(rnd *rand.Rand) (err error) {
					if v := rnd.IntN(3); rnd.IntN(2) == 0 {
						err = s.Add(v)
					} else {
						_, err = s.Remove(v)
					}
					return err
				},
				State: func() string { return lines(s.content.list()) },
				Follow: []replicatetest.Follower{replicatetest.Follow(s.Changes(0), func(c Change[int]) {
					element, _ := s.encode(c.Value)
					if folded[element] = true; c.Removed {
						delete(folded, element)
					}
				}, func() string {
					var elements []string
					for element := range folded {
						elements = append(elements, element)
					}
					return lines(elements)
				})},
			}, err
		},
		Oracle: func(updates []*replicate.Update) string {
			var elements []string
			for _, u := range updates {
				if adds(u.Op()) && !slices.ContainsFunc(updates, func(w *replicate.Update) bool { return saw(w, u) }) {
					elements = append(elements, touched(u.Op()))
				}
			}
			return lines(elements)
		},
	}, replicatetest.Config{})
}
