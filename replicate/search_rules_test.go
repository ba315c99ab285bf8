package replicate_test

import (
	"os"
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

// Each rule that is broken shows its known failure, in a history no longer than
// that which is known; the same search finds nothing where the rule is kept.
func TestSearchWithoutRule(t *testing.T) {
	for _, c := range []struct {
		name    string
		without rule
		bound   bound
		kept    *kind // that keeps the rule which bound's own breaks
		known   int   // steps of the known history: sessions, markers and journals included
	}{
		{"R1 new author after a loss", newAuthor,
			bound{writes: 2, journal: true, lies: true, crashes: 1, line: true}, nil, 5},
		{"R1 nothing shown that is not durable", unseenFirst,
			bound{writes: 2, journal: true, crashes: 1, line: true}, nil, 6},
		{"R2 stamps past what was seen", pastSeen, bound{writes: 2, still: true, line: true}, nil, 4},
		{"R3 have this very update", alreadyHave, bound{writes: 3, links: 2, deaths: 1}, nil, 9},
		{"R4 clock moves at markers", markers, bound{writes: 3, links: 2, deaths: 1}, nil, 9},
		{"R4 places are inherited", inherited, bound{writes: 3, line: true}, nil, 8},
		{"R4 markers at every cut", cutMarkers, bound{writes: 3, line: true, rounds: true}, nil, 7},
		{"R5 no order inside a stream", noRule, bound{writes: 3, links: 2, kind: orphans}, last, 9},
		{"R6 obsolescence is transitive", noRule,
			bound{writes: 3, keys: "x", cast: "W- ", kind: sets(false)}, sets(true), 9},
		{"R7 token beside a marker", tokenMarker,
			bound{writes: 1, journal: true, crashes: 1, line: true}, nil, 8},
		{"R7 epoch is fresh", freshEpoch, bound{writes: 3, cast: "B- ", crashes: 1}, nil, 10},
		{"R8 journal's clock moves at markers", batches, bound{writes: 3, cast: "WD ", crashes: 1}, nil, 8},
		{"R10 tombstones count", tombstones, bound{writes: 2, deletes: true, keys: "x", line: true}, nil, 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := c.bound
			b.limit = 12_000
			f := searched(b, c.without)
			if f.err == nil {
				t.Fatalf("nothing found in %v", f)
			}
			t.Logf("%d steps, known %d: %v", len(f.history), c.known, f)
			if len(f.history) > c.known {
				t.Error("the history is longer than the known one")
			}
			if b.limit = 2 * f.states; c.kept != nil {
				b.kind = c.kept
			}
			if f := searched(b, noRule); f.err != nil {
				t.Errorf("the rule is kept: %v", f)
			}
		})
	}
}

// TestSearch goes through every scene within a bound, however it is come to:
// any number of sessions opened and cut, frames of both directions in any
// order, writes anywhere in between, one replica dying for good at any point;
// where there are disks, group commits that take any time, crashes that tear
// them at any frame, or lose what they had confirmed.
//
// In each scene, each replica keeps its promise. Each scene at rest, with all
// sessions open and nothing left to send or to write, has equal replicas; and
// no steps go round for ever without one being opened, cut or written. So from
// each scene, in whatever order frames move, what is alive comes to be equal.
//
// Scenes that differ only in the names of the replicas are one where that is
// sound. Not in here: frames in flight (one is taken in as it is made), half-open
// sessions, forgetting, filters.
func TestSearch(t *testing.T) {
	long := os.Getenv("WEIR_LONG") != ""
	for _, b := range []bound{
		{name: "a write, three sessions", writes: 1},
		{name: "a write, two sessions, a death, handshakes and acks in steps",
			writes: 1, line: true, deaths: 1, greet: true, acks: true},
		{name: "two writes of a key, in line, a death", writes: 2, keys: "x", line: true, deaths: 1},
		{name: "three writes of a pair", writes: 3, cast: "WW "},
		{name: "a write, disks, in line, a crash", writes: 1, line: true, journal: true, crashes: 1},
		{name: "a write, disks that lie, a pair", writes: 1, cast: "BB ", lies: true, crashes: 1},
	} {
		b.deep = true
		t.Run(b.name, func(t *testing.T) { searchAll(t, b) })
	}
	if !long {
		return
	}
	for _, b := range []bound{
		{name: "a write, three sessions, a death, acks in steps", writes: 1, deaths: 1, acks: true},
		{name: "two writes, in line, a death", writes: 2, line: true, deaths: 1},
		{name: "two writes, in line, Lamport's clocks", writes: 2, line: true, deaths: 1, still: true},
		{name: "two writes, transactions, in line", writes: 2, line: true, both: true, deaths: 1},
		{name: "two writes, deletions, in line", writes: 2, line: true, deletes: true, deaths: 1},
		{name: "a write, disks, in line, a crash and a death",
			writes: 1, line: true, journal: true, crashes: 1, deaths: 1},
		{name: "two writes, disks, a pair, a crash", writes: 2, cast: "BB ", crashes: 1},
		{name: "two writes, disks that lie, a pair", writes: 2, cast: "BB ", lies: true, crashes: 1},
		{name: "two writes, any two sessions, a death", writes: 2, links: 2, deaths: 1, limit: 4_000_000},
		{name: "three writes, in line, a death", writes: 3, line: true, deaths: 1, limit: 8_000_000},
	} {
		b.deep = true
		t.Run(b.name, func(t *testing.T) { searchAll(t, b) })
	}
}

func searchAll(t *testing.T, b bound) {
	f := searched(b, noRule)
	t.Log(f)
	if f.err != nil {
		t.Error("a law is broken")
	}
	if !f.whole && b.limit == 0 {
		t.Error("not all was explored")
	}
}
