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
func (st *Stream) nextLent(ctx context.Context) ([]byte, error) { return st.pull(ctx, true) }

func (st *Stream) pull(ctx context.Context, lend bool) ([]byte, error) {
	if !st.reading.CompareAndSwap(false, true) {
		return nil, pull.ErrOverlap
	}
	defer st.reading.Store(false)
	if st.end != nil {
		return nil, st.end
	}
	for {
		if ctx.Err() != nil {
			return nil, st.abortRead(pull.Cause(ctx))
		}
		chunk, err := st.poll(lend)
		if err != nil {
			return nil, st.finishRead(err)
		}
		if chunk != nil {
			return chunk, nil
		}
		st.unlend()
		if err := st.waitReadable(ctx); err != nil {
			return nil, st.finishRead(err)
		}
	}
}

// poll returns what can be returned now, if anything. Bytes that have been
// seen are in yamux, or will be without anything more from the network.
func (st *Stream) poll(lend bool) ([]byte, error) {
	s := st.session
	dead := s.isDead() // before seen is read: nothing arrives afterwards
	st.pulling.Lock()
	defer st.pulling.Unlock()
	s.mu.Lock()
	n := st.buffered
	term, evicted := st.term, st.evicted
	s.mu.Unlock()
	switch {
	case evicted != nil:
		return nil, evicted
	case n > 0:
		buf := st.buffer(n, lend)
		m, _ := st.yamux.Read(buf)
		if m > 0 {
			st.delivered(m)
			return buf[:m], nil
		}
		<-s.dead // yamux was torn down before it had them
		return nil, s.cause()
	case term != nil && st.read == term.offset && term.err == nil:
		return nil, io.EOF
	case term != nil && st.read == term.offset:
		return nil, term.err
	case dead:
		return nil, s.cause()
	}
	return nil, nil
}

// buffer is where the next n bytes go. One that is lent out serves until the
// reader has to wait.
func (st *Stream) buffer(n uint64, lend bool) []byte {
	if !lend {
		return make([]byte, min(n, maxChunk))
	}
	if st.lent == nil {
		st.lent = st.session.takeBuffer()
	}
	return st.lent
}

// unlend takes back the buffer that was lent out.
func (st *Stream) unlend() {
	if st.lent != nil {
		st.session.giveBuffer(st.lent)
		st.lent = nil
	}
}

func (st *Stream) delivered(n int) {
	s := st.session
	s.mu.Lock()
	defer s.mu.Unlock()
	st.read += uint64(n)
	st.release(uint64(n))
	st.bytesIn += uint64(n)
	st.chunksIn++
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
	st.unlend()
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
	st.unlend()
	st.session.mu.Lock()
	st.sendAbort(cause)
	st.session.mu.Unlock()
	st.drop()
	return cause
}

// drop empties yamux's buffer, so that an abandoned stream holds nothing while
// its other direction goes on.
func (st *Stream) drop() {
	st.pulling.Lock()
	defer st.pulling.Unlock()
	s := st.session
	s.mu.Lock()
	n, ys := st.buffered, st.yamux
	s.mu.Unlock()
	if ys == nil || n == 0 {
		return // attach comes back, or there is nothing
	}
	buf := make([]byte, min(n, maxChunk))
	for left := n; left > 0; {
		m, err := ys.Read(buf[:min(left, maxChunk)])
		if err != nil || m == 0 {
			break
		}
		left -= uint64(m)
	}
	ys.Shrink()
	s.mu.Lock()
	defer s.mu.Unlock()
	st.release(n)
}
