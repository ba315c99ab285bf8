package reduce

import (
	"fmt"
	"slices"

	"github.com/weir-go/weir/replicate"
)

// Shown is what a state holds, and the values that it reduces to.
func (d *Reduction[V]) Shown(o replicate.Object) string {
	var lines []string
	for key, all := range o.(*state).keys {
		v, err := d.fold(all)
		lines = append(lines, fmt.Sprintf("%q=%v %v", key, v, err))
	}
	slices.Sort(lines)
	return fmt.Sprint(lines)
}
