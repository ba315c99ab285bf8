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
}

// String returns the violation in one line.
func (v Violation) String() string {
	return fmt.Sprintf("law %q broken [%s]: %s", v.Law, v.Schedule, v.Detail)
}

// most is how many violations a failing test prints: one fault is often seen
// by many schedules.
const most = 12

func fail(t *testing.T, found []Violation) {
	t.Helper()
	for i, v := range found {
		if i == most {
			t.Errorf("and %d more violations", len(found)-most)
			return
		}
		t.Error(v)
	}
}
