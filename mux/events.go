package mux

import (
	"github.com/weir-go/weir/mux/internal/shim"
	"github.com/weir-go/weir/mux/internal/wire"
)

// events is what the shim tells the session. Nothing here waits or runs code
// of a user.
type events struct{ s *Session }

// Opened makes the stream's record.
func (e events) Opened(id uint32, remote bool) {
	s := e.s
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case id == shim.Control && remote:
		s.addJob(job{kind: jobAttach})
	case id == shim.Control:
	case !remote:
		s.next.id = id
		s.streams[id] = s.next
	default:
		st := newStream(s, id, true)
		s.streams[id] = st
		s.addJob(job{kind: jobAttach})
		switch {
		case s.refuse != 0:
			s.refuseStream(st, s.refuse)
		case !s.cfg.Budget.admit():
			s.refuseStream(st, CodeBudget)
		default:
			st.admitted = true
			s.admitted++
		}
	}
}

// Acked gives the slot of an opened stream back.
func (e events) Acked(id uint32) {
	s := e.s
	if id == shim.Control {
		close(s.up)
		return
	}
	<-s.slots
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.streams[id]
	st.acked = true
	st.maybeClose()
}

// Data reads the control stream, and the head of a stream of the peer; other
// bytes are announced to the stream's reader.
func (e events) Data(id uint32, p []byte) error {
	s := e.s
	if id == shim.Control {
		return s.control.Feed(p, s.message)
	}
	err := s.arrive(id, p)
	s.checkBudget()
	return err
}

// Space is memory for a chunk of a stream that has a reader.
func (e events) Space(id uint32, n int) []byte {
	s := e.s
	s.mu.Lock()
	st := s.streams[id]
	wanted := st.head == nil && !st.aborted
	s.mu.Unlock()
	switch {
	case !wanted:
		return nil
	case st.lends.Load() && n > maxChunk/2:
		return s.takeBuffer()
	}
	return make([]byte, n)
}

// Keep has what has arrived in such memory as a chunk.
func (e events) Keep(id uint32, p []byte) error {
	st, p, err := e.s.admit(id, p)
	if err == nil && len(p) > 0 {
		st.keep(p)
	}
	e.s.checkBudget()
	return err
}

// checkBudget is called when bytes have arrived.
func (s *Session) checkBudget() {
	if s.cfg.Budget.over() {
		s.cfg.Budget.enforce()
	}
}

func (s *Session) readHead(st *Stream, p []byte) (used int, err error) {
	used, done, err := st.head.Feed(p)
	if err != nil {
		return used, err
	}
	if !done {
		return used, st.checkHead()
	}
	if st.name, st.meta, err = st.head.Parse(); err != nil {
		return used, err
	}
	st.read = uint64(st.head.Size())
	st.consumed = uint32(st.head.Size()) // less than would be worth a window update
	st.head = nil
	s.offer(st)
	return used, nil
}

// Credit wakes the stream's writer.
func (e events) Credit(id uint32, n uint32) {
	e.s.mu.Lock()
	defer e.s.mu.Unlock()
	if st := e.s.streams[id]; st != nil { // it may have gone a moment ago
		st.credit += uint64(n)
		signal(st.writable)
	}
}

// Finished notes the peer's FIN, after which nothing of the stream arrives.
func (e events) Finished(id uint32) error {
	e.s.mu.Lock()
	defer e.s.mu.Unlock()
	st := e.s.streams[id]
	if st.term != nil && st.seen != st.term.offset {
		return wire.Errorf("stream %d finishes after %d bytes, its offset is %d",
			id, st.seen, st.term.offset)
	}
	st.fin = true
	if err := st.checkHead(); err != nil {
		return err
	}
	st.settle()
	signal(st.readable)
	return nil
}

// Forgotten drops the stream's record.
func (e events) Forgotten(id uint32) {
	s := e.s
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.streams[id]
	delete(s.streams, id)
	st.discard()
	switch {
	case !st.remote:
		<-s.places
	case st.admitted && !s.left:
		s.admitted--
		s.cfg.Budget.open.Add(-1)
	}
	s.checkDrained()
}

// Failed ends the session.
func (e events) Failed(err error) { e.s.fail(err) }
