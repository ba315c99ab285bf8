// Package through turns sources into other sources: map, filter, take, batch, parallel.
//
// Every operator takes the source first and its parameters after it, so that
// types are inferred, and keeps the contract of package pull: nothing happens
// before the first call, the first error is final, and an operator that ends
// early or fails aborts its source exactly once. Operators do not start
// goroutines, read ahead or allocate per value, unless their doc says so. [New]
// makes one of your own.
//
// Where a user's function panics, the panic goes to the caller; the operator
// then aborts its source at its next call and returns an error for ever.
//
// By family:
//
//   - one by one: [Map], [TryMap], [FilterMap], [Scan], [Pairwise]
//   - which: [Filter], [FilterNot], [Distinct], [DistinctRecent], [Duplicates],
//     [Changed]
//   - from where to where: [Take], [TakeWhile], [TakeUntil], [TakeLast], [Skip],
//     [SkipWhile]
//   - more or fewer: [Batch], [Unbatch], [Flatten], [FlattenSources], [FlatMap]
//   - at once: [Parallel], [ParallelUnordered], [Buffer], and with a drop
//     [ParallelDrop], [ParallelUnorderedDrop], [BufferDrop]
//   - ends: [Finally], [Recover], [UntilDone]
//   - looking on: [Tap], [Track], [Trace]
//   - your own: [New]
//
// Time, windows, several streams, bytes and codecs are packages below this one.
//
// The first value is Take(src, 1), value i is Take(Skip(src, i), 1), the last
// one TakeLast(src, 1); pull's Find and Last are sinks for the same.
//
// What an operator holds when the stream is aborted is discarded. Where values
// must be let go of then, or counted, BufferDrop, ParallelDrop and
// ParallelUnorderedDrop are given a function for them, as the operators of
// package timed are. How many values any stage, or a row of them, has left out
// or discarded, two probes around it tell: see [Trace]. To stop without
// discarding anything, see [UntilDone].
//
// # One of your own
//
// An operator is a function that returns a source. Often it is made of others:
//
//	func Double(src pull.Source[int]) pull.Source[int] {
//		return through.Map(src, func(n int) int { return 2 * n })
//	}
//
// What remembers something, returns more or less than it reads, or flushes what
// it holds at the end, is made by [New], which keeps the laws for it: a source
// is not read beyond its end, is aborted where it has to be, and an abort comes
// before all else.
//
//	func Runs(src pull.Source[int]) pull.Source[Run] {
//		var run Run
//		return through.New(src, func(ctx context.Context, src pull.Source[int]) (Run, error) {
//			for {
//				v, err := src(ctx)
//				if err == nil && (v == run.Value || run.N == 0) {
//					run = Run{Value: v, N: run.N + 1}
//					continue
//				}
//				if err != nil && run.N == 0 {
//					return Run{}, err
//				}
//				whole := run
//				if run = (Run{Value: v, N: 1}); err != nil {
//					run = Run{} // the end comes again with the next call
//				}
//				return whole, nil
//			}
//		})
//	}
//
// Package pulltest checks what you have made, in a few lines.
package through
