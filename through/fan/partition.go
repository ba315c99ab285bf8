package fan

import "github.com/weir-go/weir/pull"

// Partition returns two sources: of the values of src for which keep returns
// true, and of the others. Each reader may be up to n values behind (less than
// 1 means 1); then it holds up src, and so the other reader. Values for a
// reader that has left are discarded.
//
// Keep runs in the goroutine that pulls src: a panic of it is a failure of src,
// a [pull.PanicError]. One goroutine must not read the two by turns: it would
// wait for ever for the one whose values come behind those of the other.
func Partition[T any](
	src pull.Source[T], n int, keep func(T) bool,
) (kept, others pull.Source[T]) {
	all := Route(src, 2, n, func(v T) int {
		if keep(v) {
			return 0
		}
		return 1
	})
	return all[0], all[1]
}

// Route is [Partition] for any number of readers: it returns as many sources
// (less than 1 means 1), and gives each value of src to the one that to names,
// counted from 0. A value that to gives any other number is discarded.
func Route[T any](src pull.Source[T], readers, n int, to func(T) int) []pull.Source[T] {
	h := newHub(src, half(n))
	h.route = to
	return h.seatAll(readers)
}
