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
// of its own writes while there is something to write.
func (st *Stream) drain(ctx context.Context, src pull.Source[[]byte]) error {
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if !st.bind(cancel) {
		if err := pull.AbortIn(ctx, src, duplex.ErrUsed); err != nil {
			return &pull.ReleaseError{Cause: duplex.ErrUsed, Err: err}
		}
		return duplex.ErrUsed
	}
	w := &writer{st: st, ctx: own, cancel: cancel, idle: make(chan struct{}, 1)}
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
func (st *Stream) bind(cancel context.CancelCauseFunc) bool {
	s := st.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.sinkUsed {
		return false
	}
	st.sinkUsed = true
	st.cancel = cancel
	switch {
	case st.sendErr != nil:
		cancel(st.sendErr)
	case s.isDead() && s.err != nil:
		cancel(s.err)
	case s.isDead():
		cancel(ErrClosed)
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
