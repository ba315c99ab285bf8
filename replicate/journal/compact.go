package journal

import (
	"context"
	"path/filepath"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// A Trigger says when a file is compacted without being asked. The zero value
// compacts one that could be half as long, and each day one that could be
// noticeably shorter.
type Trigger struct {
	// Off turns it off: only Compact compacts.
	Off bool
	// Size is how long a file must be, in bytes; 0 means 1 MiB.
	Size int64
	// Ratio is how many times as long as it has to be a file may become; 0
	// means 2. Values below 1.1 count as that.
	Ratio float64
	// Every is how long after its opening or its last compaction a file is
	// compacted if it is more than 1.1 times as long as it has to be; 0 means
	// 24 hours.
	Every time.Duration
}

// leastRatio is what is worth a compaction at all.
const leastRatio = 1.1

func (t Trigger) withDefaults() Trigger {
	if t.Size == 0 {
		t.Size = 1 << 20
	}
	if t.Ratio == 0 {
		t.Ratio = 2
	}
	t.Ratio = max(t.Ratio, leastRatio)
	if t.Every <= 0 {
		t.Every = 24 * time.Hour
	}
	return t
}

// A Compaction is what became of a file that was compacted.
type Compaction struct {
	Before  int64         // bytes of the file that was replaced
	After   int64         // bytes of the one in its place
	Updates int           // how many updates that holds
	Took    time.Duration // from the beginning to the end
	Paused  time.Duration // of that, for how long nothing could be committed
}

// Rounds of copying end when one was small, or after so many.
const (
	smallRound = 256 << 10 // bytes
	maxRounds  = 8
)

// Compact puts a file that holds only what is live in the old one's place. It
// copies while writers go on and commits go to the old file, in rounds; commits
// wait only for the last few updates and the swap. A crash at any moment
// leaves the old file or the new one, whole and with all that was durable.
// Resume tokens are not kept, which costs peers some repetition. Progress, if it
// is not nil, is told after each frame how many updates of how many are copied;
// the total is what there was when the round began.
//
// Where the new file cannot be written, or not be put in place (Windows does not
// replace a file that is open), the old one stays and goes on, and the error says
// why: a WriteError, context.Cause(ctx), or replicate.ErrClosed. Of calls that
// overlap, one waits for the other.
func (j *Journal) Compact(ctx context.Context, progress func(done, total int64)) (Compaction, error) {
	s := &successor{fresh: j.fresh(), progress: progress, result: make(chan error, 1)}
	err := j.compact(ctx, s)
	return s.did, err
}

func (j *Journal) compact(ctx context.Context, s *successor) (err error) {
	if j.viewed != nil {
		return j.viewed
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(j.life, func() { cancel(replicate.ErrClosed) })()
	select {
	case j.compacting <- struct{}{}:
		defer func() { <-j.compacting }()
	case <-ctx.Done():
		return pull.Cause(ctx)
	}
	start := time.Now()
	defer func() { s.did.Took = time.Since(start) }()
	s.rewrite = j.replica.Rewrite()
	defer s.rewrite.Close()
	defer func() { _ = s.fresh.cleanup(nil) }()
	if err := s.copy(ctx); err != nil {
		return err
	}
	select {
	case j.successors <- s:
		return <-s.result
	case <-ctx.Done():
		return pull.Cause(ctx)
	case <-j.done:
		if j.err != nil { // which Close does not touch while we hold the token
			return j.err
		}
		return replicate.ErrClosed
	}
}

// fresh is a file that may take this one's place.
func (j *Journal) fresh() *fresh {
	return &fresh{path: j.path, meta: j.rec.Meta, cfg: j.cfg, replica: j.replica}
}

// A successor is a file that is to take the journal's place.
type successor struct {
	*fresh
	rewrite  *replicate.Rewrite
	progress func(done, total int64)
	did      Compaction
	result   chan error // of the swap
	broken   bool       // the swap has ended the journal
}

// copy writes what is live, durably, but for the few updates that came last.
func (s *successor) copy(ctx context.Context) error {
	if err := s.begin(); err != nil {
		return err
	}
	for range maxRounds {
		size := s.out.size
		if err := s.round(ctx, s.rewrite, s.progress); err != nil {
			return err
		}
		if err := s.out.sync(); err != nil {
			return err
		}
		if s.out.size-size < smallRound {
			break
		}
	}
	return nil
}

// succeed writes what came since the last round into s, and puts it in this
// journal's place. If that fails, the old file goes on with what came.
func (j *Journal) succeed(s *successor) error {
	start := time.Now()
	defer func() { s.did.Paused = time.Since(start) }()
	if err := j.from.Continue(s.rewrite); err != nil {
		return err
	}
	b, more := j.from.Take()
	switch {
	case b.Reset: // just now
		j.try(func() error { return j.replace(b) })
		s.broken = j.err != nil
		return replicate.ErrResynced
	case !more:
		b = replicate.Batch{Author: j.replica.Author()}
	}
	s.did.Before, s.did.Updates = j.out.size, s.rewrite.Updates()+b.Updates
	if err := j.install(s.fresh, b); err != nil {
		if more {
			j.try(func() error { return j.commit(b) })
		}
		s.broken = j.err != nil
		return err
	}
	s.did.After = j.out.size
	j.written.reset(s.did)
	j.try(j.named)
	if more && j.err == nil {
		j.from.Done(b)
	}
	s.broken = j.err != nil
	return j.err
}

// install has f, with b at its end, take this journal's place.
func (j *Journal) install(f *fresh, b replicate.Batch) error {
	next, err := j.complete(f.out, b)
	if err == nil {
		err = j.rename(f.temp, next.id)
	}
	if err != nil {
		return err
	}
	_ = j.out.file.Close() // it has no name any more
	j.out, j.place, j.opened, j.last = f.out, next.place, true, next.last
	f.temp, f.out = "", nil
	return nil
}

// named makes the file's new name durable.
func (j *Journal) named() error {
	return j.out.failure("sync folder of", j.cfg.FS.SyncDir(filepath.Dir(j.path)))
}

// replace commits a batch that is all that there is: in a file of its own.
func (j *Journal) replace(b replicate.Batch) (err error) {
	f := j.fresh()
	defer func() { err = f.cleanup(err) }()
	if err := f.begin(); err != nil {
		return err
	}
	if err := j.install(f, b); err != nil {
		return err
	}
	j.written.reset(Compaction{After: j.out.size, Updates: b.Updates})
	if err := j.named(); err != nil {
		return err
	}
	j.from.Done(b)
	return nil
}

// rename gives the file of that id, which is called temp, this journal's name.
func (j *Journal) rename(temp, id string) error {
	j.naming.Lock()
	defer j.naming.Unlock()
	if err := j.cfg.FS.Rename(temp, j.path); err != nil {
		return &WriteError{j.path, "rename", err}
	}
	j.id = id
	return nil
}

// complete makes out, which no one can find yet, this opening's file: locked,
// with its open frame and the batch behind it, and durable.
func (j *Journal) complete(out *output, b replicate.Batch) (next *Journal, err error) {
	info, err := out.file.Stat()
	if err != nil {
		return nil, out.failure("find", err)
	}
	if ok, err := lock(out.file, true); !ok || err != nil {
		return nil, out.failure("lock", err)
	}
	out.sealed = out.seal()
	next = &Journal{cfg: j.cfg, place: j.cfg.Place(info), id: fileID(info), last: max(j.last, b.Last), out: out}
	buf := append(next.opening(b.Author).append(nil), b.Frames...)
	buf = commit{out.size + int64(len(buf)), int64(len(buf))}.append(buf)
	buf = placed{out.size + int64(len(buf))}.append(buf)
	if err := out.append(buf); err != nil {
		return nil, err
	}
	return next, out.sync()
}
