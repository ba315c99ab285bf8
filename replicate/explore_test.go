package replicate_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
	"github.com/weir-go/weir/replicate/replicatetest"
)

// TestExplore plays random histories of replicas with three objects of two
// types. What is
// checked and how a failure is played again, package replicatetest says.
func TestExplore(t *testing.T) {
	replicatetest.Run(t, replicatetest.Kind{
		Types:  []replicate.Type{model.JSON, other},
		Open:   openThree,
		Oracle: threeModels,
	}, replicatetest.Config{})
}

// other is a second type: of another tag, the same name is another object.
var other = model.TypeOf("model/other")

// openThree opens three models, to be edited and followed.
func openThree(r *replicate.Replica) (s replicatetest.Subject, err error) {
	codec := replicate.JSON[int](other)
	var models []*model.Model[int]
	for _, name := range []replicate.ObjectName{{Name: "a"}, {Name: "b"}, {Name: "a", Type: "other"}} {
		m, err := model.Open[int](r, name.Name)
		if name.Type != "" {
			m, err = model.OpenWith(r, name.Name, codec)
		}
		if err != nil {
			return s, err
		}
		models = append(models, m)
		seen := map[string]int{}
		follow := replicatetest.Follow(m.Changes(0), func(c model.Change[int]) {
			seen[c.Key] = c.Value
			if c.Deleted {
				delete(seen, c.Key)
			}
		}, func() string { return fmt.Sprint(seen) })
		follow.Want = func() string { return fmt.Sprint(contents(m)) }
		s.Follow = append(s.Follow, follow)
	}
	s.Edit = func(rnd *rand.Rand) error {
		m, key := models[rnd.IntN(len(models))], string(rune('x'+rnd.IntN(2)))
		if rnd.IntN(5) > 0 {
			return m.Set(key, rnd.IntN(100))
		}
		_, err := m.Delete(key)
		return err
	}
	s.State = func() string {
		return fmt.Sprint(contents(models[0]), contents(models[1]), contents(models[2]))
	}
	return s, nil
}

func contents(m *model.Model[int]) map[string]int {
	now := map[string]int{}
	for e := range m.All("") {
		now[e.Key] = e.Value
	}
	return now
}

// threeModels gives the updates, oldest first, to plain maps.
func threeModels(updates []*replicate.Update) string {
	var now [3]map[string]string
	for i := range now {
		now[i] = map[string]string{}
	}
	for _, u := range updates {
		i := strings.Index("ab", u.Object().Name)
		if u.Object().Type == other.Tag {
			i = 2
		}
		if now[i][keyOf(u)] = u.Op()[2+len(keyOf(u)):]; u.Op()[0] == 0 {
			delete(now[i], keyOf(u))
		}
	}
	return fmt.Sprint(now[0], now[1], now[2])
}
