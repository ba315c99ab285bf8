package fan

import "github.com/weir-go/weir/pull"

// Tee returns readers sources (less than 1 means 1) that all have the values of
// src, in step: the first reader that asks for a value has it pulled, and can
// ask for the next one when all the others have had it. So nothing is read
// ahead, and no reader is further than one value before another. A reader that
// does not read holds up all; one that has left does not.
//
// The end, failures and panics: as in [Broadcast], whose readers may be apart.
func Tee[T any](src pull.Source[T], readers int) []pull.Source[T] {
	h := newHub(src, 1)
	h.step = true
	return h.seatAll(readers)
}

// Broadcast returns readers sources (less than 1 means 1) that all have the
// values of src. Each may be up to n values behind it (less than 1 means 1);
// then it holds up src, and so the others when they have read what there is.
//
// A failure of src, or its end, comes after the values before it. A panic of
// src is a failure, a [pull.PanicError].
func Broadcast[T any](src pull.Source[T], readers, n int) []pull.Source[T] {
	return newHub(src, half(n)).seatAll(readers)
}

// BroadcastLossy is [Broadcast], except that a slow reader holds up nobody: src
// is pulled as fast as it goes, from the first call on, and a reader that is n
// values behind misses the ones that come until it has read some. Its Missed
// counts them. The values it gets are in order. What it misses is the newest:
// where those count, put timed.Conflate or timed.Latest behind each reader of
// [Broadcast] instead.
func BroadcastLossy[T any](src pull.Source[T], readers, n int) []*Reader[T] {
	h := newHub(src, half(n))
	h.lossy = true
	all := make([]*Reader[T], max(readers, 1))
	for i := range all {
		all[i] = h.seat(newReader[T]())
	}
	return all
}

// half is how many values may wait for a reader that is at most n behind: as
// many again, but the one it has returned, are in the batch it has taken.
func half(n int) int { return (max(n, 1) + 1) / 2 }
