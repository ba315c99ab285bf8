package value

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/replicatetest"
)

func TestMultiConvergence(t *testing.T) {
	replicatetest.Run(t, replicatetest.Kind{
		Types: []replicate.Type{MultiJSON},
		Open: func(r *replicate.Replica) (replicatetest.Subject, error) {
			m, err := OpenMulti[int](r, "")
			var told []Write[int]
			return replicatetest.Subject{
				Edit: func(rnd *rand.Rand) error { return m.Set(rnd.IntN(100)) },
				State: func() string {
					writes, err := m.Get()
					return fmt.Sprint(writes, err)
				},
				Follow: []replicatetest.Follower{replicatetest.Follow(m.Changes(0),
					func(writes []Write[int]) { told = writes },
					func() string { return fmt.Sprint(told, nil) })},
			}, err
		},
		Oracle: func(updates []*replicate.Update) string {
			var writes []Write[int]
			for _, u := range unseen(updates) {
				w, err := (&Multi[int]{codec: replicate.JSON[int](MultiJSON)}).write(u)
				if err != nil {
					return err.Error()
				}
				writes = append(writes, w)
			}
			return fmt.Sprint(writes, nil)
		},
	}, replicatetest.Config{})
}

func TestHistoryConvergence(t *testing.T) {
	typ := Keep(JSON, 3)
	replicatetest.Run(t, replicatetest.Kind{
		Types: []replicate.Type{typ},
		Open: func(r *replicate.Replica) (replicatetest.Subject, error) {
			v, err := OpenWith(r, "", replicate.JSON[int](typ))
			return replicatetest.Subject{
				Edit: func(rnd *rand.Rand) error { return v.Set(rnd.IntN(100)) },
				State: func() (s string) {
					v.h.View(func(o replicate.Object) { s = show(o.(*last).shown()) })
					return s
				},
			}, err
		},
		Oracle: func(updates []*replicate.Update) string { return newest(updates, 3) },
	}, replicatetest.Config{})
}
