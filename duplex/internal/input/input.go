// Package input reads a file that has no deadlines in calls that can be interrupted.
//
// Most standard inputs are such files: a terminal, or the pipe of a shell. To
// make them non-blocking would change them for every process that shares them.
// So a call first waits until there is something to read, or a pipe of our own
// says that the context is done, and only then reads.
package input

import (
	"os"
	"sync"
	"time"

	"github.com/weir-go/weir/pull"
)

// Of is [pull.Reader] of f, whose calls can be interrupted where the system
// allows it, which leaves what was not read where it is. It holds two more file
// descriptors from the first call to the end, and does not close f.
func Of(f *os.File) pull.Source[[]byte] {
	if f.SetReadDeadline(time.Time{}) == nil || !canWait {
		return pull.Reader(f)
	}
	r := &reader{f: f}
	chunks := pull.Reader(r) // interrupts it by its deadline
	return pull.From(chunks, func(cause error) error {
		err := pull.Abort(chunks, cause)
		r.close()
		return err
	})
}

// A reader is a file with deadlines that are now or never.
type reader struct {
	f *os.File

	mu         sync.Mutex
	rings      bool // a byte is in the bell
	ring, bell *os.File
}

// Read waits until there is something to read, and reads that.
func (r *reader) Read(p []byte) (int, error) {
	bell, err := r.open()
	if err != nil {
		return 0, err
	}
	if rings := wait(r.f, bell); rings {
		return 0, os.ErrDeadlineExceeded
	}
	return r.f.Read(p)
}

// open makes the bell, the first time.
func (r *reader) open() (bell *os.File, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bell == nil {
		r.bell, r.ring, err = os.Pipe()
	}
	return r.bell, err
}

// SetReadDeadline ends the wait of the Read under way and of those to come, or
// no more, where t is zero.
func (r *reader) SetReadDeadline(t time.Time) (err error) {
	if _, err := r.open(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var one [1]byte
	switch {
	case !t.IsZero() && !r.rings:
		_, err = r.ring.Write(one[:])
	case t.IsZero() && r.rings:
		_, err = r.bell.Read(one[:])
	}
	r.rings = !t.IsZero()
	return err
}

func (r *reader) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bell != nil {
		_, _ = r.bell.Close(), r.ring.Close() // nothing is in them that matters
	}
}
