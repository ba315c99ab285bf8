package muxdemux

import (
	"context"
	"encoding/json"

	"github.com/weir-go/weir/pull"
)

// next is the stream's source.
func (st *Stream) next(ctx context.Context) (json.RawMessage, error) {
	if !st.reading.CompareAndSwap(false, true) {
		return nil, pull.ErrOverlap
	}
	defer st.reading.Store(false)
	for st.end == nil {
		if ctx.Err() != nil {
			st.leave(pull.Cause(ctx))
			break
		}
		if v := st.take(); v != nil {
			return v, nil
		}
		if st.end != nil {
			break
		}
		select {
		case <-st.readable:
		case <-ctx.Done():
		}
	}
	return nil, st.end
}

// take returns the next value that has arrived, or nil when there is none; then
// it has set the end if that has come.
func (st *Stream) take() json.RawMessage {
	s := st.session
	s.mu.Lock()
	defer s.mu.Unlock()
	st.waiting = false
	if len(st.queue) > 0 {
		v := st.queue[0]
		st.queue[0] = nil
		st.queue = st.queue[1:]
		if st.held -= len(v) + valueCost; st.choked && st.held <= s.cfg.Hold/2 {
			st.resume()
		}
		return v
	}
	if st.readEnd != nil {
		st.end = st.readEnd
		st.readDone = true
		st.settle()
		return nil
	}
	st.waiting = true
	return nil
}

// resume has the peer go on, unless nothing more comes. Callers hold mu.
func (st *Stream) resume() {
	st.choked = false
	if st.readEnd == nil && !st.forgotten {
		st.session.say(st.key, evResume, nil)
	}
}

// leave ends the source with cause and drops what has arrived. What still
// arrives is dropped too.
func (st *Stream) leave(cause error) {
	s := st.session
	s.mu.Lock()
	defer s.mu.Unlock()
	st.end = cause
	st.left, st.readDone = true, true
	st.waiting = false
	st.queue, st.held = nil, 0
	st.settle()
}
