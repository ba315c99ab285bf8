package counter

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/replicatetest"
)

func TestConvergence(t *testing.T) {
	replicatetest.Run(t, replicatetest.Kind{
		Types: []replicate.Type{Type},
		Open: func(r *replicate.Replica) (replicatetest.Subject, error) {
			c, err := Open(r, "")
			told := int64(0)
			return replicatetest.Subject{
				Edit:  func(rnd *rand.Rand) error { return c.Add(int64(rnd.IntN(9) - 4)) },
				State: func() string { return fmt.Sprint(c.Value()) },
				Follow: []replicatetest.Follower{replicatetest.Follow(c.Changes(0),
					func(news Change) { told = news.Value }, func() string { return fmt.Sprint(told) })},
			}, err
		},
		Oracle: oracle,
	}, replicatetest.Config{})
}
