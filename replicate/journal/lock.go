package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/files"
)

// How long a wait for a lock sleeps between two tries.
const (
	firstRetry = 2 * time.Millisecond
	lastRetry  = 50 * time.Millisecond
)

// openLocked opens path for reading and appending and locks it, trying until
// ctx is done, or for as long as cfg says.
func openLocked(ctx context.Context, path string, cfg Config) (files.File, error) {
	if cfg.LockWait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, cfg.LockWait)
		defer cancel()
	}
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		file, err := tryLocked(path, cfg)
		if file != nil || err != nil {
			return file, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, &LockedError{path, pull.Cause(ctx)}
		}
	}
}

// tryLocked is openLocked without the wait: no file and no error mean that
// another has it, or that it was replaced meanwhile.
func tryLocked(path string, cfg Config) (files.File, error) {
	file, err := cfg.FS.OpenFile(path, os.O_RDWR|appendFlag, 0)
	if err != nil {
		return nil, unopened(path, cfg, err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = irregular(path)
	}
	var ok bool
	if err == nil {
		if ok, err = lock(file, true); err != nil {
			err = &WriteError{path, "lock", err}
		}
	}
	if ok && err == nil {
		ok, err = stillAt(path, info, cfg)
	}
	if ok && err == nil {
		return file, nil
	}
	_ = file.Close()
	return nil, err
}

// unopened says why a file cannot be opened for writing.
func unopened(path string, cfg Config, err error) error {
	if info, serr := cfg.FS.Stat(path); serr == nil && !info.Mode().IsRegular() {
		return irregular(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("journal: %w", err)
	}
	return &WriteError{path, OpOpen, err}
}

// stillAt reports whether path names the file that was opened: it may have
// been replaced before we had the lock. Where files have no identity that is
// not known.
func stillAt(path string, opened fs.FileInfo, cfg Config) (bool, error) {
	now, err := cfg.FS.Stat(path)
	if err != nil {
		return false, fmt.Errorf("journal: %w", err)
	}
	id := cfg.Place(opened).File
	return id == "" || id == cfg.Place(now).File, nil
}

// lock locks a file that has a descriptor; one of a simulated file system is
// nobody else's.
func lock(file files.File, exclusive bool) (ok bool, err error) {
	conn, real := file.(syscall.Conn)
	if !real {
		return true, nil
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return false, err
	}
	var lockErr error
	err = raw.Control(func(fd uintptr) { ok, lockErr = flock(fd, exclusive) })
	if err == nil {
		err = lockErr
	}
	return ok, err
}
