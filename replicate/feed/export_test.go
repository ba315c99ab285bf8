package feed

import "github.com/weir-go/weir/replicate"

// Tombstones returns how many of a replica's updates are called tombstones.
func Tombstones(_ replicate.Object, updates []*replicate.Update) (n int) {
	for _, u := range updates {
		if removes(u.Op()) {
			n++
		}
	}
	return n
}
