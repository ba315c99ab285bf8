//go:build !race

package replicatetest

// raced says that the race detector is on.
const raced = false
