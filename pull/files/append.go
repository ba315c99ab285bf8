package files

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/weir-go/weir/pull"
)

// defaultPerm are the permission bits of a new file where none are given.
const defaultPerm fs.FileMode = 0o644

// Options of [Append]. The zero value is the safe one.
type Options struct {
	// Perm are the permission bits, before umask, of a file that has to be
	// created; 0 means 0o644.
	Perm fs.FileMode
	// NoSync leaves out the fsync at the end: what was appended may be lost
	// with the power, though not with the process.
	NoSync bool
}

// Append is the sink that writes every chunk to the end of the regular file
// path, creating it where it does not exist, and at the end of its source
// syncs it, closes it and syncs its folder. The file is opened when the first
// chunk, or the end, has come. A nil fsys means [OS].
//
// It returns nil only when all that was done. After a failure of the source,
// or when ctx is done, the chunks before it stay in the file, unsynced. A
// failed write may have left half a chunk behind, and after a failed sync
// nobody knows what is on disk: every later use of the sink then aborts its
// source with that error, which names path, and returns it. A write or sync
// cannot be interrupted.
//
// Several sinks may append to one file at once, chunk by chunk; uses of one
// sink must not overlap.
func Append(fsys FS, path string, opts Options) pull.Sink[[]byte] {
	if opts.Perm == 0 {
		opts.Perm = defaultPerm
	}
	a := &appender{fsys: orOS(fsys), path: path, opts: opts}
	return a.run
}

type appender struct {
	fsys FS
	path string
	opts Options
	file File  // open during a use, from the first chunk on
	err  error // what made the file's tail unknown, for ever
}

var errPanicked = errors.New("files: the file system panicked in an earlier use")

func (a *appender) run(ctx context.Context, src pull.Source[[]byte]) error {
	if a.err != nil {
		return refuse(ctx, src, a.err)
	}
	defer a.abandon()
	if err := pull.Each(ctx, src, a.write); err != nil {
		return err
	}
	return a.finish()
}

func (a *appender) open() (err error) {
	const flag = os.O_WRONLY | os.O_APPEND | os.O_CREATE
	a.file, err = a.fsys.OpenFile(a.path, flag, a.opts.Perm)
	return failure("append", a.path, err)
}

// write's error is set beforehand, so that a Write which panics leaves one.
func (a *appender) write(b []byte) error {
	if a.file == nil {
		if err := a.open(); err != nil {
			return err
		}
	}
	a.err = errPanicked
	a.err = failure("append", a.path, writeAll(a.file, b))
	return a.err
}

func (a *appender) finish() error {
	if a.file == nil {
		if err := a.open(); err != nil {
			return err
		}
	}
	file := a.file
	a.file, a.err = nil, errPanicked
	a.err = failure("append", a.path, a.settle(file))
	return a.err
}

// settle makes the file durable. Its folder is synced whether or not this use
// created it: the use that did may have been cut short.
func (a *appender) settle(file File) error {
	if a.opts.NoSync {
		return file.Close()
	}
	if err := syncAndClose(file); err != nil {
		return err
	}
	return a.fsys.SyncDir(filepath.Dir(a.path))
}

// abandon closes what a use that was cut short has left open. How it was cut
// short is the news, not how the close went: nothing was promised to be there.
func (a *appender) abandon() {
	if a.file == nil {
		return
	}
	file := a.file
	a.file = nil
	_ = file.Close()
}
