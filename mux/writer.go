package mux

import (
	"context"
	"sync"

	"github.com/weir-go/weir/mux/internal/shim"
	"github.com/weir-go/weir/pull"
)

// largeChunk is how many bytes are worth a frame of their own.
const largeChunk = maxChunk / 2

// A writer is the double buffer of a sink: what is pulled while one buffer is
// being written goes into the other. Its goroutine runs only while there is
// something to write.
type writer struct {
	st     *Stream
	ctx    context.Context // the sink's own; ends with it
	cancel context.CancelCauseFunc
	idle   chan struct{} // 1 slot: the buffer was taken, or all is written

	mu    sync.Mutex
	buf   []byte // at most maxChunk bytes
	spare []byte // the other buffer, when it is not being written; empty
	busy  bool   // the goroutine runs
	items uint64 // values taken from the source
	err   error  // why it stopped early
}

// pump puts what src yields until it ends, and returns how it did. When the
// writer has failed, the context is done, and so the next call is the abort.
func (w *writer) pump(src pull.Source[[]byte]) error {
	for {
		p, err := src(w.ctx)
		if err != nil {
			return err
		}
		for first := true; len(p) > 0 && w.ctx.Err() == nil; first = false {
			if n := w.pass(p, first); n > 0 {
				p = p[n:]
				continue
			}
			n := w.put(p, first)
			if p = p[n:]; len(p) > 0 {
				select {
				case <-w.idle:
				case <-w.ctx.Done():
				}
			}
		}
	}
}

// pass writes a chunk of p without a copy, if p is large and nothing is before
// it: it would fill a buffer by itself, so that there is nothing to gather
// meanwhile.
func (w *writer) pass(p []byte, first bool) int {
	if len(p) < largeChunk || !w.claim(first) {
		return 0
	}
	n := min(len(p), maxChunk)
	if err := w.st.write(w.ctx, p[:n]); err != nil {
		w.stop(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = false
	return n
}

// claim has the caller write in place of the goroutine, if that has nothing to
// do.
func (w *writer) claim(first bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy {
		return false
	}
	w.busy = true
	if first {
		w.items++
	}
	return true
}

// put takes as much of p as there is room for, and has it written. An item may
// take several calls, of which one is the first.
func (w *writer) put(p []byte, first bool) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if first {
		w.items++
	}
	n := min(len(p), maxChunk-len(w.buf))
	if all := len(w.buf) + n; all > cap(w.buf) && all > smallBuffer {
		w.buf = append(w.st.session.takeBuffer()[:0], w.buf...)
	}
	w.buf = append(w.buf, p[:n]...)
	if !w.busy && n > 0 {
		w.busy = true
		go w.run()
	}
	return n
}

// run writes until nothing is left.
func (w *writer) run() {
	for out := w.swap(nil); len(out) > 0; out = w.swap(out) {
		if err := w.st.write(w.ctx, out); err != nil {
			w.stop(err)
		}
	}
}

// swap takes what is to be written and keeps what was for the next time;
// nothing to write ends the goroutine.
func (w *writer) swap(written []byte) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	if written != nil {
		w.spare = written[:0]
	}
	out := w.buf
	if w.err != nil || len(out) == 0 {
		w.busy = false
		w.buf, w.spare = w.small(w.buf), w.small(w.spare)
		out = nil
	} else {
		w.buf, w.spare = w.spare, nil
	}
	signal(w.idle)
	return out
}

// small keeps a small buffer and gives a large one to the session: an idle sink
// holds little. Callers hold mu.
func (w *writer) small(b []byte) []byte {
	if cap(b) < maxChunk {
		return b
	}
	w.st.session.giveBuffer(b)
	return nil
}

func (w *writer) stop(err error) {
	w.mu.Lock()
	w.err = err
	w.mu.Unlock()
	w.cancel(err)
}

// taken is how many values were taken from the source; empty ones do not count.
func (w *writer) taken() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.items
}

// wait waits until everything is written or the writer has stopped, and
// returns why it stopped.
func (w *writer) wait() error {
	for {
		w.mu.Lock()
		busy, err := w.busy, w.err
		w.mu.Unlock()
		if !busy {
			return err
		}
		<-w.idle
	}
}

// write sends p as far as the peer's window and the session's budget let it,
// so that nobody waits within the shim.
func (st *Stream) write(ctx context.Context, p []byte) error {
	s := st.session
	for len(p) > 0 {
		n, err := st.takeCredit(ctx, len(p))
		if err != nil {
			return err
		}
		if !s.shim.TryReserve(n + shim.HeaderSize) {
			s.mu.Lock()
			st.stall()
			s.mu.Unlock()
			if !s.shim.Reserve(ctx, n+shim.HeaderSize) {
				s.mu.Lock()
				st.unstall()
				s.mu.Unlock()
				return s.why(ctx)
			}
		}
		s.mu.Lock()
		st.unstall()
		st.sent += uint64(n)
		st.writes++
		s.mu.Unlock()
		if err := s.shim.Send(st.id, p[:n]); err != nil {
			return s.lost(err)
		}
		p = p[n:]
	}
	return nil
}

// takeCredit waits until the peer takes more, and returns how much of want.
func (st *Stream) takeCredit(ctx context.Context, want int) (int, error) {
	for {
		done := ctx.Err() != nil
		st.session.mu.Lock()
		n := min(uint64(want), st.credit)
		st.credit -= n
		if n > 0 || done {
			st.unstall()
		} else if st.stalled.IsZero() {
			st.stall()
		}
		st.session.mu.Unlock()
		if done {
			return 0, pull.Cause(ctx)
		}
		if n > 0 {
			return int(n), nil
		}
		select {
		case <-st.writable:
		case <-ctx.Done():
		}
	}
}
