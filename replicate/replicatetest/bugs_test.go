package replicatetest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate/replicatetest"
)

// The three types that the bugs below are planted in are right.
func TestConvergence(t *testing.T) {
	t.Run("map", func(t *testing.T) {
		replicatetest.Run(t, mapKind(""), replicatetest.Config{})
	})
	t.Run("set", func(t *testing.T) {
		replicatetest.Run(t, setKind(""), replicatetest.Config{})
	})
	t.Run("counter", func(t *testing.T) {
		replicatetest.Run(t, counterKind(""), replicatetest.Config{})
	})
}

// merging are the laws that a wrong Apply breaks: which first is chance.
var merging = []string{"oracle", "live", "obsolete", "alone", "order", "promise", "convergence", "encoding", "changes"}

// Every planted bug is found, by a law that has to do with it.
func TestPlantedBugs(t *testing.T) {
	type kind = func(bug string) replicatetest.Kind
	broken := map[string]bool{}
	for _, c := range []struct {
		kind kind
		bug  string
		laws []string
	}{
		{mapKind, "the last to arrive wins ties", merging},
		{mapKind, "the older wins", merging},
		{mapKind, "a deletion always wins", merging},
		{mapKind, "forgets tombstones", merging},
		{mapKind, "drops the neighbour", merging},
		{mapKind, "drops both", merging},
		{mapKind, "drops what another map got", merging},
		{mapKind, "keeps what comes too late", merging},
		{mapKind, "keeps what it replaces", merging},
		{mapKind, "counts what is gone", merging},
		{mapKind, "keeps the largest value", merging},
		{mapKind, "check depends on what came before", []string{"session", "edit", "encoding"}},
		{mapKind, "subscriber keeps what is deleted", []string{"changes"}},
		{mapKind, "edit fails", []string{"edit"}},
		{mapKind, "panics on ties", []string{"panic"}},
		{mapKind, "forgets the neighbour", []string{"forgetting"}},
		{mapKind, "deletions have no key", []string{"parts"}},
		{setKind, "context is not transitive", merging},
		{setKind, "a replaced one comes back", merging},
		{setKind, "refuses orphans", merging},
		{setKind, "takes causes to have come", merging},
		{setKind, "forgets removals", merging},
		{setKind, "encodes in any order", []string{"encoding"}},
		{counterKind, "counts steps", merging},
		{counterKind, "an author's newest is its last to arrive", merging},
		{counterKind, "calls the wrong copy obsolete", merging},
		{counterKind, "subscriber counts every change as one", []string{"changes"}},
	} {
		t.Run(c.bug, func(t *testing.T) {
			f := replicatetest.Check(c.kind(c.bug), replicatetest.Config{})
			require.NotNil(t, f)
			require.Contains(t, c.laws, f.Law, f.String())
			broken[f.Law] = true
			for seed := uint64(1000); seed < 6000; seed += 1000 {
				f = replicatetest.Check(c.kind(c.bug), replicatetest.Config{Seed: seed})
				require.NotNil(t, f)
				broken[f.Law] = true
			}
		})
	}
	for _, law := range append(merging, "edit", "session", "panic", "forgetting", "parts") {
		require.True(t, broken[law], "no bug shows by the law %q", law)
	}
}
