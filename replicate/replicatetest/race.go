//go:build race

package replicatetest

// raced says that the race detector is on: ten times slower, and there is
// nothing for it to see where one goroutine runs at a time.
const raced = true
