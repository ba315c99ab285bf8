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
func (st *Stream) next(ctx context.Context) ([]byte, error) {
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
		chunk, err := st.poll()
		if err != nil {
			return nil, st.finishRead(err)
		}
		if chunk != nil {
			return chunk, nil
		}
		if err := st.waitReadable(ctx); err != nil {
			return nil, st.finishRead(err)
		}
	}
}

// poll returns what can be returned now, if anything. Bytes that have been
// seen are in yamux, or will be without anything more from the network.
func (st *Stream) poll() ([]byte, error) {
	s := st.session
	dead := s.isDead() // before seen is read: nothing arrives afterwards
	s.mu.Lock()
	n := st.seen - st.read
	term := st.term
	s.mu.Unlock()
	if n > 0 {
		buf := make([]byte, min(n, maxChunk))
		m, _ := st.yamux.Read(buf)
		if m > 0 {
			st.delivered(m)
			return buf[:m], nil
		}
		<-s.dead // yamux was torn down before it had them
		return nil, s.cause()
	}
	switch {
	case term != nil && st.read == term.offset && term.err == nil:
		return nil, io.EOF
	case term != nil && st.read == term.offset:
		return nil, term.err
	case dead:
		return nil, s.cause()
	}
	return nil, nil
}

func (st *Stream) delivered(n int) {
	st.session.mu.Lock()
	defer st.session.mu.Unlock()
	st.read += uint64(n)
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
	st.aborted = true // nothing more is wanted: what arrives is dropped
	st.gotEnd = true
	st.maybeClose()
	return err
}

// abortRead ends the source with cause, tells the peer, and drops what has
// arrived.
func (st *Stream) abortRead(cause error) error {
	st.end = cause
	st.session.mu.Lock()
	st.sendAbort(cause)
	held := st.seen - st.read
	st.session.mu.Unlock()
	st.drop(held)
	return cause
}

// drop empties yamux's buffer of n bytes, so that an abandoned stream holds
// nothing while its other direction goes on.
func (st *Stream) drop(n uint64) {
	buf := make([]byte, min(n, maxChunk))
	for n > 0 {
		m, err := st.yamux.Read(buf[:min(n, maxChunk)])
		if err != nil || m == 0 {
			return
		}
		n -= uint64(m)
	}
	st.yamux.Shrink()
}
