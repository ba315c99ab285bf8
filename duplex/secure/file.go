package secure

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// What is written here is not by pull/files, which no duplex imports: it also
// has to keep other processes away and to look at permissions.

// readFile reads at most limit bytes of a file whose permissions are within
// most. Anything but a regular file is refused unread: a pipe would block.
func readFile(path string, limit int, most fs.FileMode) ([]byte, error) {
	before, err := os.Stat(path)
	if err != nil {
		return nil, tagged(err)
	}
	if !before.Mode().IsRegular() {
		return nil, &FileError{Path: path, Err: fmt.Errorf("%w: not a regular file", ErrFormat)}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, tagged(err)
	}
	defer f.Close()
	info, err := f.Stat() // of what is read, whatever is at path by now
	if err != nil {
		return nil, tagged(err)
	}
	if perm := info.Mode().Perm(); perm&^most != 0 && runtime.GOOS != "windows" {
		return nil, &ModeError{Path: path, Mode: perm, Max: most}
	}
	data, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, tagged(err)
	}
	if len(data) > limit {
		return nil, &FileError{Path: path, Err: fmt.Errorf("%w: longer than %d bytes", ErrFormat, limit)}
	}
	return data, nil
}

// createFile makes a file that was not there, in one step.
func createFile(path string, data []byte) error {
	return locked(path, func(draft *os.File) (renamed bool, err error) {
		if err := fill(draft, data, 0o600); err != nil {
			return false, err
		}
		if err := os.Link(draft.Name(), path); err == nil || errors.Is(err, fs.ErrExist) {
			return false, err
		}
		// A file system without links. The lock keeps others of us away.
		if _, err := os.Lstat(path); err == nil {
			return false, &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
		}
		err = os.Rename(draft.Name(), path)
		return err == nil, err
	})
}

// replaceFile replaces a file, or none, in one step by what edit makes of it;
// by nothing, if that is nil.
func replaceFile(path string, edit func() (data []byte, perm fs.FileMode, err error)) error {
	return locked(path, func(draft *os.File) (renamed bool, err error) {
		data, perm, err := edit()
		if err != nil || data == nil {
			return false, err
		}
		if err := fill(draft, data, perm); err != nil {
			return false, err
		}
		err = os.Rename(draft.Name(), path)
		return err == nil, err
	})
}

// fill writes and closes f.
func fill(f *os.File, data []byte, perm fs.FileMode) error {
	if err := f.Chmod(perm); err != nil && runtime.GOOS != "windows" {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

// How often and how long a lock is waited for.
const (
	lockTries = 100
	lockPause = 10 * time.Millisecond
)

// locked calls do with a new file beside path, which is lock and draft at
// once: only one process can have made it, and who renames it gives it up.
func locked(path string, do func(draft *os.File) (renamed bool, err error)) error {
	name := path + ".lock"
	create := func() (*os.File, error) {
		return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	}
	f, err := create()
	for try := 0; errors.Is(err, fs.ErrExist) && try < lockTries; try++ {
		time.Sleep(lockPause)
		f, err = create()
	}
	if errors.Is(err, fs.ErrExist) {
		return &FileError{Path: path, Err: fmt.Errorf(
			"%w: another process changes it; if none does, remove %q", ErrLocked, name)}
	}
	if err != nil {
		return tagged(err)
	}
	renamed, err := do(f)
	_ = f.Close() // of what was not filled
	if !renamed {
		err = errors.Join(err, os.Remove(name))
	}
	if err == nil {
		syncDir(filepath.Dir(path))
	}
	return tagged(err)
}

// syncDir makes a rename in the folder outlast a crash, where a folder can be
// synced; Windows and some file systems cannot, and the file is there anyway.
func syncDir(name string) {
	if d, err := os.Open(name); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// tagged says of an error whose it is, once.
func tagged(err error) error {
	var file *FileError
	var mode *ModeError
	if err == nil || errors.As(err, &file) || errors.As(err, &mode) {
		return err
	}
	return fmt.Errorf("secure: %w", err)
}
