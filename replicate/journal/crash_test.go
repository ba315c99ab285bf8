package journal_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
)

const path = "folder/r.weir"

// explorer collects what a crash after each step of a scenario may leave, with
// what had been promised by then.
type explorer struct {
	disk  *disk
	mu    sync.Mutex
	kept  map[string]int // confirmed by Flush
	there bool           // Create has returned
	who   replicate.Author
	cases []crashCase

	rand      *rand.Rand
	scrambles int // how many random crashes are tried after each step
}

type crashCase struct {
	crashed
	step  int
	op    string
	kept  map[string]int
	there bool
	who   replicate.Author
	power bool
}

func explore(d *disk) *explorer {
	e := &explorer{disk: d, kept: map[string]int{}}
	step, seen := 0, map[string]bool{}
	d.after = func(op string) {
		step++
		e.mu.Lock()
		defer e.mu.Unlock()
		add := func(images []crashed, power bool) {
			for _, c := range images {
				sum := fmt.Sprintf("%x %v", c.sum(), e.kept)
				if seen[sum] {
					continue // as an earlier crash left it
				}
				seen[sum] = true
				e.cases = append(e.cases, crashCase{c, step, op, maps.Clone(e.kept), e.there, e.who, power})
			}
		}
		add(d.killed(), false)
		add(d.lostPower(), true)
		for range e.scrambles {
			add([]crashed{d.scrambled(e.rand)}, true)
		}
	}
	return e
}

// set writes a key and notes that it was confirmed.
func (e *explorer) set(t testing.TB, j *journal.Journal, key string, v int) {
	set(t, j, key, v)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.kept[key], e.who = v, j.Replica().Author()
}

func (e *explorer) created() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.there = true
}

// verify opens what each crash left. Nothing confirmed may be lost, unless
// allowed, and then the author must be a new one. The replica must go on.
func (e *explorer) verify(t *testing.T, name string, mayLose bool) {
	e.disk.after = nil
	require.NotEmpty(t, e.cases)
	for _, c := range e.cases {
		what := fmt.Sprintf("step %d (%s), %s", c.step, c.op, c.how)
		j, err := journal.Open(t.Context(), name, c.config())
		if errors.Is(err, fs.ErrNotExist) && !c.there {
			continue
		}
		require.NoError(t, err, what)
		got, lost := contents(t, j.Replica()), false
		for key, v := range c.kept {
			lost = lost || got[key] < v
		}
		if lost {
			require.True(t, mayLose && c.power, "%s: lost of %v: %v", what, c.kept, got)
			require.NotEqual(t, c.who, j.Replica().Author(), what)
		}
		set(t, j, "after", 1)
		require.NoError(t, j.Close(), what)
		j, err = journal.Open(t.Context(), name, c.config())
		require.NoError(t, err, what)
		require.False(t, j.Recovery().NewAuthor, "%s: %s", what, j.Recovery().Reason)
		require.Equal(t, 1, contents(t, j.Replica())["after"], what)
		require.NoError(t, j.Close(), what)
	}
}

// Whatever a crash leaves after any step, nothing that Flush confirmed is
// lost, and the file can be opened.
func TestCrashAtEveryPoint(t *testing.T) {
	for _, policy := range []journal.Policy{journal.SyncEach, journal.SyncInterval, journal.SyncNever} {
		t.Run(fmt.Sprint("policy ", policy), func(t *testing.T) {
			d := newDisk()
			e := explore(d)
			cfg := d.config()
			cfg.Sync = policy
			require.NoError(t, journal.Create(path, journal.Meta{Label: "l"}, cfg))
			e.created()
			for i := range 3 {
				j := open(t, path, cfg)
				e.set(t, j, "a", 3*i+1)
				e.set(t, j, fmt.Sprint("b", i), 1)
				e.set(t, j, "a", 3*i+2)
				require.NoError(t, j.Close())
			}
			e.verify(t, path, policy != journal.SyncEach)
		})
	}
}

// A file that was killed and torn is mended, and that can crash too.
func TestCrashWhileRecovering(t *testing.T) {
	d := newDisk()
	j := create(t, path, d.config())
	set(t, j, "a", 1)
	before := d.names[path].data
	set(t, j, "b", 1)
	whole := d.names[path].data
	require.NoError(t, j.Close())
	torn := 0
	for _, cut := range d.cuts(len(whole) - len(before)) {
		d := newDisk()
		d.put(path, whole[:len(before)+cut])
		e := explore(d)
		e.there, e.kept = true, map[string]int{"a": 1}
		j := open(t, path, d.config())
		if j.Recovery().TornBytes > 0 {
			torn++
		}
		e.set(t, j, "c", 1)
		require.NoError(t, j.Close())
		e.verify(t, path, false)
	}
	assert.Greater(t, torn, 5)
}

func TestCrashWhileForking(t *testing.T) {
	d := newDisk()
	j := create(t, path, d.config())
	set(t, j, "a", 1)
	e := explore(d)
	e.kept = map[string]int{"a": 1}
	require.NoError(t, journal.Fork(t.Context(), path, "folder/fork.weir", d.config()))
	e.created()
	e.verify(t, "folder/fork.weir", false)
	require.NoError(t, j.Close())
}
