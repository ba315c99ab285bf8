package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// lanes is how many killers are at work at once: they wait more than they do.
const lanes = 4

// A workload is a command that is killed. It returns the command, and what to do
// when that has ended, killed or not.
type workload struct {
	name  string
	begin func(k *killer, v, other *victim) (c *exec.Cmd, ended func(killed bool))
}

var killed = []workload{
	{"append", (*killer).appending}, {"compact", (*killer).compacting}, {"dump", (*killer).dumping},
	{"load", (*killer).loading}, {"sync", (*killer).syncing},
}

// TestKill kills weir while it imports, compacts, dumps, loads and syncs, at
// moments spread over the time that each takes, and looks each time at both
// replicas: all that was acknowledged is there, nothing that was never written,
// and the files are whole. Only processes that were alive are counted. 20 kills;
// as many as WEIR_KILLS says; 20,000 where WEIR_LONG is set.
func TestKill(t *testing.T) {
	want := 20
	switch n, err := strconv.Atoi(os.Getenv("WEIR_KILLS")); {
	case err == nil:
		want = n
	case os.Getenv("WEIR_LONG") != "":
		want = 20_000
	}
	seed, start := uint64(time.Now().UnixNano()), time.Now()
	t.Logf("seed %d, %d kills", seed, want)
	counts := make([]map[string]int, lanes)
	var killing sync.WaitGroup
	for lane := range lanes {
		killing.Go(func() {
			counts[lane] = killLane(t, seed+uint64(lane), want/lanes)
		})
	}
	killing.Wait()
	total := map[string]int{}
	for lane := range lanes {
		for name, n := range counts[lane] {
			total[name] += n
		}
	}
	t.Logf("%d commands killed in %v: %v", want/lanes*lanes, time.Since(start), total)
	for _, w := range killed {
		require.GreaterOrEqual(t, total[w.name], want/lanes/len(killed)*lanes, "%s has its share", w.name)
	}
}

// killLane kills so many commands, as many of each kind, and counts them, with
// what they have left behind.
func killLane(t *testing.T, seed uint64, want int) (counts map[string]int) {
	k := newKiller(t, seed)
	counts = map[string]int{}
	k.left = counts
	took := map[string]time.Duration{}
	for n, runs := 0, 0; n < want; {
		w := killed[n%len(killed)]
		v := k.rand.IntN(2)
		if runs++; k.run(w, k.victims[v], k.victims[1-v], took) {
			counts[w.name]++
			n++
		}
		for _, v := range k.victims {
			k.verify(v)
		}
		if runs%50 == 0 { // small files are quick
			k.equal()
			k.renew()
		}
	}
	k.equal()
	return counts
}

// run begins a command, kills it some time later, and reports whether it was
// alive then. How long the command takes is learnt from those that were not.
func (k *killer) run(w workload, v, other *victim, took map[string]time.Duration) (alive bool) {
	c, ended := w.begin(k, v, other)
	limit := took[w.name]
	if limit == 0 {
		limit = 200 * time.Millisecond
	}
	start := time.Now()
	require.NoError(k.t, c.Start())
	kill := time.AfterFunc(time.Duration(k.rand.Int64N(int64(limit))), func() { _ = c.Process.Kill() })
	err := c.Wait()
	kill.Stop()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		status, ok := exit.Sys().(syscall.WaitStatus)
		alive = ok && status.Signaled() && status.Signal() == syscall.SIGKILL
	}
	if alive {
		k.kills++
		took[w.name] = limit + limit/10 // so that some end by themselves
	} else {
		require.NoError(k.t, err, "%s ended by itself: %s", w.name, c.Stderr)
		k.left["ended first"]++
		took[w.name] = (limit + time.Since(start)) / 2
	}
	ended(alive)
	return alive
}

// appending imports lines, of which some are acknowledged.
func (k *killer) appending(v, _ *victim) (*exec.Cmd, func(bool)) {
	var lines, stderr bytes.Buffer
	var written []pairOf
	for range 20 + k.rand.IntN(80) {
		key, value := k.entry()
		written = append(written, pairOf{key, value})
		lines.Write(line(row{Key: &key, Value: []byte(strconv.Quote(value))}))
	}
	c := exec.Command("weir", "import", v.path)
	c.Stdin, c.Stderr = &lines, &stderr
	return c, func(killed bool) {
		durable := 0
		for text := range bytes.Lines(stderr.Bytes()) {
			_, _ = fmt.Sscanf(string(text), "durable %d", &durable)
		}
		require.True(k.t, killed || durable == len(written), "%d", durable)
		for _, p := range written[:durable] {
			v.acked[p.key] = p.value
		}
	}
}

func (k *killer) compacting(v, _ *victim) (*exec.Cmd, func(bool)) {
	c := exec.Command("weir", "compact", v.path)
	c.Stderr = &bytes.Buffer{}
	return c, func(killed bool) {
		left, err := filepath.Glob(v.path + ".*.tmp")
		require.NoError(k.t, err)
		require.True(k.t, killed || len(left) == 0, "%v", left)
		for _, name := range left {
			k.left["new files left"]++
			require.NoError(k.t, os.Remove(name))
		}
	}
}

// dumping writes a dump. What there is of it is true, and cut off unless it is
// all.
func (k *killer) dumping(v, _ *victim) (*exec.Cmd, func(bool)) {
	c := exec.Command("weir", "dump", v.path)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &bytes.Buffer{}
	return c, func(killed bool) {
		r := replicate.New(config().Replica)
		_, err := r.Load(context.Background(), pull.Values(out.Bytes()))
		require.True(k.t, err == nil || killed && errors.Is(err, io.ErrUnexpectedEOF), "%v", err)
		if err != nil && out.Len() > 0 {
			k.left["half dumps"]++
		}
		keys, kerr := keysOf(r)
		require.NoError(k.t, kerr)
		for key, value := range keys {
			require.Equal(k.t, strconv.Quote(k.tried[key]), string(value), key)
		}
		for key := range v.acked {
			require.True(k.t, err != nil || keys[key] != nil, key)
		}
	}
}

// loading loads the other's dump; when that ends well all of it is there.
func (k *killer) loading(v, other *victim) (*exec.Cmd, func(bool)) {
	dump, err := exec.Command("weir", "dump", other.path).Output()
	require.NoError(k.t, err)
	c := exec.Command("weir", "load", v.path)
	c.Stdin, c.Stderr = bytes.NewReader(dump), &bytes.Buffer{}
	return c, func(killed bool) {
		for key, value := range other.acked {
			if !killed {
				v.acked[key] = value
			}
		}
	}
}

// syncing exchanges what both have; when that ends well both have it.
func (k *killer) syncing(v, other *victim) (*exec.Cmd, func(bool)) {
	key, value := k.entry()
	if exec.Command("weir", "set", v.path, key, value).Run() == nil {
		v.acked[key] = value
	}
	c := exec.Command("weir", "sync", v.path, other.path)
	c.Stderr = &bytes.Buffer{}
	return c, func(killed bool) {
		if killed {
			return
		}
		for _, to := range []*victim{v, other} {
			for _, from := range []*victim{v, other} {
				for key, value := range from.acked {
					to.acked[key] = value
				}
			}
		}
	}
}
