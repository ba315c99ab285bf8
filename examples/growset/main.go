// Growset keeps two sets that only grow, on two replicas, and their difference:
// go run ./examples/growset
//
// Nothing is ever taken out of either set, and yet what is in one and not in the
// other grows and shrinks: virgins = born - nonVirgins.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/reduce"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "growset:", err)
		os.Exit(1)
	}
}

type set = map[string]bool

// union is what makes a set grow: commutative, and idempotent, as are the
// effects of what it counts.
func union(all, more set) set {
	maps.Copy(all, more)
	return all
}

// grown is the type of a set that grows.
func grown() *reduce.Reduction[set] { return reduce.TypeOf("growset", union, reduce.Config[set]{}) }

func run(ctx context.Context, out io.Writer) error {
	here, there := newTown("here", out), newTown("there", out)
	err := errors.Join(
		here.add(here.born, "ann", "bob"),
		there.add(there.born, "cat"),
		there.add(there.nonVirgins, "ann"), // who was not known to be born there
	)
	if err != nil {
		return err
	}
	here.show()
	there.show()
	if err := meet(ctx, here, there); err != nil {
		return err
	}
	here.show()
	there.show()
	return nil
}

type town struct {
	name       string
	out        io.Writer
	r          *replicate.Replica
	born       *reduce.Collection[set]
	nonVirgins *reduce.Collection[set]
}

func newTown(name string, out io.Writer) *town {
	kind := grown()
	r := replicate.New(replicate.Config{Types: []replicate.Type{kind.Type()}})
	born, _ := reduce.Open(r, "born", kind) // cannot fail: the type is listed above
	nonVirgins, _ := reduce.Open(r, "nonVirgins", kind)
	return &town{name, out, r, born, nonVirgins}
}

func (t *town) add(to *reduce.Collection[set], names ...string) error {
	more := set{}
	for _, name := range names {
		more[name] = true
	}
	_, err := to.Update(more)
	return err
}

// virgins is the difference of the two sets.
func (t *town) virgins() []string {
	born, _ := t.born.Value() // none, if nobody is yet
	gone, _ := t.nonVirgins.Value()
	maps.DeleteFunc(born, func(name string, _ bool) bool { return gone[name] })
	return slices.Sorted(maps.Keys(born))
}

func (t *town) show() {
	fmt.Fprintf(t.out, "%s: virgins are %s\n", t.name, strings.Join(t.virgins(), ", "))
}

// meet lets two towns have what either has.
func meet(ctx context.Context, a, b *town) error {
	da, db := duplex.Pair[[]byte, []byte]()
	once := replicate.SyncConfig{Once: true}
	answered := make(chan error)
	go func() { answered <- replicate.NewSession(b.r, once).Run(ctx, db) }()
	err := replicate.NewSession(a.r, once).Run(ctx, da)
	return errors.Join(err, <-answered)
}
