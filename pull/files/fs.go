package files

import (
	"io"
	"io/fs"
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

// orOS is fsys, or the real file system if that is nil.
func orOS(fsys FS) FS {
	if fsys == nil {
		return OS()
	}
	return fsys
}
