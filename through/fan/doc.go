// Package fan joins several sources into one and gives one source to several readers.
//
// Into one: [Merge] by arrival, [MergeSorted] by order, [Concat] one after the
// other, [Interleave] in turns, [Zip] and [ZipAll] in step, [CombineLatest] and
// [CombineLatestAll] with what each had last, [Race] the one that is first,
// [Live] a history and what follows it, without a gap if that is of [Hub.Join].
//
// Out of one: [Tee] in step, [Broadcast] and [BroadcastLossy] with a bound for
// each reader, [Partition] and [Route] each value to one reader, [GroupBy] each
// key to a function, [Hub] to readers that come and go.
//
// # Inputs
//
// What fails, or is aborted, ends all of its inputs, the ones that have not
// been read yet too: an input that holds something before its first call is
// released. Where several releases fail, the error matches them all. Merge,
// CombineLatest, Race and Live start goroutines, which have gone when the end
// is returned; the others work on their caller's, and read their inputs one
// after the other: put through.Buffer before inputs that should work meanwhile.
//
// # Readers
//
// What has several readers pulls its source in one goroutine, from the first
// call of any reader on, under a context of its own, which carries that call's
// values. Each reader is a source of its own, for a goroutine of its own. A
// reader that aborts only leaves. When the last one has left, the source is
// aborted with its cause before its call returns, and that call tells if the
// release failed. So every reader has to be read to its end or aborted: the
// ones that are neither hold up the others, unless the doc says otherwise.
//
// A value that goes to several readers is shared by them: do not change it.
// What a reader leaves behind is discarded; where values must be let go of, use
// through.BufferDrop, or pull.Ahead, instead.
package fan
