package replicate_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// played is an act of a seat.
type played struct {
	i int
	act
}

// trail is what was done, in order.
type trail []played

func (t *trail) len() int {
	if t == nil {
		return 0
	}
	return len(*t)
}

func (t *trail) cut(n int) {
	if t != nil {
		*t = (*t)[:n]
	}
}

// selfBounds have a bit of everything that a state is made of.
var selfBounds = []bound{
	{writes: 5},
	{writes: 5, cast: "WW "},
	{writes: 5, cast: "BB ", crashes: 1},
	{writes: 5, cast: "BB ", crashes: 1, lies: true},
	{writes: 5, line: true, still: true},
	{writes: 5, line: true, deaths: 1},
	{writes: 2, line: true, both: true, deletes: true},
	{writes: 5, line: true, greet: true, acks: true},
	{writes: 5, line: true, journal: true, crashes: 1, deaths: 1},
	{writes: 5, apart: true, deaths: 1},
	{writes: 5, once: 7},
	{writes: 5, cast: "BB ", crashes: 1, once: 1},
	{writes: 5, cast: "BB ", once: 3, wire: 4},
	{writes: 2, cast: "WW ", copies: 1},
	{writes: 1, cast: "BD ", line: true, copies: 1, crashes: 1},
}

// A replica that is put together of parts that were seen in different histories
// goes on as one does that has this history: random walks, which the search
// takes by its parts, are taken by three replicas that are never copied, and
// both come to the same.
func TestSearchPutsTogetherWhatIs(t *testing.T) {
	walks := 30
	if os.Getenv("WEIR_LONG") != "" {
		walks = 3000
	}
	for k, b := range selfBounds {
		t.Run(fmt.Sprint(k), func(t *testing.T) {
			x := newSearch(b, noRule)
			for i := range walks / 10 {
				walk(t, x, rand.New(rand.NewPCG(uint64(i), uint64(k))))
			}
		})
	}
}

func walk(t *testing.T, x *search, rnd *rand.Rand) {
	var seats [3]*seat
	for i := range seats {
		if x.cast == "" || x.cast[i] != ' ' {
			seats[i] = x.first(i)
		}
	}
	x.trail = &trail{}
	sc := x.opening()
	sent := map[[2]int][][]byte{}
	for range 60 {
		for _, p := range *x.trail {
			if p.kind == stepCopy {
				seats[p.i] = seats[0].copyTo(p.i, int(p.j), x.twins)
			} else {
				really(x, seats[p.i], p.act, sent)
			}
		}
		*x.trail = (*x.trail)[:0]
		for i, s := range seats {
			if s != nil && sc.alive(i) {
				alike(t, x, &sc.at[i], s)
			}
		}
		steps := x.possible(&sc, nil)
		if len(steps) == 0 {
			break
		}
		next, ok, err := x.take(sc, steps[rnd.IntN(len(steps))])
		require.NoError(t, err)
		if ok {
			sc = next
		} else {
			x.trail.cut(0)
		}
	}
	x.trail = nil
}

// really does an act to a seat: to send is to put a frame behind those that were
// sent, by who to whom.
func really(x *search, s *seat, what act, sent map[[2]int][][]byte) {
	to, from := [2]int{s.At, int(what.j)}, [2]int{int(what.j), s.At}
	switch what.kind {
	case actNext:
		b, err := s.next(int(what.j))
		must(err)
		sent[to] = append(sent[to], b)
	case actTakes:
		if err := s.takes(int(what.j), sent[from][0]); !x.news(err) {
			must(err)
		}
		sent[from] = sent[from][1:]
	case actEnd:
		sent[from] = nil
		fallthrough
	default:
		x.actors.act(s, what)
	}
	s.Tidy()
}

func alike(t *testing.T, x *search, at *seen, s *seat) {
	code := slices.Clone(x.coder.Core(&s.Seat, nil))
	require.Equal(t, code, x.coder.Core(&x.cores[at.core].seat.Seat, nil))
	for j, id := range at.ends {
		require.Equal(t, id != 0, s.Ends[j] != nil)
		if id != 0 {
			code = slices.Clone(x.coder.End(&s.Seat, j, nil))
			require.Equal(t, code, x.coder.End(&x.ends[id].seat.Seat, j, nil))
		}
	}
}

// What the search leaves out or puts together loses nothing: what the three
// replicas hold and promise together at some moment of any history they do so in
// the scenes gone through.
func TestReductionsLoseNothing(t *testing.T) {
	bounds := []bound{
		{writes: 1, cast: "BD ", crashes: 1},
		{writes: 3, cast: "W- "},
	}
	if os.Getenv("WEIR_LONG") != "" {
		bounds = append(bounds,
			bound{writes: 1, deaths: 1},
			bound{writes: 2, keys: "x", line: true},
			bound{writes: 2, cast: "BB ", crashes: 1})
	}
	for i, b := range bounds {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			some := held(t, b)
			b.apart, b.plain = true, true
			all := held(t, b)
			t.Log(len(some), len(all))
			for h := range all {
				require.True(t, some[h])
			}
			require.Len(t, some, len(all))
		})
	}
}

// held goes through a bound, and returns what replicas hold together, as hashes.
func held(t *testing.T, b bound) map[uint64]bool {
	x := newSearch(b, noRule)
	all := map[uint64]bool{}
	x.seeing = func(sc *scene) {
		least := ^uint64(0)
		for p, o := range x.orders {
			h := x.pasts.renamed(sc.past, p)
			for _, i := range o {
				h = mixed(h, x.cores[sc.at[i].core].renamed[p])
			}
			least = min(least, h)
		}
		all[least] = true
	}
	f := x.run()
	require.NoError(t, f.err)
	require.True(t, f.whole)
	t.Log(f)
	return all
}
