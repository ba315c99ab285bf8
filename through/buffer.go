package through

import "github.com/weir-go/weir/pull"

// Buffer returns the values of src, which a goroutine reads ahead by up to n of
// them (less than 1 means 1), so that src and the reader work at the same time.
// Values that are on their way to the reader count.
//
// The goroutine starts at the first call, and has gone when the end is
// returned. It calls src under a context of Buffer's own, which carries the
// values of the first call's context. What came before a failure is delivered
// before it; what has been read when the stream is aborted is discarded. A
// panic of src is a failure, a [pull.PanicError].
//
// A value costs much less where n is 64 or more, since values cross to the
// reader in batches of up to half of n.
func Buffer[T any](src pull.Source[T], n int) pull.Source[T] {
	return BufferDrop(src, n, nil)
}

// BufferDrop is [Buffer] for values that must be let go of: drop is given each
// one that has been read and will not be returned, by the call that ends the
// stream. A nil drop does nothing.
func BufferDrop[T any](src pull.Source[T], n int, drop func(T)) pull.Source[T] {
	// One half of the values waits, the other is a batch that the reader has.
	return pull.NewAhead(src, (max(n, 1)+1)/2, drop).Next
}
