// Package replicatetest checks that a replicated data type converges.
//
// [Run] plays random schedules over replicas that hold objects of the type:
// edits, sessions moved one frame at a time, cuts, partitions, old dumps loaded
// again, single updates that arrive in any order, group commits that tear,
// crashes and restarts, clocks that step. A naive [Kind].Oracle says what a
// reader must see, given the set of updates that came; then
//
//	func TestConvergence(t *testing.T) {
//		replicatetest.Run(t, replicatetest.Kind{
//			Types: []replicate.Type{model.JSON}, Open: open, Oracle: oracle,
//		}, replicatetest.Config{})
//	}
//
// fails for each law that is broken, with the shortest history that it finds
// and the seed to play it again: WEIR_SEED=n go test -run TestConvergence.
// [Check] returns the failure instead. No goroutine runs beside a schedule and
// no clock but its own, so that a seed always plays the same.
//
// # The laws
//
//   - oracle: after every step, State is what Oracle makes of all updates that
//     the replica was ever given.
//   - live: and of those alone that the type has not called obsolete, which is
//     all that a dump holds.
//   - obsolete: what is called obsolete was given before, and what is gone from
//     the log is exactly that.
//   - alone: what called another obsolete stands in for it by itself, whichever
//     of the two comes first: a peer may be given nothing else in its place.
//   - order: given to empty objects in other orders, an author's own out of
//     order and replaced ones again, in one go or by way of another object's
//     live updates, the same updates make the same state and leave the same
//     ones live.
//   - stamps: what an author has seen has lower stamps than what it writes.
//   - promise: the clock covers no update whose arrival would still change the
//     state, nor one whose author had seen such an update.
//   - convergence: when all is healed, with one replica dead for good or none,
//     states, clocks, fingerprints and live updates are equal, and what any of
//     them ever held is in the state.
//   - changes: what a subscriber has folded, reading now and then, is what a
//     reader sees.
//   - forgetting: when deletions are forgotten, at the end of a third of the
//     schedules, readers see no change, neither then nor later; nor when a
//     replica comes back from an old dump and takes everything anew, or such a
//     dump is loaded again.
//   - parts: who asks for some objects or keys alone, at the end of another third,
//     shows what the oracle makes of those; and of all, when it asks for all.
//   - encoding: a dump that is loaded gives an equal replica, and that one the
//     same bytes again; the same edits make the same ops, and Reencode returns
//     what it was given.
//   - edit, session, panic: no edit fails, no frame is refused, nothing panics.
package replicatetest
