// Package timed turns sources into others by the clock: debounce, throttle, sample, delay.
//
// [Debounce], [Throttle], [Sample], [Delay] and [Batch] read ahead in a
// goroutine, up to the number of values their doc states, and stamp each value
// when the source returns it. What they do depends on these times alone: a slow
// reader gets the same values, later. For the newest ones only, put [Latest]
// before the reader, or [Conflate] for the newest of each key: what shows the
// state of things wants these behind each reader of a fan.Hub or fan.Broadcast,
// rather than lossy readers, which miss the newest. Where a value and a moment
// are due at once, the moment comes first.
//
// A value that is read and not returned is given to drop, if that is not nil:
// one that another has replaced, and what is held when the stream is aborted.
// What is held when the source ends or fails is returned first.
//
// [Timeout] and [Deadline] neither read ahead nor start a goroutine.
//
// A goroutine starts at the first call and has gone when the end is returned.
// The source is called under a context of the operator's own, which carries the
// values of the first call's context; a panic of the source is its failure, a
// pull.PanicError.
package timed
