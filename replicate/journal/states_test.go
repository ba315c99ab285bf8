package journal_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/model"
)

// A saga is a replica's life on a disk that crashes: it is written, reopened and
// compacted, and goes on from one of the states in which a crash has left it.
type saga struct {
	t       *testing.T
	rand    *rand.Rand
	n       int                    // writes so far
	history map[int]map[string]int // what was held after the n-th write
	states  int                    // crash states that were verified
}

// TestCrashStates verifies 3,000 different states in which a crash may leave
// the disk, after any step of random lives: unsynced writes lost, torn, and
// kept in any order. What is held is always what was held after one of the
// writes, none that is promised is lost, and the replica goes on. Where
// WEIR_LONG is set there are 1,000,000; WEIR_STATES says another number.
func TestCrashStates(t *testing.T) {
	want := 3_000
	switch n, err := strconv.Atoi(os.Getenv("WEIR_STATES")); {
	case err == nil:
		want = n
	case os.Getenv("WEIR_LONG") != "":
		want = 1_000_000
	case testing.Short():
		want = 1_000
	}
	total, seed := 0, uint64(1)
	for ; total < want; seed++ {
		s := &saga{
			t: t, rand: rand.New(rand.NewPCG(seed, 0)),
			history: map[int]map[string]int{0: {}},
		}
		policy := journal.Policy(s.rand.IntN(3))
		s.live(policy, fmt.Sprintf("seed %d, policy %d", seed, policy))
		total += s.states
	}
	t.Logf("%d crash states of %d lives", total, seed-1)
}

// live goes through three phases, with a crash behind each.
func (s *saga) live(policy journal.Policy, what string) {
	d := newDisk()
	require.NoError(s.t, journal.Create(path, journal.Meta{}, d.config()))
	for phase := range 3 {
		what := fmt.Sprintf("%s, phase %d", what, phase)
		d.grain = 2
		e := explore(d)
		e.there, e.scrambles = true, 6
		e.rand = rand.New(rand.NewPCG(s.rand.Uint64(), 0)) // which the journal's goroutine uses
		cfg := quiet(d.config())
		cfg.Sync, cfg.Interval = policy, 1
		s.phase(e, cfg)
		d.after = nil
		next := s.rand.IntN(len(e.cases))
		for i, c := range e.cases {
			c.crashed.disk.grain = 2
			if i == next {
				d = c.image(c.names, 0, func(n *inode) []byte { return n.data })
			}
			s.verify(c, policy, what)
			s.states++
		}
	}
}

// phase does something that takes steps.
func (s *saga) phase(e *explorer, cfg journal.Config) {
	j := open(s.t, path, cfg)
	s.base(e, j)
	s.write(e, j)
	for range 1 + s.rand.IntN(6) {
		switch s.rand.IntN(8) {
		case 0:
			require.NoError(s.t, j.Close())
			j = open(s.t, path, cfg)
		case 1:
			_, err := j.Compact(s.t.Context(), nil)
			require.NoError(s.t, err)
		default:
			s.write(e, j)
		}
	}
	require.NoError(s.t, j.Close())
}

// base notes where a life goes on: what is held then is promised from then on.
func (s *saga) base(e *explorer, j *journal.Journal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.kept, e.who = contents(s.t, j.Replica()), j.Replica().Author()
	s.history[s.newest(j)] = maps.Clone(e.kept)
}

// newest is the number of the newest write that is held.
func (s *saga) newest(j *journal.Journal) (n int) {
	for _, v := range contents(s.t, j.Replica()) {
		n = max(n, v)
	}
	return n
}

// write sets one of a few keys to the write's number, beside a longer text.
func (s *saga) write(e *explorer, j *journal.Journal) {
	texts, err := model.OpenWith(j.Replica(), "texts", text)
	require.NoError(s.t, err)
	require.NoError(s.t, texts.Set("t", strings.Repeat("x", s.rand.IntN(200))))
	s.n++
	after := contents(s.t, j.Replica())
	key := string(rune('a' + s.rand.IntN(3)))
	after[key] = s.n
	s.history[s.n] = after
	e.set(s.t, j, key, s.n)
}

func (s *saga) verify(c crashCase, policy journal.Policy, what string) {
	what = fmt.Sprintf("%s, step %d (%s), %s", what, c.step, c.op, c.how)
	j, err := journal.Open(s.t.Context(), path, c.config())
	require.NoError(s.t, err, what)
	got := contents(s.t, j.Replica())
	newest := s.newest(j)
	if !maps.Equal(s.history[newest], got) {
		require.Equal(s.t, s.history[newest], got, what)
	}
	lost := false
	for _, v := range c.kept {
		lost = lost || v > newest
	}
	if lost {
		require.True(s.t, c.power && policy != journal.SyncEach, "%s: kept %v, got %v", what, c.kept, got)
		require.NotEqual(s.t, c.who, j.Replica().Author(), what)
	}
	require.NoError(s.t, mapOf(s.t, j.Replica()).Set("z", 1))
	require.NoError(s.t, j.Close(), what)
	rec, err := journal.Check(s.t.Context(), path, c.config())
	require.NoError(s.t, err, what)
	require.True(s.t, rec.Clean, what)
	require.False(s.t, rec.NewAuthor, "%s: %s", what, rec.Reason)
}
