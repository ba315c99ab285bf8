// Package window groups the values of a source: by count, sliding, by time, by session.
//
// [Tumbling], [Sliding] and [Reduce] go by the number of values, in calls only.
// [Every] and [Session] go by the clock: they read ahead in a goroutine, up to
// 128 values, and stamp each value when the source returns it, so a slow reader
// gets the same windows, later. A window has a bound, always.
//
// What there is when the source ends or fails is a window too, and comes before
// that. An abort discards it. No window is empty, and each belongs to its
// receiver.
package window
