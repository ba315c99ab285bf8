package seq_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/replicatetest"
	"github.com/weir-go/weir/replicate/seq"
)

func TestConvergence(t *testing.T) {
	replicatetest.Run(t, replicatetest.Kind{
		Types:    []replicate.Type{seq.JSON},
		Open:     openSubject,
		Oracle:   func(updates []*replicate.Update) string { return showRaw(listOf(updates)) },
		Reencode: func(op string) (string, error) { return seq.Reencode(op), nil },
	}, replicatetest.Config{})
}

// openSubject edits a list in all ways.
func openSubject(r *replicate.Replica) (replicatetest.Subject, error) {
	l, err := seq.Open[int](r, "")
	if err != nil {
		return replicatetest.Subject{}, err
	}
	var seen []seq.Element[int]
	return replicatetest.Subject{
		Edit: func(rnd *rand.Rand) error { return editAny(l, rnd) },
		State: func() string {
			var list elements
			for e, err := range l.All() {
				if err != nil {
					return err.Error()
				}
				list = append(list, seq.Element[string]{ID: e.ID, Value: raw(e.Value)})
			}
			return showRaw(list)
		},
		Follow: []replicatetest.Follower{replicatetest.Follow(l.Changes(0),
			func(b seq.Batch[int]) { seen = b.Apply(seen) },
			func() string {
				var list elements
				for _, e := range seen {
					list = append(list, seq.Element[string]{ID: e.ID, Value: raw(e.Value)})
				}
				return showRaw(list)
			})},
	}, nil
}

// editAny makes one random edit.
func editAny(l *seq.List[int], rnd *rand.Rand) error {
	n, v := l.Len(), rnd.IntN(100)
	what := rnd.IntN(8)
	if n == 0 || what < 3 {
		_, err := l.Insert(rnd.IntN(n+1), v)
		return err
	}
	e, err := l.At(rnd.IntN(n))
	if err != nil {
		return err
	}
	switch what {
	case 3, 4:
		return l.Move(e.ID, rnd.IntN(n))
	case 5:
		return l.Set(e.ID, v)
	case 6:
		_, err = l.Push(v)
	default:
		_, err = l.Delete(e.ID)
	}
	return err
}

func showRaw(list elements) string {
	var s strings.Builder
	for _, e := range list {
		fmt.Fprintf(&s, "%s@%s ", e.Value, replicate.Stamp(e.ID))
	}
	return s.String()
}
