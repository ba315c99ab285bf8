package journal

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/weir-go/weir/pull/files"
)

// Open locks the file path and reads it into a replica, which is durable there
// until the journal is closed. It waits for the lock until ctx is done, and
// tries once if it is done already. An opening that is not written through
// leaves the file as it is, but for a torn tail that is cut off.
//
// It returns a LockedError, fs.ErrNotExist if there is no file, a
// NotReplicaError, replicate.ErrVersion, a CorruptError,
// replicate.ErrUnknownType if the file holds objects of a type that cfg does
// not accept, or what the file system returns.
func Open(ctx context.Context, path string, cfg Config) (*Journal, error) {
	cfg = cfg.withDefaults()
	file, _, err := openLocked(ctx, path, cfg)
	if err != nil {
		return nil, err
	}
	l, err := load(file, path, cfg, false)
	if err == nil || cfg.Salvage && l.salvageable(err) {
		err = l.mend(file, err)
	}
	var j *Journal
	if err == nil {
		j, err = l.start(file)
	}
	if err != nil {
		return nil, errors.Join(err, closeQuietly(file))
	}
	return j, nil
}

// closeQuietly closes a file that another error is already known of.
func closeQuietly(file files.File) error {
	_ = file.Close()
	return nil
}

// mend makes the file end with its good prefix, and that durable.
func (l *loader) mend(file files.File, damage error) error {
	if damage != nil {
		if err := l.salvage(); err != nil {
			return err
		}
	}
	if l.rec.TornBytes > 0 || damage != nil {
		if err := cut(file, l.rec.Bytes); err != nil {
			return &WriteError{l.path, "truncate", err}
		}
	}
	if l.rec.Clean && damage == nil || l.cfg.Sync == SyncNone {
		return nil
	}
	// What is held counts as durable from here on. A process that was killed
	// may have left it unsynced.
	if err := file.Sync(); err != nil {
		return &WriteError{l.path, "sync", err}
	}
	if err := l.cfg.FS.SyncDir(filepath.Dir(l.path)); err != nil {
		return &WriteError{l.path, "sync folder of", err}
	}
	return nil
}

// start goes on as the author of the last opening or a new one, and attaches a
// journal to what was loaded.
func (l *loader) start(file files.File) (*Journal, error) {
	r := l.replica
	r.Witness(l.newest)
	adopt, reason := l.adopts()
	if adopt {
		if err := r.Adopt(l.last.author); err != nil {
			return nil, &CorruptError{l.path, l.lastAt, err}
		}
	}
	l.rec.NewAuthor, l.rec.Reason = !adopt, reason
	j := &Journal{
		path: l.path, cfg: l.cfg, place: l.place, replica: r, last: l.newest,
		file: file, size: l.rec.Bytes, tail: l.tail, done: make(chan struct{}),
	}
	if l.wasteful() {
		var err error
		if l.rec.Compacted, err = j.compact(l.rec.Meta); err != nil {
			return nil, err
		}
	}
	j.rec = l.rec
	var err error
	if j.from, err = r.Attach(); err != nil {
		return nil, errors.Join(fmt.Errorf("journal: %w", err), closeQuietly(j.file))
	}
	ctx, cancel := context.WithCancel(context.Background())
	j.cancel = cancel
	go j.run(ctx)
	return j, nil
}
