package replicatetest_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/replicatetest"
)

// counter is the sum of what each author has counted, or a broken one. An op
// is the author's new total.
type counter struct {
	bug string
	by  map[replicate.Author]*replicate.Update
	sum int // of what ever came, for one of the bugs
}

func counterKind(bug string) replicatetest.Kind {
	return replicatetest.Kind{
		Types: []replicate.Type{{Tag: "counter", New: func() replicate.Object {
			return &counter{bug: bug, by: map[replicate.Author]*replicate.Update{}}
		}}},
		Open:   openCounter,
		Oracle: counterOracle,
	}
}

func openCounter(r *replicate.Replica) (replicatetest.Subject, error) {
	h, err := r.Open(replicate.ObjectName{Type: "counter"})
	if err != nil {
		return replicatetest.Subject{}, err
	}
	f := &countFold{last: map[replicate.Author]int{}}
	h.View(func(o replicate.Object) { f.bug = o.(*counter).bug })
	src := replicate.Watch(h, 0, func(u *replicate.Update) (*replicate.Update, error) { return u, nil })
	return replicatetest.Subject{
		Edit: func(rnd *rand.Rand) error {
			_, err := h.Compose(func(d replicate.Draft) (string, error) {
				step := rnd.IntN(5) - 1
				c := d.State.(*counter)
				if u := c.by[d.Stamp.Author]; u != nil && c.bug != "counts steps" {
					step += total(u)
				}
				return strconv.Itoa(step), nil
			})
			return err
		},
		State: func() (s string) {
			h.View(func(o replicate.Object) { s = fmt.Sprint(o.(*counter).value()) })
			return s
		},
		Follow: []replicatetest.Follower{
			replicatetest.Follow(src, f.fold, func() string { return fmt.Sprint(f.sum) }),
		},
	}, nil
}

// countFold is a subscriber's idea of a counter.
type countFold struct {
	bug  string
	sum  int
	last map[replicate.Author]int
}

func (f *countFold) fold(u *replicate.Update) {
	a, t := u.Stamp().Author, total(u)
	if f.bug == "subscriber counts every change as one" {
		f.sum++
		return
	}
	f.sum += t - f.last[a]
	f.last[a] = t
}

func total(u *replicate.Update) int {
	n, _ := strconv.Atoi(u.Op())
	return n
}

func counterOracle(updates []*replicate.Update) string {
	last, sum := map[replicate.Author]int{}, 0
	for _, u := range updates {
		last[u.Stamp().Author] = total(u)
	}
	for _, n := range last {
		sum += n
	}
	return fmt.Sprint(sum)
}

func (c *counter) value() (sum int) {
	if c.bug == "counts steps" {
		return c.sum
	}
	for _, u := range c.by {
		sum += total(u)
	}
	return sum
}

func (c *counter) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	a := u.Stamp().Author
	old := c.by[a]
	c.sum += total(u)
	switch {
	case old == nil:
	case c.bug == "an author's newest is its last to arrive", u.Newer(old):
		obsolete(old)
	case c.bug == "calls the wrong copy obsolete":
		obsolete(old)
		c.by[a] = u
		obsolete(u)
		c.by[a] = old
		return
	default:
		obsolete(u)
		return
	}
	c.by[a] = u
}
