package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate"
)

func diffCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "diff A B",
		Short: "Say how two replicas differ",
		Long: `Prints a line for each key that differs: < and its value in A, > and its value in
B. Then it counts the updates that only one of them has seen, deletions included:
what weir sync A B would send, after which there is no difference: of two values
the newer one stays. A difference is exit status 1.

Both are read into memory. To compare with another host, sync first, or bring a
dump: ssh HOST weir dump r > r.dump; weir init b; weir load b < r.dump.`,
		Example: `  weir diff a b
  weir diff --json a b
  weir diff a b || weir sync a b`,
		Args: args(2, 2),
		RunE: func(c *cobra.Command, args []string) error {
			return e.diff(c.Context(), args[0], args[1])
		},
	}
}

func (e *env) diff(ctx context.Context, pathA, pathB string) error {
	a, err := e.copied(ctx, pathA)
	if err != nil {
		return err
	}
	b, err := e.copied(ctx, pathB)
	if err != nil {
		return err
	}
	if a.Fingerprint() == b.Fingerprint() {
		return nil
	}
	d := &difference{paper: e.out}
	if err := d.compare(a, b); err != nil {
		return err
	}
	if err := e.print(d.text.Bytes()); err != nil || !d.differs {
		return err
	}
	return fail(exitNotFound, "", "")
}

// copied is a replica in memory that holds what the one at path does, whoever
// has that open. Its clock may be wrong: stamps ahead of it are no trouble here.
func (e *env) copied(ctx context.Context, path string) (*replicate.Replica, error) {
	cfg := config().Replica
	cfg.MaxAhead = math.MaxInt64
	r := replicate.New(cfg)
	m := e.newMeter("reading " + escape(path))
	defer m.end()
	err := e.look(ctx, path, &call{request: request{Op: "dump"}, out: m.sink(r.Write)})
	return r, err
}

// A difference is what diff says.
type difference struct {
	paper   paper
	text    bytes.Buffer
	differs bool
}

// A keyDifference is a line of diff with --json, of a key; what is not set is
// not there.
type keyDifference struct {
	Key string          `json:"key"`
	A   json.RawMessage `json:"a,omitempty"`
	B   json.RawMessage `json:"b,omitempty"`
}

// An objectDifference is one of updates that only one side has.
type objectDifference struct {
	Type   string `json:"type"` // as in weir objects
	Object string `json:"object"`
	OnlyA  int    `json:"only_a"`
	OnlyB  int    `json:"only_b"`
}

// compare compares the keys, and then what else there is.
func (d *difference) compare(a, b *replicate.Replica) error {
	keysA, err := keysOf(a)
	if err != nil {
		return err
	}
	keysB, err := keysOf(b)
	if err != nil {
		return err
	}
	both := maps.Clone(keysA)
	maps.Copy(both, keysB)
	for _, key := range slices.Sorted(maps.Keys(both)) {
		if va, vb := keysA[key], keysB[key]; !bytes.Equal(va, vb) {
			d.key(keyDifference{key, va, vb})
		}
	}
	onlyA, onlyB := only(a, b), only(b, a)
	names := maps.Clone(onlyA)
	maps.Copy(names, onlyB)
	for _, n := range slices.SortedFunc(maps.Keys(names), func(a, b replicate.ObjectName) int {
		return cmp.Compare(a.String(), b.String())
	}) {
		d.object(objectDifference{nameOf(n.Type), n.String(), onlyA[n], onlyB[n]})
	}
	return nil
}

func (d *difference) key(k keyDifference) {
	d.differs = true
	if d.paper.JSON {
		d.text.Write(d.paper.line(k))
		return
	}
	if k.A != nil {
		fmt.Fprintf(&d.text, "< %s\t%s\n", d.paper.text(k.Key), d.paper.value(k.A))
	}
	if k.B != nil {
		fmt.Fprintf(&d.text, "> %s\t%s\n", d.paper.text(k.Key), d.paper.value(k.B))
	}
}

// object tells of updates. Where they are of keys they are a difference even if
// no value differs: what was deleted, and who has written what.
func (d *difference) object(o objectDifference) {
	d.differs = true
	if d.paper.JSON {
		d.text.Write(d.paper.line(o))
		return
	}
	fmt.Fprintf(&d.text, "%s (%s): %s only in A, %d only in B\n",
		o.Type, d.paper.text(o.Object), plural(int64(o.OnlyA), "update"), o.OnlyB)
}

// keysOf are the keys that commands work on, with their values.
func keysOf(r *replicate.Replica) (map[string]json.RawMessage, error) {
	m, err := openMap(r, "")
	if err != nil {
		return nil, err
	}
	keys := map[string]json.RawMessage{}
	for entry, err := range m.All("") {
		if err != nil {
			return nil, err
		}
		keys[entry.Key] = entry.Value
	}
	return keys, nil
}

// only counts, by object, the live updates of a that b has neither seen nor
// replaced: what a sync would send.
func only(a, b *replicate.Replica) map[replicate.ObjectName]int {
	type id struct {
		stamp  replicate.Stamp
		object replicate.ObjectName
	}
	held := map[id]bool{}
	for _, u := range b.Live() {
		held[id{u.Stamp(), u.Object()}] = true
	}
	counts, clock := map[replicate.ObjectName]int{}, b.Clock()
	for _, u := range a.Live() {
		if !clock.Covers(u.Stamp()) && !held[id{u.Stamp(), u.Object()}] {
			counts[u.Object()]++
		}
	}
	return counts
}
