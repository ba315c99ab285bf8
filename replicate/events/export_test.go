package events

import (
	"fmt"
	"slices"

	"github.com/weir-go/weir/replicate"
)

// Shown is what a reader can see of a state: its events and bounds.
func Shown(o replicate.Object) string {
	var lines []string
	for name, a := range o.(*state).authors {
		for _, u := range a.events {
			lines = append(lines, fmt.Sprint("event ", u.Stamp()))
		}
		if a.trim != nil {
			lines = append(lines, fmt.Sprint("bound ", replicate.Stamp{Time: a.bound, Author: name}))
		}
	}
	slices.Sort(lines)
	return fmt.Sprint(lines)
}
