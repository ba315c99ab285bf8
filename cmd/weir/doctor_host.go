package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate/journal"
)

const (
	fewFiles    = 256                    // open files are too few
	slowSync    = 100 * time.Millisecond // an fsync that makes each write slow
	syncsTimed  = 5
	syncedBytes = 4096
)

// host looks at what does not depend on a replica.
func (d *doctor) host() error {
	return firstError(
		d.tell(symptom{Check: "version", OK: true, Found: ourVersion().String()}),
		d.tell(d.identity()),
		d.tell(openFiles()),
	)
}

func (d *doctor) identity() symptom {
	path, err := identityPath(d.gate.file)
	if err != nil {
		return ill("identity", "", err)
	}
	id, err := secure.LoadIdentity(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return symptom{Check: "identity", OK: true, Found: "none yet: the first command that needs it makes " + path}
	case err != nil:
		return ill("identity", "", badIdentity(err))
	}
	return symptom{Check: "identity", OK: true, Found: id.ID().String() + " in " + path}
}

func openFiles() symptom {
	n, known := fileLimit()
	switch {
	case !known:
		return symptom{Check: "open files", OK: true, Found: "this system does not say"}
	case n < fewFiles:
		return symptom{
			Check: "open files", Found: fmt.Sprintf("at most %d: a peer that listens needs more", n),
			Do: "ulimit -n 1024", Number: float64(n),
		}
	}
	return symptom{Check: "open files", OK: true, Found: fmt.Sprintf("at most %d", n), Number: float64(n)}
}

// examine looks at the replica.
func (d *doctor) examine(ctx context.Context) error {
	return firstError(
		d.tell(d.file(ctx)),
		d.tell(d.disk(ctx)),
		d.tell(d.list()),
	)
}

func (d *doctor) file(ctx context.Context) symptom {
	rec, err := journal.Check(ctx, d.replica, config())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ill("file", d.replica, noReplica(d.replica))
	case err != nil:
		return ill("file", d.replica, err)
	}
	how := "not in use"
	if rec.InUse {
		how = "in use"
	}
	return symptom{
		Check: "file", Of: d.replica, OK: true, Number: float64(rec.Updates),
		Found: fmt.Sprintf("%s in %s, %s", plural(int64(rec.Updates), "update"), formatSize(rec.Bytes), how),
	}
}

// disk times what each acknowledged write waits for.
func (d *doctor) disk(ctx context.Context) symptom {
	s := symptom{Check: "disk", Of: d.replica}
	took, err := timeSyncs(ctx, filepath.Dir(d.replica))
	if err != nil {
		return ill(s.Check, s.Of, err)
	}
	s = s.seconds(took)
	s.OK = took <= slowSync
	s.Found = fmt.Sprintf("a write is safe after %s", formatTime(took))
	if !s.OK {
		s.Do = "move the replica to a faster disk, or write many values with one 'weir import'"
	}
	return s
}

// timeSyncs returns the median time of a small write with fsync in a folder.
func timeSyncs(ctx context.Context, dir string) (median time.Duration, err error) {
	f, err := os.CreateTemp(dir, ".weir-doctor-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	var took []time.Duration
	for range syncsTimed {
		if ctx.Err() != nil {
			return 0, pull.Cause(ctx)
		}
		start := time.Now()
		if _, err := f.Write(make([]byte, syncedBytes)); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

func (d *doctor) list() symptom {
	list := trustedOf(d.replica)
	entries, err := list.Entries()
	if err != nil {
		return ill("trust", d.replica, badList(list, err))
	}
	found := plural(int64(len(entries)), "peer") + ", beside this user"
	return symptom{Check: "trust", Of: d.replica, OK: true, Found: found, Number: float64(len(entries))}
}

// formatTime is a duration with as many digits as mean something.
func formatTime(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.3g ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.3g µs", float64(d)/1e3)
}
