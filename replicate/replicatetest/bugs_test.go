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

// Every planted bug is found, by a law that has to do with it.
func TestPlantedBugs(t *testing.T) {
	type kind = func(bug string) replicatetest.Kind
	for _, c := range []struct {
		kind kind
		bug  string
		laws []string
	}{
		{mapKind, "the last to arrive wins ties", []string{"oracle", "order"}},
		{mapKind, "the older wins", []string{"oracle"}},
		{mapKind, "a deletion always wins", []string{"oracle", "order"}},
		{mapKind, "forgets tombstones", []string{"promise", "oracle", "live", "order"}},
		{mapKind, "drops the neighbour", []string{"promise", "live", "order"}},
		{mapKind, "drops both", []string{"live", "order"}},
		{mapKind, "drops what another map got", []string{"live", "obsolete"}},
		{mapKind, "keeps what comes too late", []string{"convergence", "order", "session"}},
		{mapKind, "keeps what it replaces", []string{"convergence", "order", "session"}},
		{mapKind, "counts what is gone", []string{"oracle", "live", "order", "encoding"}},
		{mapKind, "keeps the largest value", []string{"oracle"}},
		{mapKind, "check depends on what came before", []string{"session", "edit", "encoding"}},
		{mapKind, "subscriber keeps what is deleted", []string{"changes"}},
		{mapKind, "edit fails", []string{"edit"}},
		{mapKind, "panics on ties", []string{"panic"}},
		{setKind, "context is not transitive", []string{"oracle", "live", "order", "promise", "convergence"}},
		{setKind, "a replaced one comes back", []string{"oracle", "order"}},
		{setKind, "refuses orphans", []string{"encoding", "oracle", "order"}},
		{setKind, "takes causes to have come", []string{"oracle", "order"}},
		{setKind, "forgets removals", []string{"promise", "live", "order", "obsolete"}},
		{setKind, "encodes in any order", []string{"encoding"}},
		{counterKind, "counts steps", []string{"oracle", "order", "live"}},
		{counterKind, "an author's newest is its last to arrive", []string{"oracle", "order"}},
		{counterKind, "calls the wrong copy obsolete", []string{"live", "order", "obsolete"}},
		{counterKind, "subscriber counts every change as one", []string{"changes"}},
	} {
		t.Run(c.bug, func(t *testing.T) {
			f := replicatetest.Check(c.kind(c.bug), replicatetest.Config{})
			require.NotNil(t, f)
			require.Contains(t, c.laws, f.Law, f.String())
			t.Log(f)
		})
	}
}
