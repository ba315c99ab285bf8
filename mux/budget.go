package mux

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// defaultBudget is the default of Budget.Bytes.
const defaultBudget = 64 << 20

// A Budget bounds what the streams of one or several sessions hold here: bytes
// that have arrived and were not read yet. Give the sessions that one peer may
// have the same Budget, and it cannot multiply its share by connecting again.
//
// When three quarters of the bytes are held, new streams are refused. When
// more than all of them are, the stream that holds most is aborted, both ways,
// with CodeBudget, and then the next, until it is enough. Each session may be
// over by the 64 KiB that it reads at once.
//
// The zero value has the defaults. The fields must not change once a session
// has the Budget; everything else may be shared between goroutines. A Budget
// must not be copied.
type Budget struct {
	// Bytes is how many bytes may be held. 0 means 64 MiB.
	Bytes int

	// Streams is how many streams of the peer may be open at once in all
	// sessions together; more are refused. 0 means that only each session's
	// MaxStreams counts.
	Streams int

	held atomic.Int64
	open atomic.Int64

	mu       sync.Mutex // taken before that of a session
	sessions map[*Session]struct{}
}

// Held returns how many bytes are held now.
func (b *Budget) Held() int { return int(b.held.Load()) }

func (b *Budget) bytes() int64 {
	if b.Bytes == 0 {
		return defaultBudget
	}
	return int64(b.Bytes)
}

// join counts a session in.
func (b *Budget) join(s *Session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sessions == nil {
		b.sessions = make(map[*Session]struct{})
	}
	b.sessions[s] = struct{}{}
}

// leave takes back what a session that has ended still has.
func (b *Budget) leave(s *Session) {
	b.mu.Lock()
	delete(b.sessions, s)
	b.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = true
	b.held.Add(-s.held)
	b.open.Add(-int64(s.admitted))
	s.held, s.admitted = 0, 0
}

// admit reserves the place of a stream whose SYN has come, so that many at
// once cannot be more than fit. It does not wait.
func (b *Budget) admit() bool {
	if b.held.Load() >= b.bytes()/4*3 {
		return false
	}
	if n := b.open.Add(1); b.Streams > 0 && n > int64(b.Streams) {
		b.open.Add(-1)
		return false
	}
	return true
}

func (b *Budget) over() bool { return b.held.Load() > b.bytes() }

// enforce aborts the largest holders until the rest fits. It runs on the
// goroutine that has just taken bytes in, with no session's lock, and waits for
// nothing but these locks.
func (b *Budget) enforce() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.over() {
		var s *Session
		var most uint64
		for other := range b.sessions {
			if n := other.largest(); n > most {
				s, most = other, n
			}
		}
		if s == nil {
			return // what is over is being dropped already
		}
		s.dropLargest(b.bytes())
	}
}

// largest is what the stream of s that holds most holds.
func (s *Session) largest() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.holder().holds()
}

// holder is the stream that holds most; nil when none holds anything. Callers
// hold mu.
func (s *Session) holder() (most *Stream) {
	for _, st := range s.streams {
		if st.holds() > most.holds() {
			most = st
		}
	}
	return most
}

// holds is what counts against the budget.
func (st *Stream) holds() uint64 {
	if st == nil || st.evicted != nil {
		return 0
	}
	return st.buffered
}

func (s *Session) dropLargest(limit int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.holder()
	if st == nil {
		return
	}
	s.count.Evicted++
	st.evict(&StreamError{Code: CodeBudget, Text: fmt.Sprintf(
		"it holds most, %d bytes, of a budget of %d", st.buffered, limit)})
}

// hold counts n more bytes that st holds. Callers hold mu.
func (st *Stream) hold(n int) {
	st.buffered += uint64(n)
	st.charge(int64(n))
}

// release counts n bytes of st that were read or dropped. Callers hold mu.
func (st *Stream) release(n uint64) {
	st.buffered -= n
	st.charge(-int64(n))
}

// charge moves the session's count and the budget's, as long as st counts.
func (st *Stream) charge(n int64) {
	if s := st.session; !s.left && st.evicted == nil {
		s.held += n
		s.cfg.Budget.held.Add(n)
	}
}

// evict ends both directions of a stream, and drops what it holds. Callers
// hold mu.
func (st *Stream) evict(cause *StreamError) {
	s := st.session
	st.discard()
	st.evicted = cause
	st.sendAbort(cause)
	st.stop(cause)
	s.addJob(job{kind: jobEvicted, stream: st})
	signal(st.readable)
	if st.remote && !st.taken {
		s.queue = slices.DeleteFunc(s.queue, func(q *Stream) bool { return q == st })
		s.take(st)
	}
}
