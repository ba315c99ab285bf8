package mux

import (
	"context"
	"maps"
	"sync/atomic"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux/internal/shim"
	"github.com/weir-go/weir/mux/internal/wire"
)

// A Stream is one duplex of a session. It is open until both its directions
// have ended, so both halves of its Duplex must be: read the source to its end
// or abort it, call the sink, or call Duplex().Close for what is not used.
//
// Its methods may be called by any goroutine at any time. Of what Duplex and
// Reused return, the source may be called by one goroutine at a time, while
// another has called the sink. Streams come of Open and Accept: the zero value
// is none.
type Stream struct {
	session *Session
	remote  bool // the peer opened it

	reading  atomic.Bool   // a call of the source is running
	end      error         // the source's, owned by its caller
	lent     []byte        // what the source has lent out, owned by its caller
	lends    atomic.Bool   // the source lends
	readable chan struct{} // 1 slot
	writable chan struct{} // 1 slot; nil until the sink runs

	// What follows is guarded by session.mu. id, name, meta and yamux are set
	// before anybody else sees the stream.
	id     uint32
	name   string
	meta   map[string]string
	yamux  *yamux.Stream
	head   *wire.HeadReader // of a stream of the peer; nil once it is complete
	late   int              // ticks for which the head was waited for
	taken  bool             // of the peer: it was accepted or refused
	acked  bool             // both ends know it
	closed bool             // the FIN is on its way

	// The receiving direction. Offsets count all its bytes, the head too.
	seen     uint64      // arrived
	read     uint64      // delivered
	fin      bool        // no more will arrive
	term     *terminator // how it ends, once the peer has said so
	aborted  bool        // the reader has gone: what arrives is dropped
	evicted  error       // the budget did that
	gotEnd   bool        // the end was delivered, or nobody is there for it
	admitted bool        // the stream counts against the budget
	arrived  arrived     // what was not read yet
	buffered uint64      // bytes of it
	consumed uint32      // bytes read since the peer's window was refilled

	// The sending direction.
	sent    uint64 // given to the shim
	headOut uint64 // of that, the head
	credit  uint64 // bytes the peer takes now
	writer  *writer
	ended   bool  // END or RESET is on its way
	sendErr error // why nothing more may be sent
	cancel  context.CancelCauseFunc
	stalled time.Time // when the sink began to wait; zero: it does not

	// What is counted as it happens.
	bytesIn, chunksIn, writes uint64
	waited                    time.Duration
}

// A terminator is END (err is nil) or RESET.
type terminator struct {
	offset uint64
	err    error
}

func newStream(s *Session, id uint32, remote bool) *Stream {
	st := &Stream{
		session: s, id: id, remote: remote, credit: shim.InitialWindow,
		readable: make(chan struct{}, 1),
	}
	if remote {
		st.head = new(wire.HeadReader)
	}
	return st
}

// ID returns the stream's number, which is unique in its session and the same
// at both ends. Ids of the client are odd, those of the server even, and each
// side's grow in the order of opening.
func (st *Stream) ID() uint32 { return st.id }

// Name returns the name the stream was opened with.
func (st *Stream) Name() string { return st.name }

// Meta returns a copy of the metadata the stream was opened with, nil when
// there was none.
func (st *Stream) Meta() map[string]string { return maps.Clone(st.meta) }

// Duplex returns the stream's two halves, the same ones each time.
//
// The source returns chunks of at most 32 KiB as they arrive, owned by the
// caller; Reused has the same source without an allocation for large ones. It
// ends with io.EOF when the peer's sink ended well, with a
// StreamError when the peer reset the direction, with io.ErrUnexpectedEOF when
// a foreign peer closed the stream without saying how it ends, with a StreamError
// of CodeBudget when the stream fell victim to Config.Budget, and with the
// session's cause when that was lost. Its abort is sent to the peer.
//
// The sink may be called once. It sends what its source yields, reading ahead
// by at most 32 KiB and one chunk: what accumulates while one write is under
// way goes out with the next, and nothing waits for a timer. It returns nil
// once END is on its way, which does not say that the peer has read
// everything. When the peer's reader aborts, the source is aborted with its
// StreamError as the cause; when the session is lost, with that.
func (st *Stream) Duplex() duplex.Duplex[[]byte, []byte] {
	return duplex.Duplex[[]byte, []byte]{Source: st.next, Sink: st.drain}
}

// Reused returns the duplex with a source that uses its buffers again: a
// chunk is valid until the next call, and must not be written to. So it may not
// stand before a stage that reads ahead, or that hands its values to another
// goroutine. It is the same source in everything else; the two must not be used
// in turns.
func (st *Stream) Reused() duplex.Duplex[[]byte, []byte] {
	return duplex.Duplex[[]byte, []byte]{Source: st.nextLent, Sink: st.drain}
}

// maybeClose has the FIN sent once our direction has ended and the peer's end
// was consumed. It waits for the acknowledgement, which yamux forgets to send
// when the FIN comes first. Callers hold mu.
func (st *Stream) maybeClose() {
	if st.ended && st.gotEnd && st.yamux != nil && st.acked && !st.closed {
		st.closed = true
		st.session.addJob(job{kind: jobClose, stream: st})
	}
}

// settle notes the peer's end where nobody reads. Callers hold mu.
func (st *Stream) settle() {
	if !st.aborted || st.gotEnd {
		return
	}
	if st.fin || st.term != nil && st.seen == st.term.offset {
		st.gotEnd = true
		st.maybeClose()
	}
}

// endSend ends our direction: with END when cause is nil, else with RESET.
// Callers hold mu.
func (st *Stream) endSend(cause error) {
	if st.ended {
		return
	}
	st.ended = true
	m := wire.Message{Kind: wire.End, ID: st.id, Offset: st.sent}
	if cause != nil {
		m.Kind = wire.Reset
		code, text := reason(cause)
		m.Code, m.Text = uint32(code), text
	}
	st.session.send(m)
	st.maybeClose()
}

// sendAbort tells the peer that nobody reads, once, unless it has ended already.
// Callers hold mu.
func (st *Stream) sendAbort(cause error) {
	if st.aborted {
		return
	}
	st.aborted = true
	if st.term == nil {
		code, text := reason(cause)
		st.session.send(wire.Message{
			Kind: wire.Abort, ID: st.id, Code: uint32(code), Text: text,
		})
	}
	st.settle()
}

// stopSink has the sink end with cause, now or when it is called.
func (st *Stream) stopSink(cause error) {
	st.session.mu.Lock()
	if st.sendErr == nil {
		st.sendErr = cause
	}
	cancel := st.cancel
	st.session.mu.Unlock()
	if cancel != nil {
		cancel(cause)
	}
}
