package muxdemux

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/weir-go/weir/pull"
)

// dispatch acts on a line of the peer's. It never waits and calls no code of
// the user's; an error ends the session.
func (s *Session) dispatch(l line) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.streams[l.id]
	switch {
	case s.ended:
		return nil
	case l.event == evNew:
		return s.opened(st, l)
	case st == nil: // it has gone, here or on its way
		return nil
	}
	switch l.event {
	case evData:
		st.arrive(l.arg)
	case evEnd:
		st.endRead(io.EOF)
	case evClose:
		st.peerClosed()
	case evPause:
		st.paused = true
	case evResume:
		st.paused = false
		signal(st.writable)
	case evError:
		st.peerFailed(eventError(orNull(l.arg)))
	}
	return nil
}

// opened makes the peer's new stream, or refuses it.
func (s *Session) opened(old *Stream, l line) error {
	if old != nil {
		return &ProtocolError{Detail: fmt.Sprintf("new for %q, which is open", l.id)}
	}
	o := l.open
	st := newStream(s, l.id, o.Meta)
	why := ""
	switch {
	case s.closing:
		why = "the session is closing"
	case s.refuse:
		why = "remote end does not accept streams"
	case s.theirs >= s.cfg.MaxStreams:
		why = fmt.Sprintf("remote end has %d streams, its limit", s.theirs)
	case len(o.Meta) > maxMeta:
		why = fmt.Sprintf("meta has %d bytes, of %d", len(o.Meta), maxMeta)
	}
	if why != "" {
		s.say(st.key, evError, appendString(nil, why))
		s.say(st.key, evClose, nil)
		return nil
	}
	st.remote = true
	s.add(st, o.Opts.Readable, o.Opts.Writable)
	s.queue = append(s.queue, st)
	signal(s.ready)
	return nil
}

// arrive takes a value. Callers hold the session's mu, as of all below.
func (st *Stream) arrive(v json.RawMessage) {
	if st.readEnd != nil {
		return
	}
	v = orNull(v)
	if st.left { // and has the peer know, once
		st.choke()
		return
	}
	held := st.held + len(v) + valueCost
	if limit := st.session.cfg.Limit; held > limit && len(st.queue) > 0 {
		st.fail(&OverrunError{Held: held, Limit: limit})
		return
	}
	direct := st.waiting && len(st.queue) == 0
	st.waiting = false
	st.queue = append(st.queue, v)
	st.held = held
	signal(st.readable)
	if held >= st.session.cfg.Hold && !direct {
		st.choke()
	}
}

// choke asks the peer to pause, once.
func (st *Stream) choke() {
	if !st.choked {
		st.choked = true
		st.session.say(st.key, evPause, nil)
	}
}

// endRead notes how the receiving direction ends, behind what has arrived.
func (st *Stream) endRead(end error) {
	if st.readEnd != nil {
		return
	}
	st.readEnd = end
	if st.left {
		st.readDone = true
	}
	signal(st.readable)
	st.settle()
}

// peerClosed acts on close: the peer has forgotten the stream, and both
// directions are over.
func (st *Stream) peerClosed() {
	st.endRead(io.ErrUnexpectedEOF)
	st.stopSend(pull.ErrStopped)
	st.forget()
}

// peerFailed acts on error, which ends the receiving direction, or the sending
// one if nothing was to be received any more. A second error changes nothing, as
// in npm.
func (st *Stream) peerFailed(err *StreamError) {
	switch _, failed := st.readEnd.(*StreamError); {
	case failed:
	case st.readEnd == nil && !st.left:
		st.endRead(err)
	default:
		st.stopSend(err)
	}
}

// fail cuts the stream, in both directions, and tells the peer.
func (st *Stream) fail(err error) {
	st.session.say(st.key, evError, payload(err))
	st.endRead(err)
	st.stopSend(err)
	st.forget()
}

// cut ends both directions of a stream of a session that has ended.
func (st *Stream) cut(err error) {
	st.forgotten = true
	st.endRead(err)
	st.stopSend(err)
}

// orNull reads no argument as null, as JSON has it for undefined.
func orNull(v json.RawMessage) json.RawMessage {
	if v == nil {
		return json.RawMessage("null")
	}
	return v
}
