package websock

import (
	"context"
	"time"

	"github.com/coder/websocket"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/internal/guard"
	"github.com/weir-go/weir/duplex/internal/pump"
	"github.com/weir-go/weir/pull"
)

// Chunks is the view of c as bytes without boundaries, in binary messages.
//
// The source returns chunks of 1 byte to 32 KiB, of messages of any length.
//
// The sink pulls while it writes: up to 32 KiB may wait, and one chunk that did
// not fit. The first chunk goes at once, those that come meanwhile join the
// next message, of at most 32 KiB; no timer is involved. It returns nil when
// its source has ended and all of it and the end were handed to the system.
// When the peer reads no more, it returns [pull.ErrStopped] or a [CloseError].
func (c *Conn) Chunks() duplex.Duplex[[]byte, []byte] {
	if !c.view(websocket.MessageBinary, false) {
		return used[[]byte]()
	}
	return duplex.Duplex[[]byte, []byte]{Source: source(c, asChunk), Sink: c.sinkChunks}
}

func asChunk(b []byte) []byte { return b }

func (c *Conn) sinkChunks(ctx context.Context, src pull.Source[[]byte]) error {
	if !c.used.Take() {
		return guard.Refuse(ctx, src, duplex.ErrUsed)
	}
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c.setStop(cancel)
	defer c.endSink()
	return pump.Run(own, src, (*carrier)(c))
}

func (c *Conn) endSink() {
	c.setStop(nil)
	c.half()
}

// used is a second view.
func used[T any]() duplex.Duplex[T, T] {
	return duplex.Duplex[T, T]{
		Source: pull.Error[T](duplex.ErrUsed),
		Sink: func(ctx context.Context, src pull.Source[T]) error {
			return guard.Refuse(ctx, src, duplex.ErrUsed)
		},
	}
}

// source makes the reading half of a view.
func source[T any](c *Conn, as func([]byte) T) pull.Source[T] {
	src := pull.From(func(ctx context.Context) (v T, err error) {
		b, err := c.next(ctx)
		if err != nil {
			return v, err
		}
		return as(b), nil
	}, func(cause error) error {
		c.endSource(cause)
		return nil
	})
	return func(ctx context.Context) (v T, err error) {
		if !c.busy.Take() {
			return v, pull.ErrOverlap
		}
		defer c.busy.Give()
		return src(ctx)
	}
}

// next waits for what the pump gives.
func (c *Conn) next(ctx context.Context) ([]byte, error) {
	select {
	case b := <-c.in:
		return b, nil
	case <-c.ended:
		return nil, c.end
	case <-ctx.Done():
		return nil, pull.Cause(ctx)
	case <-c.dead:
	}
	select {
	case <-c.ended: // that came first
		return nil, c.end
	default:
		return nil, cutError(c.why())
	}
}

// endSource ends the reading half; the peer is told where it did not know.
func (c *Conn) endSource(cause error) {
	select {
	case <-c.ended:
	default:
		close(c.drop)
		c.abandon(cause)
	}
	c.half()
}

// abandon tells the peer that we read no more: now, while our own direction
// goes on, and with the code of the close frame.
func (c *Conn) abandon(cause error) {
	c.mu.Lock()
	c.aborted = cause
	alone := c.open == 1
	c.mu.Unlock()
	if !alone {
		c.sendStop(cause)
	}
}

// carrier is a Conn as pump.Run sees it.
type carrier Conn

// Write writes p in messages of at most pump.Size bytes.
func (w *carrier) Write(p []byte) (written int, err error) {
	for len(p) > 0 {
		n := min(len(p), pump.Size)
		if err := (*Conn)(w).write(websocket.MessageBinary, p[:n]); err != nil {
			return written, err
		}
		p, written = p[n:], written+n
	}
	return written, nil
}

// End sends the end of our direction. A peer that has all of it may close before
// we know that we have written it, so that is no failure any more.
func (w *carrier) End() error {
	c := (*Conn)(w)
	c.setStop(nil)
	return c.write(c.control(), []byte(endWord))
}

// Cut ends a connection whose sink has failed. One whose reader wants no more
// lives on for the other direction; the peer is to take what is under way soon.
func (w *carrier) Cut(cause error) {
	c := (*Conn)(w)
	if !c.isStop(cause) {
		c.cut(cause)
		return
	}
	t := time.AfterFunc(c.config.CloseTimeout, func() { c.cutSoon(cause) })
	defer t.Stop()
	select {
	case c.pen <- struct{}{}:
		<-c.pen
	case <-c.dead:
	}
}
