package fan

import "github.com/weir-go/weir/pull"

// Merge returns the values of all srcs as they arrive; the order within each
// stays. A goroutine for each source reads it ahead, by up to n values (less
// than 2 means 2), whatever the others do: a quick source does not crowd out
// the others. (The sources are a slice here, not variadic as in [Concat] and
// [Race], because a parameter follows them.)
//
// The end comes when all have ended. The first failure ends the stream after
// the values that had arrived before it, and the other sources are aborted
// because of it; a panic of a source is a failure, a [pull.PanicError]. Values
// that have been read when the stream is aborted are discarded.
func Merge[T any](srcs []pull.Source[T], n int) pull.Source[T] {
	return ahead(srcs, max(n/2, 1)).Next
}

// ahead reads srcs ahead.
func ahead[T any](srcs []pull.Source[T], n int) *pull.Ahead[T] {
	if len(srcs) == 0 {
		return pull.NewAhead(pull.Empty[T](), n, nil)
	}
	a := pull.NewAhead(srcs[0], n, nil)
	for _, src := range srcs[1:] {
		a.Add(src)
	}
	return a
}
