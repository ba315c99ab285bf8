package netconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/internal/guard"
	"github.com/weir-go/weir/duplex/internal/pump"
	"github.com/weir-go/weir/pull"
)

// source makes the reading half.
func (c *conn) source() pull.Source[[]byte] {
	read := pull.Reader((*reader)(c))
	src := pull.From(read, func(cause error) error {
		_ = pull.Abort(read, cause) // lets go of a context and a buffer
		return c.half()
	})
	return func(ctx context.Context) ([]byte, error) {
		if !c.busy.Take() {
			return nil, pull.ErrOverlap
		}
		defer c.busy.Give()
		return src(ctx)
	}
}

// reader is conn as pull.Reader sees it.
type reader conn

// SetReadDeadline never fails: what was cut needs no interruption.
func (r *reader) SetReadDeadline(t time.Time) error {
	_ = r.Conn.SetReadDeadline(t)
	return nil
}

// Read cuts the connection when it fails for good.
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	c := (*conn)(r)
	if err == io.EOF {
		err = c.loss()
	}
	if err == nil || err == io.EOF || errors.Is(err, os.ErrDeadlineExceeded) {
		return n, err
	}
	err, cut := c.failed(err)
	if cut {
		return n, fmt.Errorf("%w: %w", ErrCut, err)
	}
	c.cut(err)
	return n, err
}

// sink is the writing half.
func (c *conn) sink(ctx context.Context, src pull.Source[[]byte]) (err error) {
	if !c.used.Take() {
		return guard.Refuse(ctx, src, duplex.ErrUsed)
	}
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c.setStop(cancel)
	defer func() {
		c.setStop(nil)
		if closeErr := c.half(); err == nil {
			err = closeErr
		}
	}()
	return pump.Run(own, src, (*writer)(c))
}

// setStop says how to stop the sink, and does it if the connection is cut.
func (c *conn) setStop(stop context.CancelCauseFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stop = stop
	if stop != nil && c.cause != nil {
		stop(c.cause)
	}
}

// writer is conn as pump.Run sees it.
type writer conn

// Write makes its first failure the last thing that is written.
func (w *writer) Write(p []byte) (int, error) {
	w.writing <- struct{}{}
	defer func() { <-w.writing }()
	n, err := w.Conn.Write(p)
	if err != nil {
		err, _ = (*conn)(w).failed(err)
		w.tear(err)
	}
	return n, err
}

func (w *writer) tear(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.torn = err
}

// End sends the end, where it can be sent by itself. What the reader meets after
// that is no failure of ours any more.
func (w *writer) End() error {
	(*conn)(w).setStop(nil)
	c, ok := w.Conn.(interface{ CloseWrite() error })
	if !ok {
		return nil
	}
	err := c.CloseWrite()
	if err != nil {
		err, _ = (*conn)(w).failed(err)
		w.tear(err)
	}
	return err
}

// Cut leaves a torn connection open, for what the peer may have sent before:
// it is reset at its close.
func (w *writer) Cut(cause error) {
	c := (*conn)(w)
	c.mu.Lock()
	torn := c.torn != nil
	c.mu.Unlock()
	if !torn {
		c.cut(cause)
	}
}
