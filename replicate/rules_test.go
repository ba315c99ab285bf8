package replicate_test

import (
	"testing"

	"github.com/weir-go/weir/replicate"
)

// A rule is one that a search breaks, to see what it is for.
type rule int

const (
	noRule      rule = iota
	newAuthor        // R1: a new author after the loss of what others may have seen
	unseenFirst      // R1: nobody is shown what is not durable
	pastSeen         // R2: stamps lie above all that was seen
	alreadyHave      // R3: this very update is held, or covered; not: a newer one was seen
	markers          // R4: the clock moves at markers, not with updates
	inherited        // R4: what replaces an update takes over its place
	cutMarkers       // R4: a marker at every cut, not at the head alone
	tokenMarker      // R7: a token is kept beside a journal's marker
	freshEpoch       // R7: the epoch is random at every opening
	batches          // R8: a journal's clock moves at markers
	tombstones       // R10: the fingerprint counts tombstones
)

// spoil breaks a rule at a replica that a step has touched.
func (x *search) spoil(s *seat) {
	switch x.without {
	case pastSeen:
		s.Replica.ForgetSeen()
	case inherited:
		s.Disinherit()
	case tombstones:
		s.Replica.Recount(func(u *replicate.Update) bool { return u.Op()[0] != 0 })
	}
}

// recovered breaks a rule at a replica that is back after a crash.
func (x *search) recovered(before, after *seat) {
	switch x.without {
	case tokenMarker:
		after.Replica.TakeTokens(before.Replica)
	case freshEpoch:
		after.Replica.SetEpoch(before.Replica.Epoch())
	}
}

// Each rule that is broken shows its known failure within the bound, and none
// is there when it is kept.
func TestSearchWithoutRule(t *testing.T) {
	for _, c := range []struct {
		name    string
		without rule
		bound   bound
		known   int // steps of the known history, sessions opened included
	}{
		{"R1 new author", newAuthor, bound{writes: 2, journal: true, lies: true, crashes: 1, line: true}, 5},
		{"R1 durable first", unseenFirst, bound{writes: 2, journal: true, crashes: 1, line: true}, 9},
		{"R2 past what was seen", pastSeen, bound{writes: 2, still: true, line: true}, 4},
		{"R3 already have", alreadyHave, bound{writes: 3, links: 2, deaths: 1}, 10},
		{"R4 clock at markers", markers, bound{writes: 3, links: 2, deaths: 1}, 8},
		{"R4 inherited places", inherited, bound{writes: 3, line: true}, 8},
		{"R4 marker at cuts", cutMarkers, bound{writes: 3, line: true, rounds: true}, 8},
		{"R7 token beside marker", tokenMarker, bound{writes: 1, journal: true, crashes: 1, line: true}, 8},
		{"R7 fresh epoch", freshEpoch, bound{writes: 3, cast: "D- ", crashes: 1}, 12},
		{"R8 one batch", batches, bound{writes: 3, cast: "WD ", crashes: 1}, 12},
		{"R10 tombstones", tombstones, bound{writes: 2, keys: "x", deletes: true, line: true, deaths: 1}, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.bound.limit = 30_000
			f := explore3(c.bound, c.without)
			if f.err == nil {
				t.Fatalf("nothing found in %v", f)
			}
			t.Logf("%d steps, known %d: %v", len(f.history), c.known, f)
		})
	}
}

func TestSearch(t *testing.T) {
	for _, b := range []bound{
		{name: "1 write", writes: 1, deaths: 1, limit: 50000},
		{name: "2 writes, line, a death", writes: 2, line: true, deaths: 1, limit: 150000},
		{name: "1 write, journals, crash, death", writes: 1, line: true, journal: true, crashes: 1, deaths: 1, limit: 50000},
	} {
		f := explore3(b, 0)
		t.Logf("%-20s %v", b.name, f)
	}
}
