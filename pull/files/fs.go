package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// An FS is the part of a file system that durable files need. Names are paths
// as package os takes them. It may be used by several goroutines at once.
type FS interface {
	// OpenFile opens a file as os.OpenFile does, with its flags (os.O_RDONLY,
	// os.O_CREATE …) and permission bits before umask.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	// Rename replaces newpath, if it exists, by oldpath in one step. It is
	// durable after SyncDir of the folder.
	Rename(oldpath, newpath string) error
	// Remove removes a file. It is durable after SyncDir of the folder.
	Remove(name string) error
	// SyncDir makes the entries of the folder name durable.
	SyncDir(name string) error
	// Stat describes the file name, following symbolic links; the error is
	// fs.ErrNotExist under errors.Is when there is none.
	Stat(name string) (fs.FileInfo, error)
}

// A LinkFS is an [FS] in which a file can have two names, so that a new file
// can be put in place, whole, without replacing another. [OS] is one.
type LinkFS interface {
	FS
	// Link gives the file oldname the name newname too. It fails with
	// fs.ErrExist if there is something, and with another error where the
	// file system has no links. It is durable after SyncDir of the folder.
	Link(oldname, newname string) error
}

// A SameFileFS is an [FS] that says itself whether two names mean one file, for
// [Follow]. One whose FileInfo is that of package os need not: os.SameFile knows.
type SameFileFS interface {
	FS
	// SameFile reports whether two results of Stat describe one file.
	SameFile(a, b fs.FileInfo) bool
}

// A File is an open file of an [FS]. It is used by one goroutine at a time.
type File interface {
	io.Reader
	io.Writer
	io.Closer
	// Sync makes what was written, and the file's size, durable.
	Sync() error
	// Truncate changes the file's size; where reads and writes go stays.
	Truncate(size int64) error
	// Stat describes the open file.
	Stat() (fs.FileInfo, error)
}

// A ReaderAtFile is a [File] that can be read at any place, which [Follow],
// [LinesBackward] and [SplitBackward] want. Those of [OS] can.
type ReaderAtFile interface {
	File
	io.ReaderAt
}

var errNoReaderAt = fmt.Errorf("file is no io.ReaderAt: %w", errors.ErrUnsupported)

// openAt opens a file to be read at any place, and describes it.
func openAt(fsys FS, path string) (ReaderAtFile, fs.FileInfo, error) {
	f, err := fsys.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, nil, failure("open", path, err)
	}
	file, ok := f.(ReaderAtFile)
	err = errNoReaderAt
	if ok {
		var info fs.FileInfo
		if info, err = f.Stat(); err == nil {
			return file, info, nil
		}
	}
	_ = f.Close() // that it is of no use is the news
	return nil, nil, failure("open", path, err)
}

// orOS is fsys, or the real file system if that is nil.
func orOS(fsys FS) FS {
	if fsys == nil {
		return OS()
	}
	return fsys
}
