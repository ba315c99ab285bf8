// Package pulltest checks that sources, throughs and sinks keep pull's contract.
//
// [Source], [Through] and [Sink] each run one stream through a matrix of
// schedules (root values 0, 1, 5, 1000; end, failure, stall; abort before the
// first call, between calls, during a blocked call, after the end; with and
// without a cause, and twice) and fail the test for each law that is broken,
// naming the schedule; [Fan] does so for several sources made of one.
// Violations of one kind are told once, by the smallest schedule that shows it.
// [CheckSource], [CheckThrough], [CheckSink] and [CheckFan] return all of them
// instead. [Guard] watches the caller of one source.
//
//	func TestDouble(t *testing.T) {
//		pulltest.Through(t, func(src pull.Source[int]) pull.Source[int] {
//			return through.Map(src, func(v int) int { return 2 * v })
//		}, pulltest.ThroughOptions[int, int]{Want: double})
//	}
//
// A through that makes more of its source's end than an end says so by WantEnd.
// Give it a Value that becomes several values, if one can: a stage that holds
// some must look at its context, and that it does not is seen only then. Byte
// chunks are joined for that.
//
// ExploreThrough and ExploreSource go on from there with random schedules, and
// name the seed and the shortest steps of one that breaks a law. Misbehave makes
// sources that fail, stall, panic or break a law where you say, for tests of
// what reads them. A Grammar says which traces of events are right, in what
// order, and where one goes wrong.
//
// At last each stream is ended once more outside a bubble, in seven ways: by its
// end, an error above or below it, an abort, a cancelled call, a panic, and by
// never being started. No goroutine may be left, and where the binary was built
// with GOEXPERIMENT=goroutineleakprofile, the runtime must find none that nothing
// can wake. What would wait for long in real time has a Quick form for that.
//
// A schedule runs in a bubble of testing/synctest, so "promptly" means at
// once, in virtual time, and a goroutine that is left behind is seen. So the
// checks cannot run inside a bubble themselves, and a stream that blocks on
// something outside it sets RealTime: a socket, a process, a lock that is held
// during a blocked call, a channel or timer made before (a pool keeps those).
//
// Streams are made and read in goroutines of the checks, where a test's
// FailNow does not belong. Checks may run in parallel tests, each with streams
// of its own. A duplex is checked as its two halves.
package pulltest
