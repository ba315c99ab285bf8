package pulltest

import (
	"fmt"
	"testing"
)

// The laws by the names that package pull's documentation gives them.
const (
	lawDemand    = "demand"
	lawOneAtTime = "one at a time"
	lawEnd       = "end"
	lawFinality  = "finality"
	lawAbort     = "abort"
	lawEarlyStop = "early stop"
	lawScope     = "scope"
	lawPrompt    = "prompt"
	lawOwnership = "ownership"
	lawFanOut    = "fan-out"
	lawThrough   = "through"
	lawSink      = "sink"
	lawPanic     = "panic"

	// notALaw marks a check that could not be made as its options say.
	notALaw = "options"
)

// A Violation is one law that was seen broken.
type Violation struct {
	Law      string // as package pull's documentation names it, such as "one at a time"
	Schedule string // what was done to the stream, such as "5 values, end; abort after 2"
	Detail   string // what was seen, and what the law wants

	kind string // Detail without its values
}

// String returns the violation in one line.
func (v Violation) String() string {
	return fmt.Sprintf("law %q broken [%s]: %s", v.Law, v.Schedule, v.Detail)
}

// most is how many kinds of violations a failing test prints.
const most = 12

// fail prints one violation of each kind, the one that takes the fewest values,
// and how often that kind was seen: one fault is seen by many schedules.
func fail(t *testing.T, found []Violation) {
	t.Helper()
	groups := grouped(found)
	for i, g := range groups {
		if i == most {
			t.Errorf("and %d more kinds of violations", len(groups)-most)
			return
		}
		t.Error(g)
	}
}

// A group is violations of one kind.
type group struct {
	first Violation // that with the smallest schedule
	size  int       // how many values its root has
	n     int       // how many schedules show it
	last  string    // the schedule that was counted last
}

// String is the violation, and how often it was seen.
func (g *group) String() string {
	if g.n == 1 {
		return g.first.String()
	}
	return fmt.Sprintf("%v (and so, or much so, in %d more schedules)", g.first, g.n-1)
}

// grouped puts violations of one kind together, in the order of the first.
func grouped(found []Violation) []*group {
	var groups []*group
	known := map[[2]string]*group{}
	for _, v := range found {
		key := [2]string{v.Law, v.kind}
		g, size := known[key], rootSize(v.Schedule)
		switch {
		case g == nil:
			g = &group{first: v, size: size}
			known[key] = g
			groups = append(groups, g)
		case size < g.size:
			g.first, g.size = v, size
		}
		if v.Schedule != g.last {
			g.n++
		}
		g.last = v.Schedule
	}
	return groups
}

// rootSize is how many values a schedule begins with, 0 where it does not say.
func rootSize(schedule string) (n int) {
	_, _ = fmt.Sscanf(schedule, "%d values", &n)
	return n
}
