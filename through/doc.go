// Package through turns sources into other sources: map, filter, take, batch, parallel.
//
// Every operator takes the source first and its parameters after it, so that
// types are inferred, and keeps the contract of package pull: nothing happens
// before the first call, the first error is final, and an operator that ends
// early or fails aborts its source exactly once. Operators do not start
// goroutines, read ahead or allocate per value, unless their doc says so.
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
//   - at once: [Parallel], [ParallelUnordered], [Buffer]
//   - ends: [Finally], [Recover]
//   - looking on: [Tap], [Track], [Trace]
//
// Time, windows, several streams, bytes and codecs are packages below this one.
//
// The first value is Take(src, 1), value i is Take(Skip(src, i), 1), the last
// one TakeLast(src, 1); pull's Find and Last are sinks for the same.
//
// One of your own is a function that returns a function:
//
//	func Double(src pull.Source[int]) pull.Source[int] {
//		return func(ctx context.Context) (int, error) {
//			n, err := src(ctx)
//			return 2 * n, err
//		}
//	}
package through
