package replicate_test

import (
	"os"
	"testing"
)

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
// Both directions of a session are one state, and places are inherited among
// several replicas, which the models that the rules were found with left out.
// Scenes that differ only in the names of the replicas are one where that is
// sound. Not in here: frames in flight (one is taken in as it is made),
// half-open sessions, forgetting, changes of membership, filters, the repair of
// a fork; a step of a new kind is a line in possible and one in take.
//
// WEIR_LONG=1 goes through the larger bounds, for half an hour. The numbers are
// of states, up to names, when this was written: they say how much it is.
func TestSearch(t *testing.T) {
	long := os.Getenv("WEIR_LONG") != ""
	for _, b := range []bound{
		{name: "a write, three sessions", writes: 1}, // 11,530 states
		{name: "a write, two sessions, a death, handshakes and acks in steps",
			writes: 1, line: true, deaths: 1, greet: true, acks: true}, // 4,486 states
		{name: "two writes of a key, in line", writes: 2, keys: "x", line: true},                  // 20,271 states
		{name: "three writes of one of a pair", writes: 3, cast: "W- "},                           // 747 states
		{name: "two writes, disks, a pair, a crash", writes: 2, cast: "BD ", crashes: 1},          // 7,565 states
		{name: "a write, disks that lie, a pair", writes: 1, cast: "BB ", lies: true, crashes: 1}, // 1,860 states
	} {
		b.deep = true
		t.Run(b.name, func(t *testing.T) { searchAll(t, b) })
	}
	if !long {
		return
	}
	for _, b := range []bound{
		{name: "a write, three sessions, a death, acks in steps", writes: 1, deaths: 1, acks: true},    // 85,250 states
		{name: "two writes, in line, a death", writes: 2, line: true, deaths: 1},                       // 59,595 states
		{name: "two writes, in line, Lamport's clocks", writes: 2, line: true, deaths: 1, still: true}, // 142,642 states
		{name: "two writes, transactions, in line", writes: 2, line: true, both: true, deaths: 1},      // 285,322 states
		{name: "two writes, deletions, in line", writes: 2, line: true, deletes: true, deaths: 1},      // 76,312 states
		{name: "a write, disks, in line, a crash and a death",
			writes: 1, line: true, journal: true, crashes: 1, deaths: 1}, // 29,729 states
		{name: "three writes, a pair", writes: 3, cast: "WW "},                                         // 8,338 states
		{name: "two writes, disks, both of a pair write, a crash", writes: 2, cast: "BB ", crashes: 1}, // 49,994 states
		{name: "two writes, disks that lie, a pair", writes: 2, cast: "BB ", lies: true, crashes: 1},   // 351,162 states
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
