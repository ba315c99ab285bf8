package mux

import (
	"context"
	"errors"
	"io"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
)

var errGoexit = errors.New("mux: goroutine of the sink was ended")

// drain is the stream's sink. It pulls on the caller's goroutine; a goroutine
// of its own writes while there is something to gather.
func (st *Stream) drain(ctx context.Context, src pull.Source[[]byte]) error {
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := &writer{st: st, ctx: own, cancel: cancel, idle: make(chan struct{}, 1)}
	if !st.bind(w) {
		if err := pull.AbortIn(ctx, src, duplex.ErrUsed); err != nil {
			return &pull.ReleaseError{Cause: duplex.ErrUsed, Err: err}
		}
		return duplex.ErrUsed
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
		st.giveUp(w, cause)
		_ = pull.AbortIn(ctx, src, cause)
		if v != nil {
			panic(v)
		}
	}()
	err := w.pump(src)
	err = st.conclude(w, err)
	finished = true
	return err
}

// giveUp stops the writer and resets the direction.
func (st *Stream) giveUp(w *writer, cause error) {
	w.cancel(cause)
	_ = w.wait()
	st.session.mu.Lock()
	defer st.session.mu.Unlock()
	st.endSend(cause)
}

// bind registers how the sink is stopped; false means that it was used before.
func (st *Stream) bind(w *writer) bool {
	s := st.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.writer != nil {
		return false
	}
	st.writer, st.cancel = w, w.cancel
	st.writable = make(chan struct{}, 1)
	switch {
	case st.sendErr != nil:
		w.cancel(st.sendErr)
	case s.isDead() && s.err != nil:
		w.cancel(s.err)
	case s.isDead():
		w.cancel(ErrClosed)
	}
	return true
}

// conclude ends the direction after the source has ended with err: everything
// it yielded goes first, unless the sink was stopped.
func (st *Stream) conclude(w *writer, err error) error {
	stopped := w.wait()
	if stopped == nil && w.ctx.Err() != nil {
		stopped = pull.Cause(w.ctx)
	}
	if stopped != nil && err == io.EOF {
		err = stopped
	}
	cause := err
	if stopped != nil {
		cause = stopped
	}
	if err == io.EOF {
		err, cause = nil, nil
	}
	st.session.mu.Lock()
	defer st.session.mu.Unlock()
	st.endSend(cause)
	return err
}
