package replicate_test

import (
	"os"
	"testing"

	"github.com/weir-go/weir/replicate"
)

// A rule is one that a search breaks, to see what it is for.
type rule int

const (
	noRule       rule = iota
	newAuthor         // R1: a new author after the loss of what others may have seen
	unseenFirst       // R1: nobody is shown what is not durable
	pastSeen          // R2: stamps lie above all that was seen
	alreadyHave       // R3: this very update is held, or covered; not: a newer one was seen
	markers           // R4: the clock moves at markers, not with updates
	inherited         // R4: what replaces an update takes over its place
	cutMarkers        // R4: a marker at every cut, not at the head alone
	tokenMarker       // R7: a token is kept beside a journal's marker
	freshEpoch        // R7: the epoch is random at every opening
	batches           // R8: a journal's clock moves at markers
	remainders        // R9: what no clock covers is compared
	tombstones        // R10: the fingerprint counts tombstones
	filters           // R11: what is promised under a filter is about that alone
	horizons          // H1: what is forgotten joins the horizon
	agreement         // H1: all members must have heard of it
	bothWays          // H2: who is not past the other's horizon is not listened to
	grownHorizon      // H3: sessions with who is not past a grown horizon end
	swapAuthor        // H4: taking everything anew takes a new author
	swapSessions      // H4: and ends all other sessions
	oldDumps          // H5: a dump that is not past the horizon is refused
	forkEpochs        // R1: an opening that comes back after another is a copy
	forkAuthor        // R1: who is told that there are two takes a new author
	firstMarker       // bye: the first marker waits for all that was held when the session began
	heardFirst        // bye: it waits for the peer's first marker
	ackedLater        // bye: and what that covers is acked when it is durable
)

// spoil breaks a rule at a replica that has just moved.
func (s *seat) spoil() {
	switch s.without {
	case pastSeen:
		s.Replica.ForgetSeen()
	case inherited:
		s.Disinherit()
	case horizons:
		s.Replica.SetHorizon(nil)
	case grownHorizon:
		s.Unstop(replicate.ErrBehind)
	case swapSessions:
		s.Unstop(replicate.ErrResynced)
	case filters:
		s.Replica.Widen()
	case remainders:
		s.Unsettle()
	case forkEpochs:
		s.Replica.ForgetPast()
	case firstMarker, heardFirst:
		s.Hasten(s.without == firstMarker)
	case tombstones:
		s.Replica.Recount(func(u *replicate.Update) bool { return u.Op()[0] != 0 })
	}
}

// recovered breaks a rule at a replica that is back after a crash.
func (s *seat) recovered(before *replicate.Replica) {
	switch s.without {
	case tokenMarker:
		s.Replica.TakeTokens(before)
	case freshEpoch:
		s.Replica.SetEpoch(before.Epoch())
	}
}

// brokenRules are searches without one rule each.
var brokenRules = []struct {
	name    string
	without rule
	bound   bound
	kept    *kind // that keeps the rule which bound's own breaks
	known   int   // steps of the known history: sessions, markers and journals included
}{
	{"R1 new author after a loss", newAuthor,
		bound{writes: 2, cast: "B- ", lies: true, crashes: 1}, nil, 5},
	{"R1 nothing shown that is not durable", unseenFirst,
		bound{writes: 2, cast: "B- ", crashes: 1}, nil, 6},
	{"R2 stamps past what was seen", pastSeen, bound{writes: 2, still: true, line: true}, nil, 4},
	{"R3 have this very update", alreadyHave, bound{writes: 3, cast: "W- "}, nil, 9},
	{"R4 clock moves at markers", markers, bound{writes: 3, cast: "W--", line: true}, nil, 9},
	{"R4 places are inherited", inherited, bound{writes: 3, cast: "W- "}, nil, 8},
	{"R4 markers at every cut", cutMarkers, bound{writes: 3, cast: "W- ", rounds: true}, nil, 7},
	{"R5 no order inside a stream", noRule, bound{writes: 3, cast: "W- ", kind: orphans}, last, 9},
	{"R6 obsolescence is transitive", noRule,
		bound{writes: 3, keys: "x", cast: "W- ", kind: sets(false)}, sets(true), 9},
	{"R7 token beside a marker", tokenMarker,
		bound{writes: 1, cast: "BD ", crashes: 1}, nil, 8},
	{"R7 epoch is fresh", freshEpoch, bound{writes: 3, cast: "B- ", crashes: 1}, nil, 10},
	{"R8 journal's clock moves at markers", batches, bound{writes: 3, cast: "WD ", crashes: 1}, nil, 8},
	{"R9 remainders are compared", remainders, bound{writes: 1, line: true, deaths: 1, quiet: true}, nil, 12},
	{"R11 promises are of a filter", filters,
		bound{writes: 2, cast: "W--", wants: [3]string{1: "x"}}, nil, 6},
	{"H1 what is forgotten joins the horizon", horizons,
		bound{writes: 2, keys: "x", deletes: true, cast: "WW ", members: 1, forgets: 1, apart: true, plain: true}, nil, 8},
	{"H1 all members agree", agreement,
		bound{writes: 3, keys: "x", deletes: true, cast: "WW ", members: 3, forgets: 2, apart: true, plain: true, limit: 40_000}, nil, 10},
	{"H2 both sides are compared", bothWays,
		bound{writes: 2, keys: "x", deletes: true, cast: "WW ", members: 1, forgets: 1, apart: true, plain: true}, nil, 8},
	{"H3 sessions end as the horizon grows", grownHorizon,
		bound{writes: 2, keys: "x", deletes: true, cast: "W- ", members: 1, forgets: 1, apart: true, plain: true}, nil, 7},
	{"H4 a new author writes on", swapAuthor,
		bound{writes: 4, deletes: true, cast: "WW ", members: 1, forgets: 1, apart: true, plain: true, limit: 40_000}, nil, 10},
	{"H4 other sessions end", swapSessions,
		bound{writes: 3, keys: "x", deletes: true, cast: "WW-", line: true, members: 1, forgets: 1, apart: true, plain: true, limit: 150_000}, nil, 14},
	{"H5 old dumps are refused", oldDumps,
		bound{writes: 2, keys: "x", deletes: true, cast: "WW ", members: 1, forgets: 1, dumps: 1, apart: true, plain: true, limit: 40_000}, nil, 8},
	{"R1 a copy takes a new author", newAuthor,
		bound{writes: 2, cast: "W- ", line: true, copies: 1, cuts: -1}, nil, 4},
	{"R1 openings that come back are copies", forkEpochs, bound{cast: "W- ", line: true, copies: 1}, nil, 4},
	{"R1 copies take new authors when told", forkAuthor,
		bound{writes: 2, cast: "W- ", copies: 1, twins: true, cuts: -1}, nil, 6},
	{"bye: the first marker covers all there was", firstMarker,
		bound{writes: 1, cast: "B- ", once: 1}, nil, 8},
	{"bye waits for the peer's marker", heardFirst, bound{writes: 1, cast: "W- ", once: 1}, nil, 5},
	{"bye waits for disks", ackedLater, bound{writes: 1, cast: "WD ", once: 1}, nil, 8},
	{"R10 tombstones count", tombstones, bound{writes: 2, deletes: true, keys: "x", line: true}, nil, 7},
}

// Each rule that is broken shows its known failure, in a history no longer than
// that which is known; the same search finds nothing where the rule is kept.
func TestSearchWithoutRule(t *testing.T) {
	for _, c := range brokenRules {
		t.Run(c.name, func(t *testing.T) {
			b := c.bound
			if b.limit = max(b.limit, 2_500); os.Getenv("WEIR_LONG") != "" {
				b.limit = 0
			}
			f := searched(b, c.without)
			if f.err == nil {
				t.Fatalf("nothing found in %v", f)
			}
			t.Logf("%d steps, known %d: %v", len(f.history), c.known, f)
			if len(f.history) > c.known {
				t.Error("the history is longer than the known one")
			}
			if c.kept != nil {
				b.kind = c.kept
			}
			if b.limit > 0 {
				b.limit = 1_000
			}
			f = searched(b, noRule)
			if t.Logf("with it: %v", f); f.err != nil {
				t.Error("the rule is kept, and a law is broken")
			}
		})
	}
}
