package mux

import (
	"context"
	"io"
	"time"

	"github.com/weir-go/weir/pull"
)

const (
	// maxChunk is the largest chunk a source returns and a sink writes at
	// once, in bytes.
	maxChunk = 32 << 10

	// finWait is how long a FIN waits for its terminator.
	finWait = 5 * time.Second
)

// next is the stream's source.
func (st *Stream) next(ctx context.Context) ([]byte, error) { return st.pull(ctx, false) }

// nextLent is the source that reuses its buffer.
func (st *Stream) nextLent(ctx context.Context) ([]byte, error) {
	st.lends.Store(true)
	return st.pull(ctx, true)
}

func (st *Stream) pull(ctx context.Context, lend bool) ([]byte, error) {
	if !st.reading.CompareAndSwap(false, true) {
		return nil, pull.ErrOverlap
	}
	defer st.reading.Store(false)
	if st.end != nil {
		return nil, st.end
	}
	st.unlend()
	for {
		if ctx.Err() != nil {
			return nil, st.abortRead(pull.Cause(ctx))
		}
		chunk, grant, err := st.poll()
		if err != nil {
			return nil, st.finishRead(err)
		}
		st.grant(grant)
		if chunk != nil && lend {
			st.lent = chunk
		}
		if chunk != nil {
			return chunk[:len(chunk):len(chunk)], nil
		}
		if err := st.waitReadable(ctx); err != nil {
			return nil, st.finishRead(err)
		}
	}
}

// poll returns what can be returned now, if anything, and how many bytes more the
// peer may send for it.
func (st *Stream) poll() (chunk []byte, grant uint32, err error) {
	s := st.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.evicted != nil {
		return nil, 0, st.evicted
	}
	if chunk := st.arrived.pop(); chunk != nil {
		return chunk, st.delivered(len(chunk)), nil
	}
	switch {
	case st.term != nil && st.read == st.term.offset && st.term.err == nil:
		return nil, 0, io.EOF
	case st.term != nil && st.read == st.term.offset:
		return nil, 0, st.term.err
	case s.isDead() && s.err != nil:
		return nil, 0, s.err
	case s.isDead():
		return nil, 0, ErrClosed
	}
	return nil, 0, nil
}

// unlend takes back the buffer that was lent out, if it is one of those.
func (st *Stream) unlend() {
	if cap(st.lent) >= maxChunk {
		st.session.giveBuffer(st.lent)
	}
	st.lent = nil
}

// delivered counts n bytes that the reader gets, and returns how many more the
// peer may send. Callers hold the session's mu.
func (st *Stream) delivered(n int) uint32 {
	st.read += uint64(n)
	st.release(uint64(n))
	st.bytesIn += uint64(n)
	st.chunksIn++
	return st.refill(n)
}

// waitReadable waits until there may be news. A FIN whose terminator does not
// come ends the stream.
func (st *Stream) waitReadable(ctx context.Context) error {
	var late <-chan time.Time
	st.session.mu.Lock()
	if st.fin && st.term == nil {
		t := time.NewTimer(finWait)
		defer t.Stop()
		late = t.C
	}
	st.session.mu.Unlock()
	select {
	case <-st.readable:
	case <-ctx.Done():
	case <-st.session.dead:
	case <-late:
		return io.ErrUnexpectedEOF
	}
	return nil
}

// finishRead ends the source with err, which is what the peer's end has come
// to.
func (st *Stream) finishRead(err error) error {
	st.end = err
	st.session.mu.Lock()
	defer st.session.mu.Unlock()
	if st.evicted == nil { // else the peer's end is still to come
		st.aborted = true // nothing more is wanted: what arrives is dropped
		st.gotEnd = true
	}
	st.maybeClose()
	return err
}

// abortRead ends the source with cause, tells the peer, and drops what has
// arrived.
func (st *Stream) abortRead(cause error) error {
	st.end = cause
	st.session.mu.Lock()
	defer st.session.mu.Unlock()
	st.sendAbort(cause)
	st.discard()
	return cause
}
