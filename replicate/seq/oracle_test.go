package seq_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/seq"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// elements is a list with its values as they are written.
type elements []seq.Element[string]

// nodeID names a place.
type nodeID struct {
	id   seq.ID
	move bool
}

func compareNodes(a, b nodeID) int {
	return cmp.Or(replicate.Stamp(a.id).Compare(replicate.Stamp(b.id)), cmp.Compare(fmt.Sprint(a.move), fmt.Sprint(b.move)))
}

// oracle is a list built the plain way, from a set of updates.
type oracle struct {
	elements map[seq.ID]*replicate.Update // what stands for each
	meaning  map[nodeID]seq.Meaning
	children map[nodeID][]nodeID
	walked   []nodeID // in list order
}

// listOf returns the list that a set of updates makes: it believes the newest
// update for an element, or a deletion, builds the tree and walks it.
func listOf(updates []*replicate.Update) elements {
	o := oracle{
		elements: map[seq.ID]*replicate.Update{},
		meaning:  map[nodeID]seq.Meaning{},
		children: map[nodeID][]nodeID{},
	}
	for _, u := range updates {
		o.add(u)
	}
	for n, m := range o.meaning {
		p := nodeID{m.Parent, m.Move && m.Parent != seq.ID{}}
		o.children[p] = append(o.children[p], n)
	}
	o.walk(nodeID{})
	return o.list()
}

func (o *oracle) add(u *replicate.Update) {
	m, ok := seq.Read(u)
	if !ok {
		return
	}
	if m.Kind == seq.OpMove {
		o.meaning[nodeID{seq.ID(u.Stamp()), true}] = m
		return
	}
	old := o.elements[m.Element]
	if old != nil {
		was, _ := seq.Read(old)
		dead, wasDead := m.Kind == seq.OpDelete, was.Kind == seq.OpDelete
		if dead == wasDead && old.Newer(u) || wasDead && !dead {
			return
		}
	}
	o.elements[m.Element] = u
	o.meaning[nodeID{m.Element, false}] = m
}

func (o *oracle) walk(n nodeID) {
	kids := o.children[n]
	slices.SortFunc(kids, compareNodes)
	for _, kid := range kids {
		if o.meaning[kid].Left {
			o.walk(kid)
		}
	}
	o.walked = append(o.walked, n)
	for _, kid := range kids {
		if !o.meaning[kid].Left {
			o.walk(kid)
		}
	}
}

func (o *oracle) list() elements {
	list, at := elements{}, map[seq.ID]nodeID{}
	for _, n := range o.walked {
		m := o.meaning[n]
		if old, ok := at[m.Element]; !ok || n.move && (!old.move || compareNodes(n, old) > 0) {
			at[m.Element] = n
		}
	}
	for _, n := range o.walked {
		id := o.meaning[n].Element
		m, ok := o.meaning[nodeID{id, false}]
		if ok && m.Kind != seq.OpDelete && at[id] == n {
			list = append(list, seq.Element[string]{ID: id, Value: m.Value})
		}
	}
	return list
}

// A site is a replica with a list.
type site struct {
	r   *replicate.Replica
	l   *seq.List[int]
	h   *replicate.Handle
	now time.Time
}

// newSite returns a site whose author is of that number, with a clock that
// stands still.
func newSite(t require.TestingT, number byte) *site {
	s := &site{now: time.Unix(1_800_000_000, 0)}
	s.r = replicate.New(replicate.Config{
		ID:    replicate.ReplicaID{number},
		Types: []replicate.Type{seq.JSON},
		Now:   func() time.Time { return s.now },
		Rand:  constant(number),
	})
	var err error
	s.l, err = seq.Open[int](s.r, "")
	require.NoError(t, err)
	s.h, err = s.r.Open(replicate.ObjectName{Type: seq.JSON.Tag})
	require.NoError(t, err)
	return s
}

func newSites(t require.TestingT, n int) (sites []*site) {
	for i := range n {
		sites = append(sites, newSite(t, byte(i+1)))
	}
	return sites
}

// constant reads as one byte for ever.
type constant byte

func (c constant) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(c)
	}
	return len(p), nil
}

// pull takes in what from has.
func (s *site) pull(t require.TestingT, from *site) {
	require.NoError(t, s.r.Write(context.Background(), from.r.Read(s.r.Clock())))
}

// meet makes all sites equal.
func meet(t require.TestingT, sites ...*site) {
	for range 2 {
		for _, a := range sites {
			for _, b := range sites {
				a.pull(t, b)
			}
		}
	}
	for _, s := range sites[1:] {
		require.Equal(t, sites[0].r.Fingerprint(), s.r.Fingerprint())
		require.Equal(t, sites[0].list(), s.list())
	}
}

// list returns the site's list, after a check that its state is in order.
func (s *site) list() (list elements) {
	s.h.View(func(o replicate.Object) {
		if err := seq.Verify(o); err != nil {
			panic(err)
		}
		list = seq.Shown(o)
	})
	return list
}

// values returns the site's list without names.
func (s *site) values(t require.TestingT) []int {
	list := []int{}
	for e, err := range s.l.All() {
		require.NoError(t, err)
		list = append(list, e.Value)
	}
	return list
}

// since returns the live updates behind a place of the site's log.
func (s *site) since(t require.TestingT, head uint64) []*replicate.Update {
	if s.r.Head() == head {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	batch, err := s.h.Changes(head)(ctx)
	require.NoError(t, err)
	return batch
}

// wrote returns what f makes the site write.
func (s *site) wrote(t require.TestingT, f func()) []*replicate.Update {
	head := s.r.Head()
	f()
	return s.since(t, head)
}

// push appends values and returns their names.
func (s *site) push(t require.TestingT, values ...int) (ids []seq.ID) {
	for _, v := range values {
		id, err := s.l.Push(v)
		require.NoError(t, err)
		ids = append(ids, id)
	}
	return ids
}

// applied returns a state that was given updates in that order, and which of
// them are live.
func applied(t testing.TB, updates []*replicate.Update) (replicate.Object, map[*replicate.Update]bool) {
	o := seq.JSON.New()
	live := map[*replicate.Update]bool{}
	for _, u := range updates {
		if live[u] {
			o.Apply(u, func(*replicate.Update) { require.Fail(t, "applying a live update again makes obsolete") })
			continue
		}
		live[u] = true
		o.Apply(u, func(v *replicate.Update) {
			require.True(t, live[v], "obsolete before it came, or twice")
			delete(live, v)
		})
	}
	require.NoError(t, seq.Verify(o))
	return o, live
}

// raw returns a value as it is written.
func raw(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
