package journal

import (
	"context"
	"path/filepath"
	"time"

	"github.com/weir-go/weir/pull/files"
)

// Open locks the file path and reads it into a replica, which is durable there
// until the journal is closed. When ctx is done, waiting for the lock and reading
// end. An opening that is not written through leaves the file as it is, but for a
// torn tail, which is cut off and, unless it is known to be a write that never
// ended, kept as by [Repair], and for compaction: see [Trigger].
//
// It returns a LockedError, fs.ErrNotExist if there is no file, a WriteError if
// the file cannot be written, which [View] may read, a NotReplicaError, replicate.ErrVersion, a CorruptError,
// replicate.ErrUnknownType if the file holds objects of a type that cfg does
// not accept, context.Cause(ctx), or what the file system returns.
func Open(ctx context.Context, path string, cfg Config) (*Journal, error) {
	cfg = cfg.withDefaults()
	file, err := openLocked(ctx, path, cfg)
	if err != nil {
		return nil, err
	}
	l, err := load(ctx, file, path, cfg, false)
	if err == nil {
		err = l.mend(file)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return l.start(ctx, file)
}

// mend makes the file end with its good prefix, and that durable.
func (l *loader) mend(file files.File) error {
	if l.rec.TornBytes > 0 {
		if err := l.shed(file); err != nil {
			return err
		}
	}
	if l.rec.Clean || l.cfg.Sync == SyncNever {
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
	l.synced = true
	return nil
}

// start makes a journal of what was loaded, which has the file from here on.
func (l *loader) start(ctx context.Context, file files.File) (*Journal, error) {
	j := &Journal{
		path: l.path, cfg: l.cfg, place: l.place, id: fileID(l.info), replica: l.replica, last: l.newest, synced: l.synced,
		out:        &output{path: l.path, file: file, size: l.rec.Bytes, tail: l.tail},
		written:    written{content: l.content, updates: l.rec.Updates, since: time.Now()},
		done:       make(chan struct{}),
		compacting: make(chan struct{}, 1), successors: make(chan *successor),
	}
	err := l.name()
	j.rec = l.rec
	if err == nil {
		j.from, err = l.replica.Attach()
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	j.life, j.cancel = context.WithCancel(context.Background())
	go j.run()
	if j.wasteful() {
		err = j.compactWhileOpening(ctx)
	}
	if err != nil {
		_ = j.Close() // which returns the same, or is of a file as it was
		return nil, err
	}
	return j, nil
}

// compactWhileOpening compacts before there are writers. Where that fails the
// file is opened as it is, unless nobody knows any more which one it is.
func (j *Journal) compactWhileOpening(ctx context.Context) error {
	s := &successor{fresh: j.fresh(), result: make(chan error, 1)}
	err := j.compact(ctx, s)
	j.rec.Compacted = s.did.Before - s.did.After
	j.tell(s.did, err)
	if s.broken || ctx.Err() != nil {
		return err
	}
	return nil
}

// name decides who writes: the author of the last opening, or a new one.
func (l *loader) name() error {
	l.replica.Witness(l.newest)
	adopt, reason := l.adopts()
	l.rec.NewAuthor, l.rec.Reason = !adopt, reason
	if !adopt {
		return nil
	}
	if err := l.replica.Adopt(l.last.author); err != nil {
		return &CorruptError{l.path, l.lastAt, err, false}
	}
	return nil
}
