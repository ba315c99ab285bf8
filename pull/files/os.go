package files

import (
	"io/fs"
	"os"
)

// OS returns the real file system, by package os. Its files are *os.File.
func OS() FS { return osFS{} }

type osFS struct{}

// OpenFile is os.OpenFile.
func (osFS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err // not a nil *os.File in a File
	}
	return f, nil
}

// Rename is os.Rename.
func (osFS) Rename(oldpath, newpath string) error { return os.Rename(oldpath, newpath) }

// Link is os.Link.
func (osFS) Link(oldname, newname string) error { return os.Link(oldname, newname) }

// Remove is os.Remove.
func (osFS) Remove(name string) error { return os.Remove(name) }

// SyncDir syncs a folder where the system has that.
func (osFS) SyncDir(name string) error { return syncDir(name) }

// Stat is os.Stat.
func (osFS) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }
