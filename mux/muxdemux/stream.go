package muxdemux

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"sync/atomic"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

// A Stream is one duplex of a session. It is open until both its directions
// have ended, so both halves of its Duplex must be: read the source to its end
// or abort it, call the sink, or call Duplex().Close for what is not used. A
// stream that goes one way has ended in the other from the start: its source
// returns io.EOF, or its sink fails with ErrOneWay; no need to call them.
//
// Its methods may be called by any goroutine at any time. Of what Duplex
// returns, the source may be called by one goroutine at a time, while another
// has called the sink. Streams come of Open and Accept: the zero value is none.
type Stream struct {
	session *Session
	id      string
	key     string // how its lines begin
	meta    json.RawMessage
	kind    Kind
	remote  bool // the peer opened it

	reading  atomic.Bool   // a call of the source is running
	end      error         // the source's, owned by its caller
	readable chan struct{} // 1 slot
	writable chan struct{} // 1 slot

	// What follows is guarded by the session's mu.
	forgotten bool // close was said, or heard and answered
	settled   bool // both directions have ended, and were heard out

	queue    []json.RawMessage // arrived and not read
	held     int               // bytes of it
	waiting  bool              // a call of the source waits
	choked   bool              // the peer was asked to pause
	left     bool              // the reader has gone
	readEnd  error             // how the direction ends; nil: it goes on
	readDone bool              // that was delivered, or nobody is there for it

	paused   bool // by the peer
	used     bool // the sink was called
	sendDone bool // end or error was said, or there is nobody to say it to
	sendErr  error
	stop     context.CancelCauseFunc // of the sink that runs
}

// A Kind says which halves a stream has.
type Kind int

// Kinds of streams, from the view of the end that asks.
const (
	Both  Kind = iota // a source and a sink, npm's createStream
	Read              // a source only, npm's createReadStream
	Write             // a sink only, npm's createWriteStream
)

// String returns the kind in one word.
func (k Kind) String() string {
	switch k {
	case Read:
		return "read"
	case Write:
		return "write"
	}
	return "both"
}

func newStream(s *Session, id string, meta json.RawMessage) *Stream {
	key := append([]byte{'['}, appendString(nil, id)...)
	return &Stream{
		session: s, id: id, key: string(append(key, ',')), meta: meta,
		readable: make(chan struct{}, 1), writable: make(chan struct{}, 1),
	}
}

// add registers a stream with the halves that it has. Callers hold mu.
func (s *Session) add(st *Stream, readable, writable bool) {
	switch {
	case !writable:
		st.kind = Read
	case !readable:
		st.kind = Write
	}
	if !readable {
		st.readEnd, st.readDone = io.EOF, true
	}
	if !writable {
		st.sendErr, st.sendDone = ErrOneWay, true
	}
	s.streams[st.id] = st
	s.live++
	if st.remote {
		s.theirs++
	}
	st.settle()
}

// settle says close once both directions have ended. Callers hold mu, as of all
// below.
func (st *Stream) settle() {
	s := st.session
	if !st.readDone || !st.sendDone || st.settled {
		return
	}
	st.settled = true
	st.forget()
	s.live--
	if st.remote {
		s.theirs--
	}
	if s.live == 0 {
		close(s.empty)
		s.empty = make(chan struct{})
	}
}

// forget says close, which answers the peer's if that came first.
func (st *Stream) forget() {
	if st.forgotten {
		return
	}
	st.forgotten = true
	st.session.say(st.key, evClose, nil)
	delete(st.session.streams, st.id)
}

// ID returns the stream's id, which is the same at both ends.
func (st *Stream) ID() string { return st.id }

// Kind returns which halves the stream has here.
func (st *Stream) Kind() Kind { return st.kind }

// Meta returns a copy of the metadata that the stream was opened with, in JSON;
// nil when there was none.
func (st *Stream) Meta() json.RawMessage { return bytes.Clone(st.meta) }

// Duplex returns the stream's two halves, the same ones each time.
//
// The source returns JSON values, owned by the caller. It ends with io.EOF when
// the peer's writer ended well, with a StreamError when the peer said so, with
// io.ErrUnexpectedEOF when it closed the stream without an end, with an
// OverrunError when it did not pause, and with the session's cause when that
// was lost; all behind the values that came before.
//
// The sink may be called once. It sends what its source yields, one value a
// line, without reading ahead, and does not pull while the peer has it paused or
// 64 KiB wait for the connection. It returns nil once end is on its way, which
// does not say that the peer has read everything. A value that is no JSON, or
// too long for a line, fails with ErrNotJSON or ErrTooLarge. When the peer has
// closed the stream, the source is aborted with pull.ErrStopped as the cause;
// with a StreamError when the peer said so; when the session is lost, with
// that.
func (st *Stream) Duplex() duplex.Duplex[json.RawMessage, json.RawMessage] {
	return duplex.Duplex[json.RawMessage, json.RawMessage]{Source: st.next, Sink: st.drain}
}

// Values returns the stream's duplex with Go values, as encoding/json reads and
// writes them: values to read become Rs, those to send are Ws. One that cannot
// be ends its direction with a codec.LineError, whose line is the number of the
// value.
func Values[R, W any](st *Stream) duplex.Duplex[R, W] {
	in := func(src pull.Source[json.RawMessage]) pull.Source[R] {
		return codec.DecodeJSON[R](func(ctx context.Context) ([]byte, error) {
			v, err := src(ctx)
			if err != nil {
				return nil, err
			}
			return append(v, '\n'), nil
		}, codec.JSONOptions{MaxLine: st.session.cfg.MaxLine})
	}
	out := func(src pull.Source[W]) pull.Source[json.RawMessage] {
		lines := codec.EncodeJSON(src)
		return func(ctx context.Context) (json.RawMessage, error) { return lines(ctx) }
	}
	return duplex.Map(st.Duplex(), in, out)
}
