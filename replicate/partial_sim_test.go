package replicate_test

import (
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

// keys is the filter of the keys that begin with one of prefixes.
func keys(prefixes ...string) replicate.Filter {
	var rules []replicate.Rule
	for _, p := range prefixes {
		rules = append(rules, replicate.Rule{Type: model.JSON.Tag, Key: p})
	}
	return replicate.Only(rules...)
}

// passes says what a filter made by keys passes.
func passes(f replicate.Filter, key string) bool {
	ok := f.All()
	for _, r := range f.Rules() {
		ok = ok || strings.HasPrefix(key, r.Key)
	}
	return ok
}

// partial reports whether any node has ever wanted less than everything.
func (w *world) partial() bool {
	for _, nd := range w.nodes {
		if nd.asked != nil {
			return true
		}
	}
	return false
}

// changeWant has node i want something else from its next session on.
func (w *world) changeWant(i int) {
	wants := []replicate.Filter{{}, keys("x"), keys("y"), keys("x", "y"), keys("xx", "z"), keys()}
	for j := range w.nodes {
		if i != j {
			w.cut(i, j)
		}
	}
	nd := w.nodes[i]
	nd.want = wants[w.rnd.IntN(len(wants))]
	nd.asked = append(nd.asked, nd.want)
}

// partsKept checks the promise of node i under each filter that it has a clock
// of, and that nothing was sent to it that it never wanted.
func (w *world) partsKept(i int, newest map[string]replicate.Stamp) {
	w.t.Helper()
	nd := w.nodes[i]
	for _, f := range nd.r.Filters() {
		clock := nd.r.ClockOf(f)
		for _, is := range w.issued {
			if passes(f, is.key) && clock.Covers(is.stamp) {
				require.False(w.t, newest[is.key].Compare(is.stamp) < 0,
					"node %d promises %v of %q under %v and holds %v", i, is.stamp, is.key, f, newest[is.key])
			}
		}
	}
	for _, u := range nd.r.Live() {
		if id, _ := u.Stamp().Author.ID(); nd.asked == nil || id == nd.id {
			continue
		}
		wanted := false
		for _, f := range nd.asked {
			wanted = wanted || passes(f, keyOf(u))
		}
		require.True(w.t, wanted, "node %d holds %q of another", i, keyOf(u))
	}
}

// newest returns the newest stamp that node i holds of each key.
func (w *world) newest(i int) map[string]replicate.Stamp {
	newest := map[string]replicate.Stamp{}
	for _, u := range w.nodes[i].r.Live() {
		if at := u.Stamp(); newest[keyOf(u)].Compare(at) < 0 {
			newest[keyOf(u)] = at
		}
	}
	return newest
}

// convergedInPart checks that each node that is alive holds, of what it wants,
// the newest that any holds.
func (w *world) convergedInPart() {
	w.t.Helper()
	all, wide := map[string]replicate.Stamp{}, -1
	for i, nd := range w.nodes {
		if !nd.alive {
			continue
		}
		for key, at := range w.newest(i) {
			if all[key].Compare(at) < 0 {
				all[key] = at
			}
		}
	}
	for i, nd := range w.nodes {
		if !nd.alive {
			continue
		}
		w.promiseKept(i)
		newest := w.newest(i)
		for key, at := range all {
			if passes(nd.want, key) {
				require.Equal(w.t, at, newest[key], "node %d, key %q", i, key)
			}
		}
		switch {
		case !nd.want.All():
		case wide < 0:
			wide = i
		default:
			require.Equal(w.t, w.nodes[wide].r.Clock(), nd.r.Clock())
			require.Equal(w.t, w.nodes[wide].r.Fingerprint(), nd.r.Fingerprint())
		}
	}
}
