package websock

import (
	"context"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/internal/guard"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

var errGoexit = errors.New("websock: goroutine of the sink was ended")

// Messages is the view of c as messages, one WebSocket message each, binary or
// text as Config.Text says.
//
// A message from the peer that is over Config.MaxMessage fails the source with
// a [TooLargeError], text that is not UTF-8 with [ErrText]; the peer is told
// and the connection closed. The source holds no more memory than has arrived.
//
// The sink writes each message before it pulls the next, and holds none. A
// message that may not be sent, for the same reasons, aborts its source.
// Otherwise it is as that of [Conn.Chunks].
func (c *Conn) Messages() duplex.Duplex[frame.Msg, frame.Msg] {
	kind := websocket.MessageBinary
	if c.config.Text {
		kind = websocket.MessageText
	}
	if !c.view(kind, true) {
		return used[frame.Msg]()
	}
	return duplex.Duplex[frame.Msg, frame.Msg]{Source: source(c, asMsg), Sink: c.sinkMessages}
}

func asMsg(b []byte) frame.Msg { return b }

func (c *Conn) sinkMessages(ctx context.Context, src pull.Source[frame.Msg]) (err error) {
	if !c.used.Take() {
		return guard.Refuse(ctx, src, duplex.ErrUsed)
	}
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c.setStop(cancel)
	defer c.endSink()
	out := (*carrier)(c)
	cutting := make(chan struct{})
	stop := context.AfterFunc(own, func() {
		defer close(cutting)
		out.Cut(pull.Cause(own))
	})
	returned := false
	defer func() {
		v := recover()
		if !returned {
			err = pull.NewPanicError(v)
			if v == nil {
				err = errGoexit
			}
			_ = pull.AbortIn(ctx, src, err)
		}
		switch {
		case !stop():
			<-cutting
		case err != nil:
			out.Cut(err)
		}
		if v != nil {
			panic(v)
		}
	}()
	err = c.sendAll(own, src)
	if err == nil {
		err = out.End()
	}
	returned = true
	return err
}

// sendAll writes what src yields, and returns nil at its end.
func (c *Conn) sendAll(ctx context.Context, src pull.Source[frame.Msg]) error {
	for {
		m, err := src(ctx)
		switch {
		case err == io.EOF && ctx.Err() != nil:
			return pull.Cause(ctx)
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if err := c.send(m); err != nil {
			if ctx.Err() != nil { // that is why it failed
				err = pull.Cause(ctx)
			}
			return guard.Refuse(ctx, src, err)
		}
	}
}

// send writes one message, if it may be sent.
func (c *Conn) send(m frame.Msg) error {
	switch {
	case len(m) > c.config.MaxMessage:
		return &TooLargeError{Max: c.config.MaxMessage}
	case c.data == websocket.MessageText && !utf8.Valid(m):
		return ErrText
	}
	return c.write(c.data, m)
}
