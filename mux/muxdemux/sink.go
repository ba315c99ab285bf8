package muxdemux

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux/internal/ends"
	"github.com/weir-go/weir/pull"
)

var errGoexit = errors.New("muxdemux: goroutine of the sink was ended")

// drain is the stream's sink. All of it happens on the caller's goroutine.
func (st *Stream) drain(ctx context.Context, src pull.Source[json.RawMessage]) error {
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if !st.bind(cancel) {
		return ends.Refuse(ctx, src, duplex.ErrUsed)
	}
	finished := false
	defer func() {
		if finished {
			return
		}
		cause := error(errGoexit)
		v := recover()
		if v != nil {
			cause = pull.NewPanicError(v)
		}
		st.endSend(cause)
		_ = pull.AbortIn(ctx, src, cause)
		if v != nil {
			panic(v)
		}
	}()
	err := st.pump(own, src)
	finished = true
	if err == io.EOF && own.Err() != nil {
		err = pull.Cause(own)
	}
	if err == io.EOF {
		err = nil
	}
	return st.endSend(err)
}

// bind registers how the sink is stopped; false means that it was used before.
func (st *Stream) bind(stop context.CancelCauseFunc) bool {
	s := st.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.used {
		return false
	}
	st.used, st.stop = true, stop
	if st.sendErr != nil {
		stop(st.sendErr)
	}
	return true
}

// pump sends what src yields until that ends, and returns how.
func (st *Stream) pump(ctx context.Context, src pull.Source[json.RawMessage]) error {
	for {
		st.waitWritable(ctx)
		v, err := src(ctx)
		if err != nil {
			return err
		}
		if v, err = st.fit(v); err != nil {
			return ends.Refuse(ctx, src, err)
		}
		st.send(v)
	}
}

// waitWritable waits until the peer takes more, and the connection does.
func (st *Stream) waitWritable(ctx context.Context) {
	s := st.session
	for {
		s.out.WaitRoom(ctx, s.dead)
		s.mu.Lock()
		paused := st.paused
		s.mu.Unlock()
		if !paused || ctx.Err() != nil {
			return
		}
		select {
		case <-st.writable:
		case <-ctx.Done():
		}
	}
}

// fit makes of v what goes into a line.
func (st *Stream) fit(v json.RawMessage) (json.RawMessage, error) {
	v, err := compact(v)
	if err != nil {
		return nil, err
	}
	if len(appendLine(nil, st.key, evData, nil))+len(v)+1 > st.session.cfg.MaxLine {
		return nil, ErrTooLarge
	}
	return v, nil
}

func (st *Stream) send(v json.RawMessage) {
	s := st.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.sendErr == nil {
		s.say(st.key, evData, v)
	}
}

// endSend ends the direction: with end when cause is nil, else with error,
// unless the whole stream ends for no failure. It returns cause.
func (st *Stream) endSend(cause error) error {
	s := st.session
	s.mu.Lock()
	defer s.mu.Unlock()
	st.stop = nil
	switch {
	case st.sendDone: // it goes the other way, which an empty source may not notice
	case st.sendErr != nil, st.forgotten:
	case cause == nil:
		s.say(st.key, evEnd, nil)
	case st.readDone && errors.Is(cause, pull.ErrStopped):
	default:
		s.say(st.key, evError, payload(cause))
	}
	st.sendDone = true
	st.settle()
	return cause
}

// stopSend has the sink end with cause, now or when it is called. Callers hold
// the session's mu.
func (st *Stream) stopSend(cause error) {
	if st.sendErr == nil {
		st.sendErr = cause
	}
	if st.stop == nil {
		st.sendDone = true // there is nobody to say anything to
		st.settle()
		return
	}
	st.stop(cause)
}
