package replicatetest

import (
	"context"
	"math/rand/v2"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// A Kind is a data type as the checks see it. Types, Open and Oracle are
// required.
type Kind struct {
	// Types goes into replicate.Config.Types. Their Observe is not called.
	Types []replicate.Type

	// Open opens the objects under test in a replica, often just one. It is
	// called anew for every replica and after every restart, before anything
	// is in it or, if it has a journal, with what was restored. Edit is given
	// to some of them only.
	Open func(r *replicate.Replica) (Subject, error)

	// Oracle says in the simplest way what State must be, given a set of
	// updates: distinct, of all objects, sorted by Newer, the oldest first. It
	// must neither change the slice nor keep it.
	Oracle func(updates []*replicate.Update) string

	// Describe says what an op does, for reports; nil quotes its bytes.
	Describe func(op string) string

	// Reencode parses an op and encodes it again, which must give the same
	// bytes: whoever relays an update by its meaning may do so. Nil skips
	// that check.
	Reencode func(op string) (string, error)
}

// A Subject is the objects of one replica, opened. Edit and State are
// required.
type Subject struct {
	// Edit does one random thing through the type's own methods. Few keys and
	// small values make many conflicts. It may find nothing to do; an error
	// fails the check. What it does depends on rnd and the state alone.
	Edit func(rnd *rand.Rand) error

	// State says what a reader sees, in a form of its own: equal for equal
	// states, however they came about.
	State func() string

	// Follow lists subscribers; the checks read them now and then.
	Follow []Follower
}

// A Follower is a subscriber that folds what it is told. Make it with
// [Follow].
type Follower struct {
	// Want is what the folded state must equal at rest; nil means
	// Subject.State.
	Want func() string

	next   pull.Source[struct{}]
	folded func() string
}

// Follow returns a follower of src, which folds every value it reads, and
// whose folded state is in the form of Subject.State. The source must wait by
// selecting on its context and what wakes it in one goroutine, as
// Replica.Changes does: the checks notice by the context that it waits.
func Follow[C any](src pull.Source[C], fold func(C), folded func() string) Follower {
	return Follower{
		next: pull.From(func(ctx context.Context) (struct{}, error) {
			c, err := src(ctx)
			if err == nil {
				fold(c)
			}
			return struct{}{}, err
		}, func(cause error) error { return pull.Abort(src, cause) }),
		folded: folded,
	}
}
