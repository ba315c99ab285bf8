package mux

import "github.com/weir-go/weir/mux/internal/wire"

// smallPiece is below how many bytes what arrives joins what is there, so that
// a peer who sends single bytes cannot have each cost an allocation.
const smallPiece = 4 << 10

// arrived are the chunks of a stream that were not read yet, of 1 to maxChunk
// bytes, in memory of at most twice that.
type arrived struct {
	chunks [][]byte
	read   int // of chunks
}

// join adds a small p to the last chunk, if there is one and it fits. A large
// chunk is not moved for it: the tail of a frame is then a chunk of its own,
// which what is small behind it joins.
func (a *arrived) join(p []byte) bool {
	n := len(a.chunks)
	if n == a.read || len(p) >= smallPiece {
		return false
	}
	last := &a.chunks[n-1]
	all := len(*last) + len(p)
	if all > maxChunk || all > cap(*last) && len(*last) >= smallPiece {
		return false
	}
	if all > cap(*last) {
		*last = append(make([]byte, 0, 2*all), *last...)
	}
	*last = append(*last, p...)
	return true
}

func (a *arrived) push(chunk []byte) { a.chunks = append(a.chunks, chunk) }

// pop takes the first chunk; nil means that there is none.
func (a *arrived) pop() []byte {
	if a.read == len(a.chunks) {
		return nil
	}
	chunk := a.chunks[a.read]
	a.chunks[a.read] = nil
	if a.read++; a.read == len(a.chunks) {
		a.chunks, a.read = a.chunks[:0], 0
		if cap(a.chunks) > maxSpare {
			a.chunks = nil
		}
	}
	return chunk
}

// arrive takes bytes of a stream in: first what they are is decided, then they
// are copied, and then, unless the reader has gone meanwhile, they are there.
func (s *Session) arrive(id uint32, p []byte) error {
	st, p, err := s.admit(id, p)
	for err == nil && len(p) > 0 {
		n := min(len(p), maxChunk)
		if !st.join(p[:n]) {
			st.keep(st.copied(p[:n]))
		}
		p = p[n:]
	}
	return err
}

// admit checks and counts bytes that have arrived, and returns those that are
// for the reader.
func (s *Session) admit(id uint32, p []byte) (st *Stream, rest []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st = s.streams[id]
	st.seen += uint64(len(p))
	if st.term != nil && st.seen > st.term.offset {
		return st, nil, wire.Errorf("stream %d goes on after its offset %d", id, st.term.offset)
	}
	used := 0
	if st.head != nil && !st.aborted {
		if used, err = s.readHead(st, p); err != nil {
			return st, nil, err
		}
	}
	if st.aborted {
		st.settle()
		return st, nil, nil
	}
	return st, p[used:], nil
}

func (st *Stream) join(p []byte) bool {
	st.session.mu.Lock()
	defer st.session.mu.Unlock()
	joined := st.aborted || st.arrived.join(p)
	if joined && !st.aborted {
		st.hold(len(p))
		signal(st.readable)
	}
	return joined
}

// copied is a copy of p to keep: in a buffer that comes back where the reader
// lends, if p fills more than half of one, since the budget counts only p.
func (st *Stream) copied(p []byte) []byte {
	if st.lends.Load() && len(p) > maxChunk/2 {
		return append(st.session.takeBuffer()[:0], p...)
	}
	return append([]byte(nil), p...)
}

func (st *Stream) keep(chunk []byte) {
	st.session.mu.Lock()
	defer st.session.mu.Unlock()
	if !st.aborted {
		st.arrived.push(chunk)
		st.hold(len(chunk))
		signal(st.readable)
	}
}

// discard drops what has arrived, so that an abandoned stream holds nothing
// while its other direction goes on. Callers hold the session's mu.
func (st *Stream) discard() {
	st.arrived = arrived{}
	st.release(st.buffered)
}

// refill returns how many bytes more the peer may send after n were read: as
// many as were, once that is half a window. Callers hold the session's mu.
func (st *Stream) refill(n int) uint32 {
	if st.term != nil {
		return 0 // it has sent everything
	}
	st.consumed += uint32(n)
	if int(st.consumed) < st.session.cfg.Window/2 {
		return 0
	}
	n, st.consumed = int(st.consumed), 0
	return uint32(n)
}

// grant lets the peer send n more bytes, if any. Callers do not hold mu.
func (st *Stream) grant(n uint32) {
	if n == 0 {
		return
	}
	s := st.session
	if err := s.shim.Grant(st.id, n); err != nil {
		s.mu.Lock()
		s.addJob(job{kind: jobFail, err: err})
		s.mu.Unlock()
	}
}
