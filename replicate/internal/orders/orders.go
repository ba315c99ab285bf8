// Package orders plays updates to a data type's state in many orders.
package orders

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// A Case is a data type, how its state looks, and what it should look like.
type Case struct {
	Type   replicate.Type
	Show   func(replicate.Object) string
	Oracle func([]*replicate.Update) string // of the set, in any order
}

// Written returns what f writes to r, at most 256 updates.
func Written(t testing.TB, r *replicate.Replica, f func()) []*replicate.Update {
	head := r.Head()
	f()
	if r.Head() == head {
		return nil
	}
	src := r.Changes(head)
	batch, err := src(t.Context())
	if err == nil {
		err = pull.Abort(src, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

// History has replicas write steps times at random, with exchanges between
// some of them, some clocks that step back, and returns all that was written.
func History(t testing.TB, rng *rand.Rand, typ replicate.Type, replicas, steps int,
	write func(r *replicate.Replica)) (written []*replicate.Update) {
	wall := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var reps []*replicate.Replica
	for range replicas {
		reps = append(reps, replicate.New(replicate.Config{
			Types: []replicate.Type{typ}, Now: func() time.Time { return wall },
		}))
	}
	for len(written) < steps {
		r, from := reps[rng.IntN(replicas)], reps[rng.IntN(replicas)]
		wall = wall.Add(time.Duration(rng.IntN(30)-10) * time.Millisecond)
		if rng.IntN(3) == 0 {
			if err := r.Write(context.Background(), from.Read(r.Clock())); err != nil {
				t.Fatal(err)
			}
			continue
		}
		written = append(written, Written(t, r, func() { write(r) })...)
	}
	return written[:steps]
}

// Check wants the state of the updates, and of every subset, to be a function
// of the set, and of what is live of it alone: in all orders of up to five, in
// some of more, with replaced ones coming again.
func (c Case) Check(t testing.TB, rng *rand.Rand, updates []*replicate.Update) {
	if len(updates) <= 5 {
		Permute(updates, func(order []*replicate.Update) { c.play(t, rng, order) })
	}
	var parts [2][]*replicate.Update
	var whole []*replicate.Update
	for i := range parts {
		for _, u := range updates {
			if rng.IntN(3) > 0 {
				parts[i] = append(parts[i], u)
			}
		}
		whole = append(whole, parts[i]...)
		live := c.shuffled(t, rng, parts[i])
		if !slices.Equal(live, c.shuffled(t, rng, parts[i])) {
			t.Fatal("what is live depends on the order")
		}
		if !slices.Equal(live, c.shuffled(t, rng, live)) {
			t.Fatal("what is live needs what is not")
		}
		if c.Oracle(parts[i]) != c.Oracle(live) {
			t.Fatal("what is obsolete matters")
		}
		parts[i] = live
	}
	whole = c.shuffled(t, rng, slices.Compact(sorted(whole)))
	union := slices.Compact(sorted(slices.Concat(parts[0], parts[1])))
	if !slices.Equal(whole, c.shuffled(t, rng, union)) {
		t.Fatal("what is live of two parts is not what is live of both")
	}
}

func sorted(updates []*replicate.Update) []*replicate.Update {
	slices.SortFunc(updates, func(u, v *replicate.Update) int { return u.Stamp().Compare(v.Stamp()) })
	return updates
}

func (c Case) shuffled(t testing.TB, rng *rand.Rand, updates []*replicate.Update) []*replicate.Update {
	order := slices.Clone(updates)
	rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	return c.play(t, rng, order)
}

// play applies updates in order and returns those that are live in the end, by
// stamp.
func (c Case) play(t testing.TB, rng *rand.Rand, order []*replicate.Update) (live []*replicate.Update) {
	state := c.Type.New()
	var gone []*replicate.Update
	apply := func(u *replicate.Update) {
		live = append(live, u)
		state.Apply(u, func(v *replicate.Update) {
			if u != v && !c.replaces(u, v) {
				t.Fatalf("%v does not replace %v alone", u.Stamp(), v.Stamp())
			}
			i := slices.Index(live, v)
			if i < 0 {
				t.Fatalf("%v is not live", v.Stamp())
			}
			live = slices.Delete(live, i, i+1)
			gone = append(gone, v)
		})
	}
	for i, u := range order {
		apply(u)
		if len(gone) > 0 && rng.IntN(2) == 0 {
			v := gone[rng.IntN(len(gone))]
			if apply(v); slices.Contains(live, v) {
				t.Fatalf("%v came back", v.Stamp())
			}
		}
		if want, got := c.Oracle(order[:i+1]), c.Show(state); want != got {
			t.Fatalf("want\n%s\ngot\n%s", want, got)
		}
	}
	for _, v := range gone {
		if !slices.ContainsFunc(live, func(u *replicate.Update) bool { return c.replaces(u, v) }) {
			t.Fatalf("nothing that is live replaces %v alone", v.Stamp())
		}
	}
	return sorted(live)
}

// replaces reports whether u alone makes v obsolete, whichever comes first. A
// peer may be given nothing else in v's place.
func (c Case) replaces(u, v *replicate.Update) bool {
	for _, order := range [][]*replicate.Update{{u, v}, {v, u}} {
		state, gone := c.Type.New(), false
		for _, w := range order {
			state.Apply(w, func(w *replicate.Update) { gone = gone || w == v })
		}
		if !gone {
			return false
		}
	}
	return true
}

// Permute calls f with the updates in all orders, each time in the same slice.
func Permute(updates []*replicate.Update, f func([]*replicate.Update)) {
	permute(slices.Clone(updates), 0, f)
}

func permute(order []*replicate.Update, from int, f func([]*replicate.Update)) {
	if from == len(order) {
		f(order)
		return
	}
	for i := from; i < len(order); i++ {
		order[from], order[i] = order[i], order[from]
		permute(order, from+1, f)
		order[from], order[i] = order[i], order[from]
	}
}
