package main

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate/journal"
)

// TestKillPeers kills peers at random moments, while both are edited, and looks
// each time whether all that was acknowledged is there. 5 rounds; 100 where
// WEIR_LONG is set.
func TestKillPeers(t *testing.T) {
	t.Parallel()
	rounds := 5
	if os.Getenv("WEIR_LONG") != "" {
		rounds = 100
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, %d rounds", seed, rounds)
	k := newKiller(t, seed)
	for i := range rounds {
		k.duringPeer(k.victims[i%2])
		for _, v := range k.victims {
			k.verify(v)
		}
	}
	k.equal()
	a, b := k.victims[0], k.victims[1]
	t.Logf("%d kills, %d acknowledged writes, %d authors", k.kills, len(a.acked)+len(b.acked), k.authors)
}

type killer struct {
	t       *testing.T
	rand    *rand.Rand
	victims []*victim
	keys    int
	kills   int
	authors int               // the most that a file knows
	tried   map[string]string // every write that was ever begun
	kept    int               // tails that were kept in files
	left    map[string]int    // what the killed have left; nil if nobody counts
}

// newKiller makes a killer with two new replicas.
func newKiller(t *testing.T, seed uint64) *killer {
	k := &killer{t: t, rand: rand.New(rand.NewPCG(seed, 0))}
	k.renew()
	return k
}

// renew begins anew with two empty replicas.
func (k *killer) renew() {
	k.victims, k.tried, k.kills, k.authors = nil, map[string]string{}, 0, 0
	dir := k.t.TempDir()
	for _, name := range []string{"a", "b"} {
		v := &victim{path: filepath.Join(dir, name), acked: map[string]string{}}
		require.NoError(k.t, journal.Create(v.path, journal.Meta{}, config()))
		k.victims = append(k.victims, v)
	}
}

// equal syncs the two, which then hold the same.
func (k *killer) equal() {
	a, b := k.victims[0], k.victims[1]
	require.NoError(k.t, exec.Command("weir", "sync", a.path, b.path).Run())
	require.Equal(k.t, export(k.t, a.path), export(k.t, b.path))
}

// A victim is a replica's file, and what was acknowledged of it.
type victim struct {
	path  string
	acked map[string]string
}

// entry makes a key that was never used, and a value.
func (k *killer) entry() (key, value string) {
	k.keys++
	key, value = fmt.Sprintf("key %d", k.keys), strings.Repeat("v", k.rand.IntN(300))
	k.tried[key] = value
	return key, value
}

// soon kills a process within so many milliseconds, and counts it.
func (k *killer) soon(p *os.Process, ms int) *time.Timer {
	k.kills++
	return time.AfterFunc(time.Duration(k.rand.IntN(ms*1000))*time.Microsecond, func() { _ = p.Kill() })
}

type pairOf struct{ key, value string }

// duringPeer kills one of two peers while both are edited through them.
func (k *killer) duringPeer(v *victim) {
	other := k.victims[0]
	if other == v {
		other = k.victims[1]
	}
	here := startPeer(k.t, v.path, "--listen", "127.0.0.1:0")
	address := here.await("listening on ")
	there := startPeer(k.t, other.path, "--join", address)
	there.await("in sync with ")
	var editing sync.WaitGroup
	acked := make([]map[string]string, 2)
	for i, path := range []string{v.path, other.path} {
		acked[i] = map[string]string{}
		var entries []pairOf
		for range 5 {
			key, value := k.entry()
			entries = append(entries, pairOf{key, value})
		}
		editing.Go(func() {
			for _, p := range entries {
				// Once its peer is dead, a command opens the file itself.
				if exec.Command("weir", "set", path, p.key, p.value).Run() == nil {
					acked[i][p.key] = p.value
				}
			}
		})
	}
	timer := k.soon(here.cmd.Process, 60)
	editing.Wait()
	timer.Stop()
	_ = here.cmd.Process.Kill()
	_ = here.cmd.Wait()
	if k.rand.IntN(2) == 0 {
		k.kills++
		_ = there.cmd.Process.Kill()
	} else {
		_ = there.cmd.Process.Signal(os.Interrupt)
	}
	_ = there.cmd.Wait()
	for i, victim := range []*victim{v, other} {
		for key, value := range acked[i] {
			victim.acked[key] = value
		}
	}
}

type runningPeer struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string
}

func startPeer(t *testing.T, path string, args ...string) *runningPeer {
	p := &runningPeer{t: t, lines: make(chan string, 1000)}
	p.cmd = exec.Command("weir", append([]string{"peer", path}, args...)...)
	stderr, err := p.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(stderr); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	return p
}

// await waits for a line that begins so, and returns the rest of it.
func (p *runningPeer) await(begin string) string {
	for text := range p.lines {
		if rest, ok := strings.CutPrefix(text, begin); ok {
			return rest
		}
	}
	require.Fail(p.t, "peer ended", "without saying %q", begin)
	return ""
}

// verify opens a file as the next command would.
func (k *killer) verify(v *victim) {
	j, err := journal.Open(context.Background(), v.path, config())
	require.NoError(k.t, err)
	defer func() { require.NoError(k.t, j.Close()) }()
	rec := j.Recovery()
	if k.left != nil && rec.TornBytes > 0 {
		k.left["torn tails"]++
	}
	if k.left != nil && !rec.Clean {
		k.left["unclean"]++
	}
	if rec.Saved != "" {
		k.kept++
	}
	// Only who was killed between reading a torn file and cutting it has hidden
	// that it was a crash.
	require.LessOrEqual(k.t, k.kept, 1+k.kills/100, "tails kept in files")
	m, err := openMap(j.Replica(), "")
	require.NoError(k.t, err)
	held := map[string]bool{}
	for entry, err := range m.All("") {
		require.NoError(k.t, err)
		if want := strconv.Quote(k.tried[entry.Key]); string(entry.Value) != want {
			require.Equal(k.t, want, string(entry.Value), "%s has never been that", entry.Key)
		}
		held[entry.Key] = true
	}
	for key := range v.acked {
		if !held[key] {
			require.Fail(k.t, "lost", "%s of %s was acknowledged", key, v.path)
		}
	}
	// A killed process leaves the system's cache intact, so that its writes are
	// all there, and the author stays the same; but for kills in the instant
	// between a write and the seal on it.
	k.authors = max(k.authors, len(j.Replica().Clock()))
	require.LessOrEqual(k.t, len(j.Replica().Clock()), 2*len(k.victims)+k.kills/10)
}

func export(t *testing.T, path string) string {
	t.Helper()
	out, err := exec.Command("weir", "export", path).Output()
	require.NoError(t, err)
	return string(out)
}
