package feed

import "github.com/weir-go/weir/replicate"

// Tombstones returns how many of a replica's updates are called tombstones.
func Tombstones(o replicate.Object, updates []*replicate.Update) (n int) {
	for _, u := range updates {
		if o.(interface {
			Tombstone(*replicate.Update) bool
		}).Tombstone(u) {
			n++
		}
	}
	return n
}
