package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/files"
	"github.com/weir-go/weir/replicate"
)

// filePerm are a replica file's permission bits: its owner's alone.
const filePerm fs.FileMode = 0o600

// Create makes the file of a new, empty replica, durably, with permissions
// 0600. The file is there whole or not at all. It returns an error matching
// fs.ErrExist if anything is at path, a replicate.SizeError if a text of meta
// is too long, or a WriteError.
func Create(path string, meta Meta, cfg Config) error {
	if err := meta.check(); err != nil {
		return err
	}
	cfg = cfg.withDefaults()
	if err := vacant(path, cfg); err != nil {
		return err
	}
	rc := cfg.Replica
	rc.ID, rc.Set = replicate.ReplicaID{}, meta.Set
	f := &fresh{path: path, meta: meta, cfg: cfg, replica: replicate.New(rc)}
	return f.create()
}

// vacant returns an error if something is at path already.
func vacant(path string, cfg Config) error {
	_, err := cfg.FS.Stat(path)
	switch {
	case err == nil:
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// A fresh file is written beside its path, synced, and then put in place.
type fresh struct {
	path    string
	meta    Meta
	cfg     Config
	replica *replicate.Replica

	temp string  // its other name; empty once that is gone
	out  *output // open on temp
}

// create puts the file where nothing was.
func (f *fresh) create() (err error) {
	defer func() { err = f.cleanup(err) }()
	if err := f.write(); err != nil {
		return err
	}
	if err := f.out.append(placed{f.out.size}.append(nil)); err != nil {
		return err
	}
	if err := f.out.sync(); err != nil {
		return err
	}
	if err := f.out.close(); err != nil {
		return err
	}
	if err := f.settle(); err != nil {
		return f.out.failure("create", err)
	}
	return f.out.failure("sync folder of", f.cfg.FS.SyncDir(filepath.Dir(f.path)))
}

// write makes the file under another name, with all that the replica holds.
func (f *fresh) write() error {
	if err := f.begin(); err != nil || f.replica.Len() == 0 && len(f.replica.Clock()) == 0 {
		return err
	}
	rewrite := f.replica.Rewrite()
	defer rewrite.Close()
	return f.round(context.Background(), rewrite, nil)
}

// begin makes the file under another name, with what every file begins with.
func (f *fresh) begin() error {
	if err := f.make(); err != nil {
		return err
	}
	return f.out.append(f.meta.append(f.replica.AppendHeader(nil)))
}

// make makes an empty file under another name.
func (f *fresh) make() error {
	const flag = os.O_RDWR | os.O_CREATE | os.O_EXCL | appendFlag
	temp := fmt.Sprintf("%s.%016x.tmp", f.path, rand.Uint64())
	file, err := f.cfg.FS.OpenFile(temp, flag, filePerm)
	if err != nil {
		return &WriteError{f.path, "create", err}
	}
	f.temp, f.out = temp, &output{path: f.path, file: file}
	return nil
}

// round writes what rewrite has not brought yet, and a marker, as one batch.
func (f *fresh) round(ctx context.Context, rewrite *replicate.Rewrite, progress func(done, total int64)) error {
	start, total := f.out.size, int64(f.replica.Len())
	for over := false; !over; {
		var frames []byte
		var err error
		if frames, over, err = rewrite.Next(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return pull.Cause(ctx)
		}
		if err := f.out.append(frames); err != nil {
			return err
		}
		if progress != nil {
			progress(int64(rewrite.Updates()), total)
		}
	}
	if b := f.replica.AppendNotes(nil); len(b) > 0 {
		if err := f.out.append(b); err != nil {
			return err
		}
	}
	return f.out.append(commit{f.out.size, f.out.size - start}.append(nil))
}

// settle gives the file its name, unless there is one. Where the file system
// has no links, another that comes at the same moment may be overwritten.
func (f *fresh) settle() error {
	if l, ok := f.cfg.FS.(files.LinkFS); ok {
		err := l.Link(f.temp, f.path)
		if err == nil || errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if err := vacant(f.path, f.cfg); err != nil {
		return err
	}
	err := f.cfg.FS.Rename(f.temp, f.path)
	if err == nil {
		f.temp = ""
	}
	return err
}

// cleanup removes the other name.
func (f *fresh) cleanup(err error) error {
	if f.out != nil {
		_ = f.out.file.Close() // where it is open still, an error is known
	}
	if f.temp != "" {
		if rerr := f.cfg.FS.Remove(f.temp); rerr != nil && err == nil {
			err = &WriteError{f.temp, "remove", rerr}
		}
	}
	return err
}
