package main

import (
	"regexp"
	"strconv"

	"github.com/spf13/cobra"
)

// A target says where an element is moved to.
type target struct {
	To     *string `json:"to,omitempty"` // another list
	Before *string `json:"before,omitempty"`
	After  *string `json:"after,omitempty"`
	At     *string `json:"at,omitempty"`
	Into   *clause `json:"into,omitempty"` // To, where that is a sequence
}

func moveFlags(to string) func(*cobra.Command, *request) {
	return func(c *cobra.Command, q *request) {
		q.Target = &target{}
		add := func(p **string, name, usage string) {
			c.Flags().Func(name, usage, func(s string) error {
				*p = &s
				return nil
			})
		}
		add(&q.Target.To, "to", "the `"+to+"` to move it to")
		add(&q.Target.Before, "before", "the `ELEMENT` to put it before, in that one")
		add(&q.Target.After, "after", "the `ELEMENT` to put it behind")
		add(&q.Target.At, "at", "the `INDEX` that it has afterwards")
	}
}

func checkMove(c *cobra.Command, q *request) error {
	n := 0
	for _, p := range []*string{q.Target.Before, q.Target.After, q.Target.At} {
		if p != nil {
			n++
		}
	}
	if n > 1 {
		return usage(c, "only one of --before, --after and --at can be")
	}
	return nil
}

// placing is how an element gets to its place. Before no id is at the end.
type placing[ID any] struct {
	before, after func(ID) error
	at            func(int) error
}

// place puts an element where the target says, in the list l.
func place[ID any](t *target, l interface {
	at(element string) (i int, ok bool)
	find(element string) (ID, error)
}, p placing[ID]) error {
	next, put := t.Before, p.before
	if t.After != nil {
		next, put = t.After, p.after
	}
	switch {
	case t.At != nil:
		i, ok := l.at(*t.At)
		if !ok {
			return fail(exitUsage, "--before and --after take an id", "--at %.80q is no index", *t.At)
		}
		return p.at(i)
	case next == nil:
		var end ID
		return p.before(end)
	}
	other, err := l.find(*next)
	if err != nil {
		return err
	}
	return put(other)
}

var index = regexp.MustCompile(`^-?[0-9]{1,18}$`)

// indexIn returns the index that an ELEMENT is, of as many as there are; ok is
// false if it is an id.
func indexIn(length int, element string) (i int, ok bool) {
	if !index.MatchString(element) {
		return 0, false
	}
	if i, _ = strconv.Atoi(element); element[0] == '-' {
		i += length
	}
	return i, true
}
