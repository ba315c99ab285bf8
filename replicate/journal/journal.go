package journal

import (
	"context"
	"io"
	"sync"

	"github.com/weir-go/weir/pull/files"
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

	// Of the goroutine that runs run, and after that of Close.
	from   *replicate.Tail
	file   files.File
	size   int64   // what of the file is good
	tail   [4]byte // how that ends
	opened bool    // this opening has its open frame
	sealed bool    // writes set the modification time
	last   replicate.Time
	buf    []byte
	err    error // the first failure, for ever

	cancel context.CancelFunc
	done   chan struct{} // closed when run has returned

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

// run commits what comes, until it is stopped or something fails.
func (j *Journal) run(ctx context.Context) {
	defer close(j.done)
	for j.err == nil {
		b, err := j.from.Next(ctx)
		if err != nil {
			return
		}
		j.commit(b)
	}
}

func (j *Journal) close() error {
	j.cancel()
	<-j.done
	j.drain()
	j.from.Close()
	j.drain() // what was written before the replica knew
	j.mark()
	if err := j.file.Close(); err != nil {
		j.fail("close", err)
	}
	return j.err
}

// drain commits what is not yet in the file.
func (j *Journal) drain() {
	if j.err != nil {
		return
	}
	if b, ok := j.from.Take(); ok {
		j.commit(b)
	}
}

// commit appends a batch, makes it durable and says so.
func (j *Journal) commit(b replicate.Batch) {
	buf := j.buf[:0]
	// Whoever opens the file next must know of this opening before anyone is
	// shown what it wrote: the open frame undoes the clean mark before it.
	reopen := !j.opened || b.Renewed
	if reopen {
		j.sealed = seal(j.file, j.size, j.tail)
		buf = j.opening(b).append(buf)
	}
	buf = append(buf, b.Frames...)
	buf = commit{j.size + int64(len(buf)), int64(len(buf))}.append(buf)
	j.last = max(j.last, b.Last)
	if !j.append(buf) || (reopen || j.cfg.Sync == SyncAlways) && !j.sync() {
		return
	}
	j.opened = true
	j.from.Done(b)
	if j.buf = buf; cap(buf) > maxKept {
		j.buf = nil
	}
}

// maxKept bounds the memory that is kept for the next batch.
const maxKept = 1 << 20

func (j *Journal) opening(b replicate.Batch) opening {
	o := opening{place: j.place, author: b.Author, last: b.Last}
	if j.cfg.Sync == SyncNone {
		o.flags |= flagNoSync
	}
	if j.sealed {
		o.flags |= flagSealed
	}
	return o
}

// mark says that the file was closed, once everything before is durable. A
// file that was not written to stays as it is.
func (j *Journal) mark() {
	if !j.opened || j.err != nil {
		return
	}
	if j.cfg.Sync == SyncNone && !j.sync() {
		return
	}
	if j.append(clean{j.size, j.last}.append(nil)) {
		j.sync()
	}
}

// append writes b behind what is good. What a failed write leaves is cut off
// again, if that can be done.
func (j *Journal) append(b []byte) bool {
	n, err := writeAll(j.file, b)
	if err == nil {
		j.size += int64(n)
		copy(j.tail[:], b[len(b)-len(j.tail):])
		if j.sealed {
			// Where this fails once, the next opening takes a new author.
			seal(j.file, j.size, j.tail)
		}
		return true
	}
	if n > 0 && cut(j.file, j.size) == nil && j.sealed {
		seal(j.file, j.size, j.tail)
	}
	return j.fail("write", err)
}

// sync is never tried again: after a failed fsync nobody knows what the file
// system has dropped.
func (j *Journal) sync() bool {
	if err := j.file.Sync(); err != nil {
		return j.fail("sync", err)
	}
	return true
}

// fail notes the first failure and returns false.
func (j *Journal) fail(op string, err error) bool {
	if j.err == nil {
		j.err = &WriteError{j.path, op, err}
	}
	if j.from != nil {
		j.from.Fail(j.err)
	}
	return false
}

// cut ends a file at size, where the next write goes.
func cut(file files.File, size int64) error {
	if err := file.Truncate(size); err != nil {
		return err
	}
	if s, ok := file.(io.Seeker); ok && appendFlag == 0 {
		_, err := s.Seek(size, io.SeekStart)
		return err
	}
	return nil
}
