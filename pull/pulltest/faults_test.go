package pulltest_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/weir-go/weir/pull/pulltest"
)

// A fault is a stream that breaks one law, and the check that must see it.
type fault struct {
	law   string
	name  string
	check func(t *testing.T) []pulltest.Violation
}

// TestFaults plants a fault for every law, in a source, a through or a sink,
// and wants it found and named.
// row: A1, A5, A6, A7, A8, A9
// rule: 1.2, 1.3, 2.7, 3.12
func TestFaults(t *testing.T) {
	faults := slices.Concat(sourceFaults, throughFaults, sinkFaults, fanFaults)
	seen := map[string]bool{}
	for _, f := range faults {
		seen[f.law] = true
		t.Run(f.law+"/"+f.name, func(t *testing.T) {
			t.Parallel()
			found := f.check(t)
			assert.True(t, slices.ContainsFunc(found, func(v pulltest.Violation) bool {
				return v.Law == f.law
			}), "law %q is broken, but this was found: %v", f.law, lines(found))
		})
	}
	for _, law := range laws {
		assert.True(t, seen[law], "no fault is planted for the law %q", law)
	}
}

// laws are all of those in package pull's documentation.
var laws = []string{"demand", "one at a time", "end", "finality", "abort", "early stop",
	"scope", "prompt", "ownership", "fan-out", "through", "sink", "panic"}

func lines(found []pulltest.Violation) string {
	var text strings.Builder
	for i, v := range found {
		if i == 5 {
			fmt.Fprintf(&text, "\n\tand %d more", len(found)-i)
			break
		}
		fmt.Fprintf(&text, "\n\t%v", v)
	}
	return text.String()
}

var errBoom = errors.New("boom")
