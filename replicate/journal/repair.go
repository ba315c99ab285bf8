package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/weir-go/weir/pull/files"
	"github.com/weir-go/weir/replicate"
)

// Repair puts the longest valid prefix of the file path in its place, if
// anything is behind that, or missing. What is cut off is kept in a new file beside it,
// path.cut-OFFSET (path.cut-OFFSET.2 …), named in Recovery.Saved: prefix and
// rest together are the file as it was. A crash at any moment leaves the file as
// it was, or repaired. The replica takes a new author, since others may have
// seen what is cut off; they send it again.
//
// The Recovery is as that of [Check]; a file in which nothing is wrong is left
// alone. Errors are those of [Open]; a CorruptError means that greeting or meta
// are damaged, so that there is no prefix to keep.
func Repair(ctx context.Context, path string, cfg Config) (Recovery, error) {
	cfg = cfg.withDefaults()
	file, err := openLocked(ctx, path, cfg)
	if err != nil {
		return Recovery{}, err
	}
	defer func() { _ = file.Close() }()
	l, err := load(ctx, file, path, cfg, false)
	l.rec.NewAuthor, l.rec.Reason = true, "the file was damaged"
	damaged := err != nil && errors.Is(err, replicate.ErrCorrupt) && l.replica != nil
	switch {
	case err != nil && !damaged:
		return l.rec, err
	case !damaged && l.rec.TornBytes == 0:
		adopt, reason := l.adopts()
		l.rec.NewAuthor, l.rec.Reason = !adopt, reason
		return l.rec, nil
	}
	err = l.repair()
	return l.rec, err
}

// repair writes prefix and rest to files of their own, and puts the prefix in
// place.
func (l *loader) repair() (err error) {
	in, err := l.cfg.FS.OpenFile(l.path, os.O_RDONLY, 0)
	if err != nil {
		return fmt.Errorf("journal: repairing: %w", err)
	}
	defer func() { _ = in.Close() }()
	f := &fresh{path: l.path, cfg: l.cfg, replica: l.replica}
	defer func() { err = f.cleanup(l.unsave(f, err)) }()
	if err := f.make(); err != nil {
		return err
	}
	if _, err := io.CopyN(appending{f.out}, in, l.rec.Bytes); err != nil {
		return fmt.Errorf("journal: repairing: %w", err)
	}
	if l.rec.Damaged+l.rec.TornBytes > 0 {
		if err := l.save(in); err != nil {
			return err
		}
	}
	l.replica.Witness(l.newest)
	j := &Journal{path: l.path, cfg: l.cfg, replica: l.replica, last: l.newest}
	next, err := j.complete(f.out, replicate.Batch{Author: l.replica.Author()})
	if err == nil {
		err = j.rename(f.temp, next.id)
	}
	if err != nil {
		return err
	}
	f.temp, l.rec.Repaired = "", true
	return f.out.failure("sync folder of", l.cfg.FS.SyncDir(filepath.Dir(l.path)))
}

// appending is an output as a writer.
type appending struct{ out *output }

func (a appending) Write(p []byte) (int, error) {
	if err := a.out.append(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// save keeps the rest of a file beside it, durably.
func (l *loader) save(rest io.Reader) error {
	out, name, err := l.beside()
	if err != nil {
		return &WriteError{l.path, "save the rest of", err}
	}
	_, err = io.Copy(out, rest)
	if err == nil {
		err = out.Sync()
	}
	err = errors.Join(err, out.Close())
	if err == nil {
		err = l.cfg.FS.SyncDir(filepath.Dir(l.path))
	}
	if err != nil {
		return &WriteError{name, "write", errors.Join(err, l.cfg.FS.Remove(name))}
	}
	l.rec.Saved = name
	return nil
}

// unsave removes the rest again where the file stays as it was.
func (l *loader) unsave(f *fresh, err error) error {
	if l.rec.Saved == "" || err == nil || f.temp == "" {
		return err
	}
	err = errors.Join(err, l.cfg.FS.Remove(l.rec.Saved))
	l.rec.Saved = ""
	return err
}

// beside creates the file for the rest, under the first name that is free.
func (l *loader) beside() (files.File, string, error) {
	const flag = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	name := fmt.Sprintf("%s.cut-%d", l.path, l.rec.Bytes)
	for n := 2; ; n++ {
		file, err := l.cfg.FS.OpenFile(name, flag, filePerm)
		if !errors.Is(err, fs.ErrExist) {
			return file, name, err
		}
		name = fmt.Sprintf("%s.cut-%d.%d", l.path, l.rec.Bytes, n)
	}
}
