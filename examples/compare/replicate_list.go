package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/seq"
)

// newList returns an empty list whose values cost little to encode.
func newList() (*seq.List[string], error) {
	typ := seq.TypeOf("seq/bytes")
	r := replicate.New(replicate.Config{Types: []replicate.Type{typ}})
	return seq.OpenWith(r, "", replicate.Codec[string]{
		Type:   typ,
		Encode: func(s string) ([]byte, error) { return []byte(s), nil },
		Decode: func(b []byte) (string, error) { return string(b), nil },
	})
}

const element = "12345678"

func listOf(n int) (*seq.List[string], error) {
	l, err := newList()
	for i := 0; i < n && err == nil; i++ {
		_, err = l.Push(element)
	}
	return l, err
}

// pushes appends to a list, beside a slice of pointers.
func pushes(n int) work {
	return freshSyncs("list", n, func(context.Context) (int, error) {
		l, err := listOf(n)
		if err != nil {
			return 0, err
		}
		return l.Len(), nil
	}, peer{name: "a slice of pointers", goal: 20, run: func(context.Context) (int, error) {
		var all []*[len(element)]byte
		for range n {
			all = append(all, new([len(element)]byte))
		}
		return len(all), nil
	}})
}

// inserts compares the time to insert anywhere into lists of growing length with
// that of a thousand elements. A tree is one to two levels deeper for each
// further factor of ten, and further away from the processor, which is why twice
// is allowed for each: a walk along the list would take ten times.
func inserts(share int) (works []work) {
	allowed := 2.0
	for n := 10_000; n <= million; n, allowed = 10*n, 2*allowed {
		works = append(works, insertInto(max(2000, n/share), allowed))
	}
	return works
}

// insertInto measures insertions into a list of n elements: each measurement a
// thousand, a hundred of them into a list.
func insertInto(n int, goal float64) work {
	const base, each, times = 1000, 100, 10
	insert := func(l *seq.List[string]) (int, error) {
		rnd := rand.New(rand.NewPCG(1, uint64(l.Len())))
		return elapsed(func() error {
			for range each {
				if _, err := l.Insert(rnd.IntN(l.Len()), element); err != nil {
					return err
				}
			}
			return nil
		})
	}
	many := func(list func() (*seq.List[string], error)) contender {
		return func(context.Context) (total int, err error) {
			for range times {
				l, err := list()
				if err != nil {
					return 0, err
				}
				took, err := insert(l)
				if err != nil {
					return 0, err
				}
				total += took
			}
			return total, nil
		}
	}
	var made *seq.List[string]
	long := func() (l *seq.List[string], err error) {
		if made == nil {
			made, err = listOf(n)
		}
		return made, err
	}
	w := gauges(fmt.Sprintf("list-insert-%d", n), "ns", each*times, many(long), peer{
		name: fmt.Sprintf("of %d", base), goal: goal,
		run: many(func() (*seq.List[string], error) { return listOf(base) }),
	})
	w.tries = 5
	w.end = func() error {
		made = nil
		return nil
	}
	return w
}

// lists are what a list costs.
func lists(share int) []work {
	return append([]work{pushes(million / share)}, inserts(share)...)
}
