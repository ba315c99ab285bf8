package replicate_test

import (
	"os"
	"testing"
)

// TestSearch goes through every scene within a bound, however it is come to:
// any number of sessions cut and begun anew, frames of both directions in any
// order, writes anywhere in between, one replica dying for good at any point;
// where there are disks, group commits that take any time, crashes that tear
// them at any frame, or lose what they had confirmed.
//
// In each scene, each replica keeps its promise. Each scene at rest, with all
// sessions open and nothing left to send or to write, has equal replicas; and
// each frame and each group commit raises a number that is bounded, so that none
// go round for ever. So from each scene, in whatever order frames move, what is
// alive comes to be equal.
//
// What makes it small, and why that loses nothing:
//
//   - A replica's part of a step is a function of its own state and of a frame.
//     It is played once, for each part of the state that it reads: see act.
//   - Scenes that differ in the names of the replicas alone are one, where no
//     names decide: stamps of one time would. See renamings.
//   - Places in logs count by their order, and tokens by what they spare; see
//     Coder. What a peer is known to hold counts as to what is here.
//   - A session that is cut, and one that was never begun, is one that does not
//     move until it begins anew: what happens meanwhile is lost with it. So all
//     have sessions all the time, and to cut one and to begin the next is one
//     step.
//   - A marker that says nothing new moves at once; see hush.
//   - Acknowledgements move at once, and handshakes are one step, unless acks
//     and greet say otherwise. Frames are taken in as they are made.
//
// TestReductionsLoseNothing goes without, where that can be done, and
// TestSearchPutsTogetherWhatIs without the first.
//
// Where replicas forget, sessions are opened and cut in steps of their own, all
// markers are steps, and that frames do not go round for ever is not shown.
//
// Where sessions run once, or a replica is in two places, sessions end by
// themselves, and to meet is a step. So there are scenes in which nothing is under
// way and nobody has met whom: from each of these, all meet a few times, one
// after the other, and must be equal then. No session that runs once is ever at
// rest before its end. Whoever says bye has on its disk what either side had when
// they met, and so has who has answered it; a session that ended well, and
// besides which nothing happened to its sides, leaves them equal in all that they
// hold and promise.
//
// With wire, frames are on their way for a while: those of both directions cross,
// and others come from elsewhere in the meantime. Nothing is put together then,
// and that frames do not go round for ever is not shown.
//
// A copy of a replica's file is opened in another place, at once or, as it need
// not meet anyone, as late as you like; both may write, both under one id. They
// never get past the handshake with each other, and once they and a third have
// all met, both were told; who was told may go on under an id of its own. Where
// all have met after that, they are equal and hold all that was ever confirmed,
// whichever of the two it was.
//
// Not in here: copies where there are filters or forgetting, sessions that are
// asked to finish while they run, and frames of two sessions between the same
// replicas at one time.
//
// WEIR_LONG=1 goes through the larger bounds. The numbers are of states when
// this was written: they say how much it is.
func TestSearch(t *testing.T) {
	bounds := []bound{
		{name: "a write, a death", writes: 1, deaths: 1}, // 190 states
		{name: "a write, in line, a death, acks and handshakes in steps", // 13,477 states
			writes: 1, line: true, deaths: 1, greet: true, acks: true},
		{name: "two writes of a key, in line", writes: 2, keys: "x", line: true},                  // 1,888 states
		{name: "three writes of one of a pair", writes: 3, cast: "W- "},                           // 277 states
		{name: "two writes, disks, a pair, a crash", writes: 2, cast: "BD ", crashes: 1},          // 6,818 states
		{name: "a write, disks that lie, a pair", writes: 1, cast: "BB ", lies: true, crashes: 1}, // 937 states
		{name: "a deletion is forgotten, a pair", // 1,925 states
			writes: 2, keys: "x", deletes: true, cast: "WW ", members: 1, forgets: 1, apart: true, plain: true},
		{name: "a filter", // 5,981 states
			writes: 1, cast: "W--", wants: [3]string{1: "x"}},
		{name: "once, in line, a death", writes: 1, once: 7, line: true, deaths: 1}, // 6,552 states
		{name: "once, one side asks, a pair, handshakes in steps", // 4,353 states
			writes: 2, cast: "WW ", once: 1, greet: true},
		{name: "once, all may be on its way, a pair", writes: 1, cast: "WW ", once: 3, wire: 8},              // 873 states
		{name: "once, frames cross, disks, a pair", writes: 1, cast: "BB ", once: 3, wire: 2},                // 4,995 states
		{name: "a copy, no writes, disks, in line", cast: "B- ", line: true, copies: 1},                      // 500 states
		{name: "a copy, no writes, a death", cast: "W- ", copies: 1, deaths: 1},                              // 875 states
		{name: "a copy, a write, in line, no cuts", writes: 1, cast: "W- ", line: true, copies: 1, cuts: -1}, // 33,505 states
	}
	if os.Getenv("WEIR_LONG") != "" {
		bounds = append(bounds, longBounds...)
	}
	for _, b := range bounds {
		t.Run(b.name, func(t *testing.T) { searchAll(t, b) })
	}
}

var longBounds = []bound{
	{name: "two writes, a death", writes: 2, deaths: 1}, // 630,941 states
	{name: "two writes, in line, Lamport's clocks", writes: 2, line: true, deaths: 1, still: true},
	{name: "two writes, transactions, in line", writes: 2, line: true, both: true, deaths: 1},
	{name: "two writes, deletions, in line", writes: 2, line: true, deletes: true, deaths: 1},
	{name: "a write, disks, in line, a crash and a death",
		writes: 1, line: true, journal: true, crashes: 1, deaths: 1},
	{name: "three writes, a pair", writes: 3, cast: "WW "},
	{name: "two writes, disks, both of a pair write, a crash", writes: 2, cast: "BB ", crashes: 1},
	{name: "two writes, disks that lie, a pair", writes: 2, cast: "BB ", lies: true, crashes: 1},
	{name: "forgetting, disks, a crash", writes: 2, keys: "x", deletes: true, cast: "BD ",
		members: 1, forgets: 1, crashes: 1, apart: true, plain: true}, // 125,038 states
	{name: "forgetting, two members with disks, a crash", writes: 2, keys: "x", deletes: true, cast: "BD ",
		members: 3, forgets: 1, crashes: 1, apart: true, plain: true}, // 74,663 states
	{name: "forgetting, dumps", writes: 2, keys: "x", deletes: true, cast: "WW ",
		members: 1, forgets: 1, dumps: 1, apart: true, plain: true}, // 14,983 states
	{name: "two forget", writes: 3, keys: "x", deletes: true, cast: "WW ",
		members: 3, forgets: 2, apart: true, plain: true}, // 19,862 states
	{name: "forgetting, other members are declared", writes: 2, keys: "x", deletes: true, cast: "WW ",
		members: 3, declare: 1, forgets: 1, apart: true, plain: true}, // 5,078 states
	{name: "forgetting, in line, a death", writes: 2, keys: "x", deletes: true, cast: "W--", line: true,
		members: 3, forgets: 1, deaths: 1, apart: true, plain: true}, // 37,568 states
	{name: "filters", writes: 2, cast: "W--", wants: [3]string{1: "x"}}, // 286,534 states
	{name: "filters, in line, both ways", writes: 2, cast: "WW-", line: true, wants: [3]string{1: "x", 2: "x"}},
	{name: "once", writes: 1, once: 7},                                                              // 1,040,094 states
	{name: "once, one of three asks, in line, a death", writes: 1, once: 1, line: true, deaths: 1},  // 11,893 states
	{name: "once, two writes, in line", writes: 2, once: 7, line: true},                             // 1,283,821 states
	{name: "once, two writes, frames cross, a pair", writes: 2, cast: "WW ", once: 3, wire: 4},      // 45,311 states
	{name: "once, two writes, disks, a crash, a pair", writes: 2, cast: "BB ", once: 3, crashes: 1}, // 122,123 states
	{name: "once, two writes, disks, a crash, a pair, frames cross",
		writes: 2, cast: "BB ", once: 3, crashes: 1, wire: 2, limit: 2_000_000},
	{name: "once, frames cross, in line, a death", // 1,412,711 states
		writes: 1, once: 7, line: true, deaths: 1, wire: 2},
	{name: "two writes, frames cross, a pair", writes: 2, cast: "WW ", wire: 3},                  // 31,105 states
	{name: "a write, frames cross, in line", writes: 1, line: true, wire: 2},                     // 269,902 states
	{name: "a write, frames cross, in line, a death", writes: 1, line: true, deaths: 1, wire: 1}, // 134,218 states
	{name: "a copy, a write, in line", writes: 1, cast: "W- ", line: true, copies: 1},            // 201,754 states
	{name: "a copy that takes no new author by itself, a write, in line, no cuts", // 20,575 states
		writes: 1, cast: "W- ", line: true, copies: 1, twins: true, cuts: -1},
	{name: "a copy, two writes, in line, no cuts",
		writes: 2, cast: "W- ", line: true, copies: 1, cuts: -1, limit: 2_000_000},
	{name: "a copy, a write, all meet, no cuts", writes: 1, cast: "W- ", copies: 1, cuts: -1}, // 781,028 states
	{name: "a copy, a write, once, in line", writes: 1, cast: "W- ", line: true, copies: 1, once: 7, limit: 2_000_000},
	{name: "a copy, a write, disks, in line, a death, no cuts",
		writes: 1, cast: "B- ", line: true, copies: 1, deaths: 1, cuts: -1, limit: 2_000_000},
	{name: "a copy, disks, a crash, in line, no cuts",
		cast: "BD ", line: true, copies: 1, crashes: 1, cuts: -1, limit: 2_000_000},
	{name: "three writes, in line, a death", writes: 3, line: true, deaths: 1}, // 671,815 states
	{name: "three writes, no cuts, a death", writes: 3, deaths: 1, cuts: -1, limit: 8_000_000},
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
