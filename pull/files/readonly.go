package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ReadOnly makes an [FS] of an fs.FS, such as an embed.FS, a zip.Reader or
// os.DirFS, for [Read], [LinesBackward], [SplitBackward] and [Follow]. Names are
// then those of fsys: with slashes, and never from a root.
//
// What would change something fails with an error that matches
// errors.ErrUnsupported. A file is a [ReaderAtFile] if that of fsys is an
// io.ReaderAt; those of a zip.Reader are not. For Follow, a file is another one
// if package os says so, and where its FileInfo is not that of os, never.
func ReadOnly(fsys fs.FS) FS { return readOnly{fsys} }

type readOnly struct{ fs.FS }

var errReadOnly = fmt.Errorf("file system is read-only: %w", errors.ErrUnsupported)

func refused(op, path string) error { return &fs.PathError{Op: op, Path: path, Err: errReadOnly} }

// OpenFile opens for reading only.
func (r readOnly) OpenFile(name string, flag int, _ fs.FileMode) (File, error) {
	if flag&(os.O_WRONLY|os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_TRUNC) != 0 {
		return nil, refused("open", name)
	}
	f, err := r.Open(name)
	if err != nil {
		return nil, err
	}
	file := readOnlyFile{f, name}
	if at, ok := f.(io.ReaderAt); ok {
		return readOnlyAtFile{file, at}, nil
	}
	return file, nil
}

// Rename is refused.
func (r readOnly) Rename(oldpath, _ string) error { return refused("rename", oldpath) }

// Remove is refused.
func (r readOnly) Remove(name string) error { return refused("remove", name) }

// SyncDir is refused.
func (r readOnly) SyncDir(name string) error { return refused("sync", name) }

// Stat is that of the file system.
func (r readOnly) Stat(name string) (fs.FileInfo, error) { return fs.Stat(r.FS, name) }

// SameFile says what os says of files that os knows.
func (r readOnly) SameFile(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) || !os.SameFile(a, a) && !os.SameFile(b, b)
}

type readOnlyFile struct {
	fs.File
	name string
}

// Write is refused.
func (f readOnlyFile) Write([]byte) (int, error) { return 0, refused("write", f.name) }

// Sync is refused.
func (f readOnlyFile) Sync() error { return refused("sync", f.name) }

// Truncate is refused.
func (f readOnlyFile) Truncate(int64) error { return refused("truncate", f.name) }

type readOnlyAtFile struct {
	readOnlyFile
	io.ReaderAt
}
