package replicatetest

import (
	"fmt"
	"strings"
)

// The laws by the names that the package's documentation gives them.
const (
	lawOracle      = "oracle"
	lawLive        = "live"
	lawObsolete    = "obsolete"
	lawOrder       = "order"
	lawAlone       = "alone"
	lawStamps      = "stamps"
	lawPromise     = "promise"
	lawConvergence = "convergence"
	lawChanges     = "changes"
	lawEncoding    = "encoding"
	lawForgetting  = "forgetting"
	lawParts       = "parts"
	lawEdit        = "edit"
	lawSession     = "session"
	lawPanic       = "panic"
)

// A Failure is one law that was seen broken.
type Failure struct {
	Law     string   // as the package's documentation names it, such as "oracle"
	Detail  string   // what was seen, and what the law wants
	Seed    uint64   // of the schedule
	Options string   // that the seed gave the schedule, as far as they mattered
	History []string // a short schedule that breaks the law, a step a line
	Steps   int      // how many steps the whole schedule has
}

// String returns the failure with its history, in the notation that the
// histories of package replicate are written in: W0 a is "replica 0 writes the
// update a", 0>1 a is "1 receives a from 0", M is a marker.
func (f *Failure) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "law %q broken: %s\n", f.Law, f.Detail)
	fmt.Fprintf(&s, "  after these of %d steps (%s; again with WEIR_SEED=%d):\n",
		f.Steps, f.Options, f.Seed)
	for _, line := range f.History {
		fmt.Fprintf(&s, "    %s\n", line)
	}
	return s.String()
}
