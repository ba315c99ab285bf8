package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/weir-go/weir/pull/files"
	"github.com/weir-go/weir/replicate"
)

// salvageable reports whether there is a good prefix to go on with.
func (l *loader) salvageable(err error) bool {
	return errors.Is(err, replicate.ErrCorrupt) && l.replica != nil
}

// salvage copies the damaged file beside it, durably, before it is cut.
func (l *loader) salvage() error {
	in, err := l.cfg.FS.OpenFile(l.path, os.O_RDONLY, 0)
	if err != nil {
		return fmt.Errorf("journal: salvaging: %w", err)
	}
	defer func() { _ = in.Close() }()
	out, name, err := l.beside()
	if err != nil {
		return &WriteError{l.path, "salvage", err}
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	err = errors.Join(err, out.Close())
	if err == nil {
		err = l.cfg.FS.SyncDir(filepath.Dir(l.path))
	}
	if err != nil {
		return &WriteError{name, "salvage", errors.Join(err, l.cfg.FS.Remove(name))}
	}
	l.rec.Salvaged = name
	return nil
}

// beside creates the file for the copy, under the first name that is free.
func (l *loader) beside() (files.File, string, error) {
	const flag = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	name := l.path + ".damaged"
	for n := 2; ; n++ {
		file, err := l.cfg.FS.OpenFile(name, flag, filePerm)
		if !errors.Is(err, fs.ErrExist) {
			return file, name, err
		}
		name = fmt.Sprintf("%s.damaged.%d", l.path, n)
	}
}
