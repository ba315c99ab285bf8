package replicate_test

import (
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/through/frame"
)

// TestExploreWorld plays random histories: writes and deletions of a few keys on
// three replicas, frames moved one at a time between them, cuts, group commits
// that tear at any frame, crashes and restarts. After every step the promise
// of each replica is checked; at the end everything settles, with one replica
// dead or none, and must be equal.
//
// WEIR_SEED replays one seed; WEIR_LONG=1 plays a million steps and more.
func TestExploreWorld(t *testing.T) {
	seeds := uint64(300)
	if testing.Short() {
		seeds = 200
	}
	if os.Getenv("WEIR_LONG") != "" {
		seeds = 100_000
	}
	if s := os.Getenv("WEIR_SEED"); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		explore(t, seed)
		return
	}
	for seed := range seeds {
		explore(t, seed)
		if t.Failed() {
			t.Fatalf("replay with WEIR_SEED=%d", seed)
		}
	}
}

func explore(t *testing.T, seed uint64) {
	w := newWorld(t, 3, seed, seed%3 != 0)
	defer func() {
		if t.Failed() {
			t.Logf("seed %d\n%v", seed, w)
		}
	}()
	w.single = w.rnd.IntN(4) > 0
	if w.nodes[0].tail == nil && seed%4 != 3 {
		w.anew = true
		w.members([][]int{{0}, {0, 1}, {0, 1, 2}}[w.rnd.IntN(3)]...)
	}
	if seed%4 == 3 {
		for i := range w.nodes {
			w.changeWant(i)
		}
	}
	for range 30 + w.rnd.IntN(60) {
		w.anyStep()
		for i, nd := range w.nodes {
			if nd.alive {
				w.promiseKept(i)
			}
		}
	}
	dead := w.rnd.IntN(6)
	for i := range w.nodes {
		switch {
		case i == dead && w.nodes[i].alive:
			w.kill(i)
		case i != dead && !w.nodes[i].alive:
			w.restart(i)
		}
	}
	w.settle()
	if w.partial() {
		w.convergedInPart()
		return
	}
	w.converged()
	w.atRest()
}

// atRest checks that of what all hold already nothing is sent again: where one
// write makes two that were equal differ, a session moves that write alone.
func (w *world) atRest() {
	w.t.Helper()
	for i := range w.nodes {
		for j := range w.nodes {
			if i == j || !w.nodes[i].alive || !w.nodes[j].alive {
				continue
			}
			w.settle()
			w.cut(i, j)
			w.write(i, "rest")
			w.commit(i)
			fromI, fromJ := w.exchange(i, j)
			require.LessOrEqual(w.t, fromI, int64(1), "%d to %d", i, j)
			require.Zero(w.t, fromJ, "%d to %d", j, i)
		}
	}
}

// anyStep does one random thing.
func (w *world) anyStep() {
	i := w.rnd.IntN(len(w.nodes))
	j := (i + 1 + w.rnd.IntN(len(w.nodes)-1)) % len(w.nodes)
	if !w.nodes[i].alive {
		w.restart(i)
		return
	}
	key := string(rune('x' + w.rnd.IntN(3)))
	if w.rnd.IntN(4) == 0 {
		key += "x"
	}
	switch k := w.rnd.IntN(100); {
	case k < 20:
		w.write(i, key)
	case k < 25:
		w.writeAll(i, key, string(rune('x'+w.rnd.IntN(3))))
	case k < 29:
		w.del(i, key)
	case k < 34 && w.anew:
		_, _ = w.nodes[i].r.Forget(w.rnd.IntN(2) == 0)
	case k < 40:
		w.commit(i)
	case k < 43:
		w.tear(i)
	case k < 46:
		w.kill(i)
	case k < 49:
		w.cut(i, j)
	case k < 50:
		if w.partial() {
			w.changeWant(i)
		}
	case !w.nodes[j].alive:
	case w.links[pairOf(i, j)] == nil:
		w.dial(i, j, replicate.SyncConfig{})
	default:
		w.move(i, j)
	}
}

// tear crashes node i in the middle of a group commit: some of its frames
// reach the disk, and nobody was told that any did.
func (w *world) tear(i int) {
	nd := w.nodes[i]
	if nd.tail == nil {
		return
	}
	b, ok := nd.tail.Take()
	if !ok {
		return
	}
	var ends []int
	for n := 0; n < len(b.Frames); {
		_, size, err := frame.Parse(b.Frames[n:], 5<<20)
		if err != nil {
			w.t.Fatal(err)
		}
		ends = append(ends, n)
		n += size
	}
	keep := ends[w.rnd.IntN(len(ends))]
	nd.disk = append(nd.disk, b.Frames[:keep]...)
	if keep > 0 || !b.Renewed {
		nd.who = b.Author
	}
	w.kill(i)
}
