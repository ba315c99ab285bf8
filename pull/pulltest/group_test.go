package pulltest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A kind of violation is printed once, with its smallest schedule.
func TestViolationsAreGrouped(t *testing.T) {
	b := &bench{t: t}
	for _, schedule := range []string{"1000 values, end; a", "5 values, end; a", "5 values, end; b"} {
		r := &run{bench: b, name: schedule}
		r.report(lawEnd, "read %d, want %d", len(schedule), 0)
		r.report(lawEnd, "read %d, want %d", len(schedule), 1)
		r.report(lawAbort, "%s", "one")
		r.report(lawAbort, "%s", "other")
	}
	groups := grouped(b.violations())
	require.Len(t, groups, 3)
	assert.Equal(t, `law "end" broken [5 values, end; a]: read 16, want 0 `+
		`(and so, or much so, in 2 more schedules)`, groups[0].String())
	assert.Equal(t, "one", groups[1].first.Detail)
	assert.Equal(t, "other", groups[2].first.Detail)
	groups[0].n = 1
	assert.Equal(t, groups[0].first.String(), groups[0].String())
}

// Goroutines are told by where they come from, not one by one.
func TestSummaryIsShort(t *testing.T) {
	stack := func(where, n string) string {
		return "goroutine 7 [select]:\nx.f()\n\t/x.go:3 +0x1\ncreated by x." + where +
			" in goroutine " + n + "\n\t/x.go:9 +0x2"
	}
	assert.Equal(t, "2 of x.f /x.go:9; x.g /x.go:9",
		summary([]string{stack("f", "1"), stack("g", "2"), stack("f", "33")}))
	var all []string
	for _, c := range "abcdefghijkl" {
		all = append(all, stack(string(c), "1"))
	}
	got := summary(all)
	assert.Equal(t, fewPlaces, strings.Count(got, "/x.go:9"))
	assert.Contains(t, got, "; and 4 more")
}
