package mux

import (
	"time"

	"github.com/weir-go/weir/mux/internal/shim"
	"github.com/weir-go/weir/mux/internal/wire"
)

// message acts on one message of the control stream. It runs on the goroutine
// that reads the connection.
func (s *Session) message(m wire.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case m.Kind == wire.Ping:
		s.send(wire.Message{Kind: wire.Pong, Nonce: m.Nonce})
		return s.shim.Charge()
	case m.Kind == wire.Pong:
		return s.pong(m.Nonce)
	case m.Kind == wire.Drain:
		return s.peerDrains()
	case m.Kind == wire.Drained:
		return s.peerDrained()
	case m.Kind >= wire.Optional:
		return s.shim.Charge()
	}
	return s.streamMessage(m)
}

// pong takes a round trip from the answer to the last ping.
func (s *Session) pong(nonce uint64) error {
	if s.ping.at.IsZero() || nonce != s.ping.nonce {
		return s.shim.Charge()
	}
	s.count.RTT = time.Since(s.ping.at)
	s.ping.at = time.Time{}
	return nil
}

// streamMessage acts on END, RESET and ABORT. A stream that has gone may
// still get one; one that never was may not.
func (s *Session) streamMessage(m wire.Message) error {
	st := s.streams[m.ID]
	switch {
	case st == nil && m.ID != shim.Control && s.shim.Seen(m.ID):
		return s.shim.Charge()
	case st == nil:
		return wire.Errorf("message of kind %d for unknown stream %d", m.Kind, m.ID)
	case m.Kind == wire.Abort && (st.ended || st.sendErr != nil):
		return s.shim.Charge()
	case m.Kind == wire.Abort:
		st.stop(&StreamError{Code: Code(m.Code), Text: m.Text, Remote: true})
		return nil
	}
	end := &terminator{offset: m.Offset}
	if m.Kind == wire.Reset {
		end.err = &StreamError{Code: Code(m.Code), Text: m.Text, Remote: true}
	}
	return st.peerEnds(end)
}

// peerEnds notes how and where the peer's direction ends.
func (st *Stream) peerEnds(end *terminator) error {
	switch {
	case st.term != nil:
		return wire.Errorf("stream %d ends twice", st.id)
	case end.offset < st.seen:
		return wire.Errorf("stream %d ends at %d, after %d bytes", st.id, end.offset, st.seen)
	case st.fin && end.offset > st.seen:
		return wire.Errorf("stream %d ends at %d, but finished at %d",
			st.id, end.offset, st.seen)
	}
	st.term = end
	if err := st.checkHead(); err != nil {
		return err
	}
	st.settle()
	signal(st.readable)
	return nil
}

// checkHead refuses a stream that ends within its head.
func (st *Stream) checkHead() error {
	over := st.fin || st.term != nil && st.seen == st.term.offset
	if st.head != nil && over && !st.aborted {
		return wire.Errorf("stream %d ends within its head, after %d bytes", st.id, st.seen)
	}
	return nil
}

// stop has our direction end with cause: by the sink, or at once where none
// runs. Callers hold the session's mu.
func (st *Stream) stop(cause *StreamError) {
	if st.ended || st.sendErr != nil {
		return
	}
	st.sendErr = cause
	if st.cancel != nil {
		st.cancel(cause)
		return
	}
	st.endSend(cause)
}
