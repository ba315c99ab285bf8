package model

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/replicatetest"
)

func TestExpiringConvergence(t *testing.T) {
	limits := Limits{MaxCount: 3}
	typ := Expiring(JSON, limits)
	replicatetest.Run(t, replicatetest.Kind{
		Types: []replicate.Type{typ},
		Open: func(r *replicate.Replica) (replicatetest.Subject, error) {
			m, err := OpenWith(r, "", replicate.JSON[int](typ))
			return replicatetest.Subject{
				Edit: func(rnd *rand.Rand) (err error) {
					if key := fmt.Sprint(rnd.IntN(8)); rnd.IntN(4) == 0 {
						_, err = m.Delete(key)
					} else {
						err = m.Set(key, rnd.IntN(100))
					}
					return err
				},
				State: func() (s string) {
					m.h.View(func(o replicate.Object) { s = show(o) })
					return s
				},
			}, err
		},
		Oracle: func(updates []*replicate.Update) string { return lines(expected(updates, limits)) },
	}, replicatetest.Config{Schedules: 2000})
}
