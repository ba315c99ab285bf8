package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
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

// TestKill kills weir at random moments, while it sets, imports and keeps
// peers equal, and looks each time whether all that was acknowledged is there.
// 20 rounds; 200 where WEIR_LONG is set.
func TestKill(t *testing.T) {
	t.Parallel()
	rounds := 20
	if os.Getenv("WEIR_LONG") != "" {
		rounds = 200
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, %d rounds", seed, rounds)
	k := &killer{t: t, rand: rand.New(rand.NewPCG(seed, 0))}
	for _, name := range []string{"a", "b"} {
		v := &victim{path: filepath.Join(t.TempDir(), name), acked: map[string]string{}}
		require.NoError(t, journal.Create(v.path, journal.Meta{}, config()))
		k.victims = append(k.victims, v)
	}
	kinds := []func(v *victim){k.duringSet, k.duringImport, k.duringPeer}
	for i := range rounds {
		v := k.victims[i%2]
		kinds[i%3](v)
		for _, v := range k.victims {
			k.verify(v)
		}
	}
	a, b := k.victims[0], k.victims[1]
	require.NoError(t, exec.Command("weir", "sync", a.path, b.path).Run())
	require.Equal(t, export(t, a.path), export(t, b.path))
	t.Logf("%d kills, %d acknowledged writes, %d authors", k.kills, len(a.acked)+len(b.acked), k.authors)
}

type killer struct {
	t       *testing.T
	rand    *rand.Rand
	victims []*victim
	keys    int
	kills   int
	authors int // the most that a file knows
}

// A victim is a replica's file, and what was acknowledged of it.
type victim struct {
	path  string
	acked map[string]string
}

// entry makes a key that was never used, and a value.
func (k *killer) entry() (key, value string) {
	k.keys++
	return fmt.Sprintf("key %d", k.keys), strings.Repeat("v", k.rand.IntN(300))
}

// soon kills a process within so many milliseconds, and counts it.
func (k *killer) soon(p *os.Process, ms int) *time.Timer {
	k.kills++
	return time.AfterFunc(time.Duration(k.rand.IntN(ms*1000))*time.Microsecond, func() { _ = p.Kill() })
}

func (k *killer) duringSet(v *victim) {
	key, value := k.entry()
	c := exec.Command("weir", "set", v.path, key, value)
	require.NoError(k.t, c.Start())
	defer k.soon(c.Process, 25).Stop()
	if c.Wait() == nil {
		v.acked[key] = value
	}
}

func (k *killer) duringImport(v *victim) {
	c := exec.Command("weir", "import", v.path)
	stdin, err := c.StdinPipe()
	require.NoError(k.t, err)
	stderr, err := c.StderrPipe()
	require.NoError(k.t, err)
	require.NoError(k.t, c.Start())
	var written []pairOf
	for range 400 {
		key, value := k.entry()
		written = append(written, pairOf{key, value})
	}
	go supply(stdin, written)
	durable := 0
	var timer *time.Timer
	for s := bufio.NewScanner(stderr); s.Scan(); {
		_, err := fmt.Sscanf(s.Text(), "durable %d", &durable)
		require.NoError(k.t, err, s.Text())
		if timer == nil { // from the first acknowledgement on
			timer = k.soon(c.Process, 15)
			defer timer.Stop()
		}
	}
	_ = c.Wait()
	require.Positive(k.t, durable)
	for _, p := range written[:durable] {
		v.acked[p.key] = p.value
	}
}

type pairOf struct{ key, value string }

func supply(w io.WriteCloser, pairs []pairOf) {
	defer func() { _ = w.Close() }()
	for _, p := range pairs {
		value, _ := json.Marshal(p.value)
		if _, err := w.Write(line(row{Key: &p.key, Value: value})); err != nil {
			return
		}
	}
}

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
	rec, err := journal.Check(v.path, config())
	require.NoError(k.t, err)
	require.False(k.t, rec.InUse)
	j, err := journal.Open(context.Background(), v.path, config())
	require.NoError(k.t, err)
	defer func() { require.NoError(k.t, j.Close()) }()
	m, err := openMap(j.Replica(), "")
	require.NoError(k.t, err)
	for key, want := range v.acked {
		raw, err := m.Get(key)
		if err != nil {
			require.NoError(k.t, err, key)
		}
		if string(raw) != strconv.Quote(want) {
			require.Equal(k.t, strconv.Quote(want), string(raw), key)
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
