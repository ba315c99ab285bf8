package events_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/events"
)

// oracle is what a set of updates comes to, in the simplest way: an event
// counts unless any trim of its author reaches up to it.
func oracle(updates []*replicate.Update) string {
	bounds := map[replicate.Author]replicate.Time{}
	for _, u := range updates {
		if op := u.Op(); op[0] == 1 {
			author, time := u.Stamp().Author, []byte(op[2:])
			if op[1] != 0 {
				author, time = replicate.Author(op[2:26]), []byte(op[26:])
			}
			t := min(replicate.Time(binary.BigEndian.Uint64(time)), u.Stamp().Time-1)
			bounds[author] = max(bounds[author], t)
		}
	}
	var lines []string
	for a, t := range bounds {
		lines = append(lines, fmt.Sprint("bound ", replicate.Stamp{Time: t, Author: a}))
	}
	for _, u := range updates {
		if s := u.Stamp(); u.Op()[0] == 0 && s.Time > bounds[s.Author] {
			lines = append(lines, fmt.Sprint("event ", s))
		}
	}
	slices.Sort(lines)
	return fmt.Sprint(lines)
}

// A node is a replica with all updates that it ever wrote.
type node struct {
	r       *replicate.Replica
	e       *events.Emitter[int]
	h       *replicate.Handle
	written []*replicate.Update
}

// newest notes the updates since a place.
func (n *node) note(t *rapid.T, head uint64) {
	for n.r.Head() > head {
		src := n.h.Changes(head)
		batch, err := src(t.Context())
		require.NoError(t, err)
		n.written = append(n.written, batch...)
		head = batch[len(batch)-1].Place()
	}
}

// history plays edits and exchanges at random and returns every update written.
func history(t *rapid.T) (all []*replicate.Update) {
	nodes := make([]*node, 3)
	now := time.UnixMilli(1_700_000_000_000)
	for i := range nodes {
		r := replicate.New(replicate.Config{
			Types: []replicate.Type{events.JSON}, Now: func() time.Time { return now },
		})
		e, err := events.Open[int](r, "")
		require.NoError(t, err)
		h, err := r.Open(replicate.ObjectName{Type: events.JSON.Tag})
		require.NoError(t, err)
		nodes[i] = &node{r: r, e: e, h: h}
	}
	for step := range rapid.IntRange(1, 25).Draw(t, "steps") {
		n := nodes[rapid.IntRange(0, 2).Draw(t, "node")]
		head := n.r.Head()
		now = now.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "ms")) * time.Millisecond)
		var err error
		switch rapid.IntRange(0, 5).Draw(t, "what") {
		case 0:
			from := nodes[rapid.IntRange(0, 2).Draw(t, "from")]
			require.NoError(t, n.r.Write(t.Context(), from.r.Read(nil)))
			continue
		case 1:
			_, err = n.e.Trim(rapid.IntRange(0, 4).Draw(t, "keep"))
		case 2:
			_, err = n.e.TrimBefore(now.Add(-time.Duration(rapid.IntRange(0, 9).Draw(t, "age")) * time.Millisecond))
		default:
			_, err = n.e.Emit("e", step)
		}
		require.NoError(t, err)
		n.note(t, head)
	}
	for _, n := range nodes {
		all = append(all, n.written...)
	}
	return all
}

// apply gives a new object the updates, unless live then, and returns what is.
func apply(updates []*replicate.Update) (o replicate.Object, live map[*replicate.Update]bool) {
	o, live = events.JSON.New(), map[*replicate.Update]bool{}
	for _, u := range updates {
		if !live[u] {
			live[u] = true
			o.Apply(u, func(v *replicate.Update) { delete(live, v) })
		}
	}
	return o, live
}

// The state is what the oracle says, of any set of updates in any order, and
// the same of those alone that were not called obsolete.
func TestConvergence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := history(t)
		if len(all) == 0 {
			return
		}
		some := rapid.SliceOfN(rapid.SampledFrom(all), 1, 2*len(all)).Draw(t, "received")
		o, live := apply(some)
		_, other := apply(rapid.Permutation(some).Draw(t, "another order"))
		require.Equal(t, live, other)
		again, still := apply(slices.Collect(maps.Keys(live)))
		require.Equal(t, live, still)

		slices.SortFunc(some, func(u, v *replicate.Update) int { return u.Stamp().Compare(v.Stamp()) })
		want := oracle(slices.Compact(some))
		require.Equal(t, want, events.Shown(o))
		require.Equal(t, want, events.Shown(again))
		require.Len(t, live, strings.Count(want, "event")+strings.Count(want, "bound"))
	})
}

// FuzzOp feeds any op to the check and, if it passes, to a replica.
func FuzzOp(f *testing.F) {
	f.Add("\x00\x01k1")
	f.Add("\x00\x80\x20" + strings.Repeat("k", 4096) + "null")
	f.Add("\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01")
	f.Add("\x01\x01" + strings.Repeat("a", 24) + "\xff\xff\xff\xff\xff\xff\xff\xff")
	f.Fuzz(func(t *testing.T, op string) {
		r, e := open[any](t)
		_, err := e.Emit("before", nil)
		require.NoError(t, err)
		h, err := r.Open(replicate.ObjectName{Type: events.JSON.Tag})
		require.NoError(t, err)
		if _, err = h.Write(op); err != nil {
			return
		}
		_, err = e.Emit("after", nil)
		require.NoError(t, err)
		src := e.Events(0)
		for i := e.Len(); i > 0; i-- {
			_, err := src(t.Context())
			require.NoError(t, err)
		}
	})
}
