package model_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
	"github.com/weir-go/weir/replicate/replicatetest"
)

func TestConvergence(t *testing.T) {
	replicatetest.Run(t, replicatetest.Kind{
		Types:  []replicate.Type{model.JSON},
		Open:   openSubject,
		Oracle: oracle,
	}, replicatetest.Config{})
}

// TestConvergenceSigned is TestConvergence with updates that are signed.
func TestConvergenceSigned(t *testing.T) {
	replicatetest.Run(t, replicatetest.Kind{
		Types:  []replicate.Type{model.JSON},
		Open:   openSubject,
		Oracle: oracle,
	}, replicatetest.Config{Signed: true})
}

// openSubject edits and shows a model of three keys.
func openSubject(r *replicate.Replica) (replicatetest.Subject, error) {
	m, err := model.Open[int](r, "")
	if err != nil {
		return replicatetest.Subject{}, err
	}
	seen := map[string]int{}
	return replicatetest.Subject{
		Edit: func(rnd *rand.Rand) error {
			key := string(rune('x' + rnd.IntN(3)))
			if rnd.IntN(4) == 0 {
				_, err := m.Delete(key)
				return err
			}
			return m.Set(key, rnd.IntN(100))
		},
		State: func() string {
			now := map[string]int{}
			for e, err := range m.All("") {
				if err != nil {
					return err.Error()
				}
				now[e.Key] = e.Value
			}
			return show(now)
		},
		Follow: []replicatetest.Follower{replicatetest.Follow(m.Changes(0),
			func(c model.Change[int]) {
				seen[c.Key] = c.Value
				if c.Deleted {
					delete(seen, c.Key)
				}
			},
			func() string { return show(seen) })},
	}, nil
}

// oracle gives the updates, oldest first, to a plain map.
func oracle(updates []*replicate.Update) string {
	now := map[string]string{}
	for _, u := range updates {
		n, size := binary.Uvarint([]byte(u.Op())[1:])
		key, value := u.Op()[1+size:][:n], u.Op()[1+size:][n:]
		if now[key] = value; u.Op()[0] == 0 {
			delete(now, key)
		}
	}
	return show(now)
}

func show[V any](m map[string]V) string {
	var s strings.Builder
	for _, key := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&s, "%s=%v ", key, m[key])
	}
	return s.String()
}
