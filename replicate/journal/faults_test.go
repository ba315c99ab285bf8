package journal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/files"
	"github.com/weir-go/weir/replicate/journal"
	"go.uber.org/goleak"
)

// A trial is one run of a workload on a disk of which one operation fails.
type trial struct {
	t    *testing.T
	disk *disk
	cfg  journal.Config

	mu    sync.Mutex
	acked map[string]int // confirmed by Flush
	stuck bool           // removing a file has failed
}

// set writes a key, and notes if that was confirmed.
func (x *trial) set(j *journal.Journal, key string, v int) error {
	if err := mapOf(x.t, j.Replica()).Set(key, v); err != nil {
		return err
	}
	if err := j.Replica().Flush(x.t.Context()); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.acked[key] = v
	return nil
}

// with opens the file, does something, and closes it. The first error counts.
func (x *trial) with(do func(j *journal.Journal) error) error {
	j, err := journal.Open(x.t.Context(), path, x.cfg)
	if err != nil {
		return err
	}
	return errors.Join(do(j), j.Close())
}

// The eight workloads. Each but the first begins with a file of an earlier
// time, in which "old" is 2.
var workloads = map[string]func(x *trial) error{
	"open new": func(x *trial) error { return journal.Create(path, journal.Meta{}, x.cfg) },
	"open old": func(x *trial) error { return x.with(func(*journal.Journal) error { return nil }) },
	"append": func(x *trial) error {
		return x.with(func(j *journal.Journal) error {
			return errors.Join(x.set(j, "a", 1), x.set(j, "b", 2), x.set(j, "a", 3))
		})
	},
	"group commit": func(x *trial) error {
		return x.with(func(j *journal.Journal) error {
			errs := make([]error, 4)
			var writing sync.WaitGroup
			for w := range errs {
				writing.Go(func() {
					for i := range 4 {
						errs[w] = errors.Join(errs[w], x.set(j, fmt.Sprint("key ", w), i))
					}
				})
			}
			writing.Wait()
			return errors.Join(errs...)
		})
	},
	"compact": func(x *trial) error {
		return x.with(func(j *journal.Journal) error {
			err := x.set(j, "a", 1)
			_, cerr := j.Compact(x.t.Context(), nil)
			return errors.Join(err, cerr, x.set(j, "a", 2))
		})
	},
	"dump": func(x *trial) error {
		return x.with(func(j *journal.Journal) error { return j.Snapshot(x.t.Context(), "dump") })
	},
	"load": func(x *trial) error {
		return x.with(func(j *journal.Journal) error {
			_, err := j.Replica().Load(x.t.Context(), files.Read(x.disk, "other dump"))
			if ferr := j.Replica().Flush(x.t.Context()); err == nil && ferr == nil {
				x.acked["theirs"] = 7
			} else {
				err = errors.Join(err, ferr)
			}
			return err
		})
	},
	"repair": func(x *trial) error {
		_, err := journal.Repair(x.t.Context(), path, x.cfg)
		return err
	},
}

// prepare makes the disk that a workload begins with.
func prepare(t *testing.T, workload string) *trial {
	d := newDisk()
	x := &trial{t: t, disk: d, cfg: quiet(d.config()), acked: map[string]int{}}
	if workload == "open new" {
		return x
	}
	other := inMemory()
	require.NoError(t, mapOf(t, other).Set("theirs", 7))
	chunks, err := pull.Collect(t.Context(), other.Read(nil))
	require.NoError(t, err)
	d.put("other dump", bytes.Join(chunks, nil))
	j := create(t, path, x.cfg)
	require.NoError(t, x.set(j, "old", 1))
	require.NoError(t, x.set(j, "old", 2))
	require.NoError(t, j.Close())
	switch data := d.names[path].data; workload {
	case "open old":
		d.put(path, append(data, data[:9]...)) // a torn tail
	case "repair":
		d.put(path, append(data, 1, 0, 0, 0, 0, 0)) // a frame without sense, and more
	}
	return x
}

// A fault makes the n-th operation fail, or all from the n-th on.
type fault struct {
	err   error
	short int // how many bytes a failing write takes
	stays bool
}

// TestEveryOperationFails has the n-th operation of a file system fail, for
// every n until a workload does not come to it. There is no panic and no hang,
// nothing confirmed is lost, then or after a power loss, no goroutine stays, and
// the file opens and is written again.
func TestEveryOperationFails(t *testing.T) {
	for name, run := range workloads {
		t.Run(name, func(t *testing.T) {
			total, failed, before := 0, 0, goleak.IgnoreCurrent()
			for _, f := range []fault{
				{syscall.EIO, 0, false}, {syscall.ENOSPC, 7, false}, {syscall.EIO, 0, true}, {syscall.ENOSPC, 7, true},
			} {
				for n := 1; ; n++ {
					x := prepare(t, name)
					fired, err := x.run(run, f, n)
					require.Zero(t, x.disk.opened, "%v from %d on: files that are open", f.err, n)
					x.tidy(fmt.Sprintf("%v from %d on", f.err, n))
					total++
					if err != nil {
						failed++
						require.True(t, fired, "%v", err)
						require.ErrorIs(t, err, f.err, "n %d", n)
					}
					x.resume(name, fmt.Sprintf("%s, %v from %d on (%v)", name, f.err, n, f.stays))
					if !fired {
						require.NoError(t, err)
						break
					}
				}
			}
			goleak.VerifyNone(t, before)
			t.Logf("%d runs, %d of which failed", total, failed)
		})
	}
}

// run runs a workload with a fault at its n-th operation, and reports whether it
// came to that.
func (x *trial) run(run func(x *trial) error, f fault, n int) (fired bool, err error) {
	x.disk.mu.Lock()
	x.disk.short = f.short
	x.disk.before = func(op string) error {
		n--
		if n == 0 || n < 0 && f.stays {
			fired, x.stuck = true, x.stuck || op == "remove"
			return f.err
		}
		return nil
	}
	x.disk.mu.Unlock()
	err = run(x)
	x.disk.mu.Lock()
	defer x.disk.mu.Unlock()
	x.disk.before = nil
	return fired, err
}

// tidy checks that nothing is left beside the file, unless it was the removal
// that failed.
func (x *trial) tidy(what string) {
	for name := range x.disk.names {
		require.True(x.t, x.stuck || !strings.HasSuffix(name, ".tmp"), "%s: %s", what, name)
	}
}

// resume opens the disk as it is, and as a power loss would leave it.
func (x *trial) resume(name, what string) {
	for _, d := range []*disk{x.disk, worst(x.disk)} {
		cfg := quiet(d.config())
		j, err := journal.Open(context.Background(), path, cfg)
		switch {
		case name == "open new" && errors.Is(err, fs.ErrNotExist):
			require.NoError(x.t, journal.Create(path, journal.Meta{}, cfg), what)
			j, err = journal.Open(context.Background(), path, cfg)
		case name == "repair" && err != nil:
			_, err = journal.Repair(context.Background(), path, cfg)
			require.NoError(x.t, err, what)
			j, err = journal.Open(context.Background(), path, cfg)
		}
		require.NoError(x.t, err, what)
		got := contents(x.t, j.Replica())
		for key, v := range x.acked {
			require.GreaterOrEqual(x.t, got[key], v, "%s: %s", what, key)
		}
		if d.names["dump"] != nil {
			require.Equal(x.t, 2, contents(x.t, loadFile(x.t, d, "dump"))["old"], what)
		}
		set(x.t, j, "resumed", 1)
		require.NoError(x.t, j.Close(), what)
		j = open(x.t, path, cfg)
		require.Equal(x.t, 1, contents(x.t, j.Replica())["resumed"], what)
		require.NoError(x.t, j.Close(), what)
	}
}
