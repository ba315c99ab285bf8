package mux

import "time"

// Stats are the numbers of a session up to now; the zero value says that there
// was nothing yet.
type Stats struct {
	BytesIn  uint64 // read from the connection, after the handshake
	BytesOut uint64 // written to the connection, after the handshake

	Streams  int    // open now, the control stream not counted
	Opened   uint64 // streams that were opened here
	Accepted uint64 // streams of the peer that Accept has returned
	Refused  uint64 // streams of the peer that were refused, also for a late name
	Evicted  uint64 // streams of the peer's or ours that were aborted for the budget

	Held    int           // bytes that have arrived and were not read
	Window  int           // of each stream here, in bytes
	Stalled time.Duration // how long sinks have waited, all of them together
	RTT     time.Duration // of the handshake, or of the last ping that was answered since
}

// Stats returns the session's numbers. They cost nothing to keep.
func (s *Session) Stats() Stats {
	in, out := s.shim.Bytes()
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.count
	st.BytesIn, st.BytesOut = in, out
	st.Streams, st.Held = len(s.streams), int(s.held)
	return st
}

// StreamStats are the numbers of a stream up to now. Its name and metadata are
// not counted.
type StreamStats struct {
	BytesIn   uint64 // returned by the source
	ChunksIn  uint64 // returned by the source
	BytesOut  uint64 // handed to the connection
	ChunksOut uint64 // taken from the sink's source, without the empty ones
	Writes    uint64 // what those became, at most 32 KiB each

	Held    int           // bytes that have arrived and were not read
	Credit  int           // bytes that the peer takes now
	Stalled time.Duration // how long the sink has waited for the peer or the connection
}

// Stats returns the stream's numbers, also after its end.
func (st *Stream) Stats() StreamStats {
	s := st.session
	s.mu.Lock()
	w := st.writer
	n := StreamStats{
		BytesIn: st.bytesIn, ChunksIn: st.chunksIn,
		BytesOut: st.sent - st.headOut, Writes: st.writes,
		Held: int(st.buffered), Credit: int(st.credit), Stalled: st.waited,
	}
	if !st.stalled.IsZero() {
		n.Stalled += time.Since(st.stalled)
	}
	s.mu.Unlock()
	if w != nil {
		n.ChunksOut = w.taken()
	}
	return n
}

// stall notes that the sink has begun to wait. Callers hold the session's mu,
// as of unstall.
func (st *Stream) stall() { st.stalled = time.Now() }

// unstall notes that it goes on.
func (st *Stream) unstall() {
	if st.stalled.IsZero() {
		return
	}
	d := time.Since(st.stalled)
	st.stalled = time.Time{}
	st.waited += d
	st.session.count.Stalled += d
}
