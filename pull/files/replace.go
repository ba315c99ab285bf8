package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/weir-go/weir/pull"
)

// Replace is the sink that makes its source the new content of the file path,
// in one step: at every moment, a crash or power loss included, the file is
// wholly the old one or wholly the new one. The new file is written beside the
// old one, synced, closed and renamed over it, and then the folder is synced.
// Perm are the permission bits of the new file, before umask; 0 means 0o644.
// A symbolic link at path is itself replaced. A nil fsys means [OS].
//
// When the source fails, ctx is done before the rename, or any step fails, the
// new file is removed and the old one untouched, and the error, which names
// path, says why. The one exception is a failure to sync the folder: the new
// file is then in place, but may be gone after a power loss.
//
// The new file is created when the first chunk, or the end, has come, under
// the name path.RANDOM.tmp with 16 hexadecimal digits; only a crash leaves it
// behind. Writes and syncs cannot be interrupted. The sink may be used by
// several goroutines at once: the last rename wins.
func Replace(fsys FS, path string, perm fs.FileMode) pull.Sink[[]byte] {
	if perm == 0 {
		perm = defaultPerm
	}
	fsys = orOS(fsys)
	return func(ctx context.Context, src pull.Source[[]byte]) (err error) {
		r := &replacement{fsys: fsys, path: path, perm: perm}
		defer func() { err = r.discard(err) }()
		if err = pull.Each(ctx, src, r.write); err != nil {
			return err
		}
		return r.commit(ctx)
	}
}

// A replacement is one use of the sink.
type replacement struct {
	fsys FS
	path string
	perm fs.FileMode
	temp string // the new file's name; empty before it exists and once renamed
	file File   // open on temp
}

func (r *replacement) write(b []byte) error {
	if r.file == nil {
		if err := r.create(); err != nil {
			return r.failure(err)
		}
	}
	return r.failure(writeAll(r.file, b))
}

// maxTempTries is how many names are tried before a folder counts as full of
// leftovers; one is enough unless something imitates us.
const maxTempTries = 10

func (r *replacement) create() error {
	const flag = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	var err error
	for range maxTempTries {
		name := tempName(r.path)
		var file File
		file, err = r.fsys.OpenFile(name, flag, r.perm)
		if err == nil {
			r.file, r.temp = file, name
			return nil
		}
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return err
}

// maxTempBase leaves room for the suffix where names may have 255 bytes.
const maxTempBase = 200

func tempName(path string) string {
	dir, base := filepath.Split(path)
	if len(base) > maxTempBase {
		base = strings.ToValidUTF8(base[:maxTempBase], "")
	}
	return dir + fmt.Sprintf("%s.%016x.tmp", base, rand.Uint64())
}

// commit is the only way to the rename, which nothing aborted may reach.
func (r *replacement) commit(ctx context.Context) error {
	if r.file == nil {
		if err := r.create(); err != nil {
			return r.failure(err)
		}
	}
	file := r.file
	r.file = nil
	if err := syncAndClose(file); err != nil {
		return r.failure(err)
	}
	if ctx.Err() != nil {
		return pull.Cause(ctx)
	}
	if err := r.fsys.Rename(r.temp, r.path); err != nil {
		return r.failure(err)
	}
	r.temp = ""
	return r.failure(r.fsys.SyncDir(filepath.Dir(r.path)))
}

// discard removes the new file unless it was renamed, and returns err with
// what went wrong in that.
func (r *replacement) discard(err error) error {
	if r.file != nil {
		_ = r.file.Close() // what was written is thrown away
		r.file = nil
	}
	if r.temp == "" {
		return err
	}
	temp := r.temp
	r.temp = ""
	if rerr := r.fsys.Remove(temp); rerr != nil {
		return &pull.ReleaseError{Cause: err, Err: failure("remove", temp, rerr)}
	}
	return err
}

func (r *replacement) failure(err error) error { return failure("replace", r.path, err) }
