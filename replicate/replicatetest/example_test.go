package replicatetest_test

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/replicatetest"
)

// A Last is the word that comes last in the dictionary, of all that were said.
type Last struct{ h *replicate.Handle }

// LastType belongs into replicate.Config.Types. An op is the word.
var LastType = replicate.Type{
	Tag: "last",
	New: func() replicate.Object { return new(last) },
	Check: func(op string) error {
		if op == "" || len(op) > 100 {
			return errors.New("last: words have 1 to 100 bytes")
		}
		return nil
	},
}

func OpenLast(r *replicate.Replica, name string) (Last, error) {
	h, err := r.Open(replicate.ObjectName{Type: "last", Name: name})
	return Last{h}, err
}

func (l Last) Say(word string) error { _, err := l.h.Write(word); return err }

func (l Last) Word() (word string) {
	l.h.View(func(o replicate.Object) {
		if top := o.(*last).top; top != nil {
			word = top.Op()
		}
	})
	return word
}

// last is the state: the update that counts, nil if there is none.
type last struct{ top *replicate.Update }

// Apply keeps the later word, and of equal ones the newer update: of a set of
// updates always the same one, in whatever order they come.
func (s *last) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	switch top := s.top; {
	case top == nil:
	case u.Op() < top.Op(), u.Op() == top.Op() && !u.Newer(top):
		obsolete(u)
		return
	default:
		obsolete(top)
	}
	s.top = u
}

// A new data type, whole, and the check that it converges.
func Example() {
	failure := replicatetest.Check(replicatetest.Kind{
		Types: []replicate.Type{LastType},
		Open: func(r *replicate.Replica) (replicatetest.Subject, error) {
			l, err := OpenLast(r, "")
			edit := func(rnd *rand.Rand) error { return l.Say(string(rune('a' + rnd.IntN(26)))) }
			return replicatetest.Subject{Edit: edit, State: l.Word}, err
		},
		Oracle: func(updates []*replicate.Update) (word string) {
			for _, u := range updates {
				word = max(word, u.Op())
			}
			return word
		},
	}, replicatetest.Config{Schedules: 1000})
	fmt.Println(failure)
	// Output: <nil>
}
