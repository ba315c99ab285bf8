package journal

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-go/weir/replicate"
)

// A Journal is a replica's open and locked file. Its methods may be called by
// several goroutines at once.
type Journal struct {
	path    string
	cfg     Config
	rec     Recovery
	place   Place
	replica *replicate.Replica
	viewed  error // why it cannot be written; nil if it can be

	naming sync.Mutex // held while the name goes to another file
	id     string     // of the open file

	// Of the goroutine that runs run, and after that of Close.
	from   *replicate.Tail
	out    *output
	synced bool // what was found was synced while opening
	opened bool // this opening has its open frame
	last   replicate.Time
	buf    []byte
	late   *time.Timer // fires when what is unsynced has to be synced; nil if nothing has to
	err    error       // the first failure, for ever

	written written

	life       context.Context // of what runs in the background
	cancel     context.CancelFunc
	done       chan struct{}   // closed when run has returned
	compacting chan struct{}   // holds a token while there is a compaction
	successors chan *successor // to run, when one is copied
	background sync.WaitGroup
	due        atomic.Bool // a compaction that nobody asked for is under way
	telling    sync.Mutex  // one call of Config.Compacted at a time

	once     sync.Once
	closeErr error
}

// Replica returns the replica that the file holds.
func (j *Journal) Replica() *replicate.Replica { return j.replica }

// Meta returns what the file says about itself.
func (j *Journal) Meta() Meta { return j.rec.Meta }

// Recovery returns what opening found.
func (j *Journal) Recovery() Recovery { return j.rec }

// Close commits everything, marks the file as closed, syncs it under either
// policy and unlocks it. Writes that come meanwhile are committed or fail with
// replicate.ErrClosed, as do all later ones. It returns the journal's first
// failure, a WriteError; calling it again returns the same.
func (j *Journal) Close() error {
	j.once.Do(func() { j.closeErr = j.close() })
	return j.closeErr
}

// run commits what comes, and swaps files, until it is stopped or something fails.
func (j *Journal) run() {
	defer close(j.done)
	for j.err == nil {
		var late <-chan time.Time
		if j.late != nil {
			late = j.late.C
		}
		select {
		case <-j.from.Changed():
			j.try(j.drain)
		case <-late:
			j.try(j.sync)
		case s := <-j.successors:
			s.result <- j.succeed(s)
		case <-j.life.Done():
			return
		}
	}
}

func (j *Journal) close() error {
	if j.viewed != nil {
		j.from.Close()
		return nil
	}
	j.cancel()
	<-j.done
	j.compacting <- struct{}{} // for good: there will be none
	j.background.Wait()
	j.from.Last()
	j.try(j.drain)
	j.from.Close()
	j.try(j.drain) // what was written before the replica knew
	j.try(j.mark)
	if j.late != nil {
		j.late.Stop()
	}
	if err := j.out.close(); j.err == nil {
		j.err = err
	}
	return j.err
}

// try takes a step unless one has failed before. The first failure ends the
// replica's writing.
func (j *Journal) try(step func() error) {
	if j.err != nil {
		return
	}
	if j.err = step(); j.err != nil {
		j.from.Fail(j.err)
	}
}

// drain commits what is not yet in the file.
func (j *Journal) drain() error {
	b, ok := j.from.Take()
	switch {
	case !ok:
		return nil
	case b.Reset:
		return j.replace(b)
	}
	return j.commit(b)
}

// maxKept bounds the memory that is kept for the next batch, in bytes.
const maxKept = 1 << 20

// commit appends a batch, makes it durable and says so.
func (j *Journal) commit(b replicate.Batch) error {
	j.last = max(j.last, b.Last)
	buf := j.buf[:0]
	// Whoever opens the file next must know of this opening before anyone is
	// shown what it wrote: the open frame undoes the clean mark before it.
	reopen := !j.opened || b.Renewed
	if reopen {
		j.out.sealed = j.out.seal()
		buf = j.opening(b.Author).append(buf)
	}
	buf = append(buf, b.Frames...)
	buf = commit{j.out.size + int64(len(buf)), int64(len(buf))}.append(buf)
	if !j.opened && !j.synced {
		// A process that was killed may have left what we found unsynced, and be
		// it a clean mark. With a hole there, our commit behind it would make
		// that damage.
		if err := j.out.sync(); err != nil {
			return err
		}
	}
	if err := j.out.append(buf); err != nil {
		return err
	}
	if err := j.settle(reopen); err != nil {
		return err
	}
	if err := j.InPlace(); err != nil {
		return err
	}
	j.opened = true
	j.from.Done(b)
	j.written.add(b.Frames, b.Updates)
	j.consider()
	if j.buf = buf; cap(buf) > maxKept {
		j.buf = nil
	}
	return nil
}

// settle syncs a commit, now or later, as the policy says.
func (j *Journal) settle(reopen bool) error {
	switch {
	case reopen || j.cfg.Sync == SyncEach:
		return j.sync()
	case j.cfg.Sync == SyncInterval && j.late == nil:
		j.late = time.NewTimer(j.cfg.Interval)
	}
	return nil
}

// sync makes all that was written durable.
func (j *Journal) sync() error {
	if j.late != nil {
		j.late.Stop()
		j.late = nil
	}
	return j.out.sync()
}

// InPlace checks that the path still leads to the open file. What is written to
// one that was deleted or replaced is gone when the process is, however durable,
// so that each commit checks it too. It returns a WriteError that matches
// ErrReplaced or fs.ErrNotExist.
func (j *Journal) InPlace() error {
	j.naming.Lock()
	defer j.naming.Unlock()
	info, err := j.cfg.FS.Stat(j.path)
	if err != nil {
		return &WriteError{j.path, "find", err}
	}
	if id := fileID(info); id != j.id && id != "" && j.id != "" {
		return &WriteError{j.path, "find", ErrReplaced}
	}
	return nil
}

// opening is the frame that says where the file is and who writes.
func (j *Journal) opening(author replicate.Author) opening {
	o := opening{place: j.place, author: author, last: j.last}
	if j.cfg.Sync != SyncEach {
		o.flags |= flagNoSync
	}
	if j.out.sealed {
		o.flags |= flagSealed
	}
	return o
}

// mark says that the file was closed, once everything before is durable. A
// file that was not written to stays as it is.
func (j *Journal) mark() error {
	if !j.opened {
		return nil
	}
	if j.cfg.Sync != SyncEach {
		if err := j.sync(); err != nil {
			return err
		}
	}
	if err := j.out.append(clean{j.out.size, j.last}.append(nil)); err != nil {
		return err
	}
	return j.out.sync()
}
