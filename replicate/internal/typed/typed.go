// Package typed opens objects whose state is of a known Go type.
package typed

import (
	"fmt"

	"github.com/weir-go/weir/replicate"
)

// Open returns the handle of an object whose state is an S. It returns what
// Replica.Open does, and an error if the tag stands for another type in this
// replica.
func Open[S replicate.Object](r *replicate.Replica, tag, name string) (*replicate.Handle, error) {
	h, err := r.Open(replicate.ObjectName{Type: tag, Name: name})
	if err != nil {
		return nil, err
	}
	ok := false
	h.View(func(o replicate.Object) { _, ok = o.(S) })
	if !ok {
		return nil, fmt.Errorf("replicate: object %v is of another kind: its tag is used twice", h.Name())
	}
	return h, nil
}

// View runs f on the state of an object that Open has opened, as Handle.View
// does.
func View[S replicate.Object](h *replicate.Handle, f func(S)) {
	h.View(func(o replicate.Object) { f(o.(S)) })
}
