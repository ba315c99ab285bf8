package feed

import (
	"fmt"
	"slices"

	"github.com/weir-go/weir/replicate"
)

// Shown is what a reader can see of a state: its items, and what was removed.
func Shown(o replicate.Object) string {
	var lines []string
	for name, a := range o.(*state).authors {
		for _, u := range a.items {
			if !a.removed(u) {
				lines = append(lines, fmt.Sprint("item ", u.Stamp()))
			}
		}
		for t := range a.tombs {
			lines = append(lines, fmt.Sprint("gone ", replicate.Stamp{Time: t, Author: name}))
		}
	}
	slices.Sort(lines)
	return fmt.Sprint(lines)
}

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
