package websock

import (
	"context"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/internal/guard"
	"github.com/weir-go/weir/duplex/internal/pump"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

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

func (c *Conn) sinkMessages(ctx context.Context, src pull.Source[frame.Msg]) error {
	if !c.used.Take() {
		return guard.Refuse(ctx, src, duplex.ErrUsed)
	}
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c.setStop(cancel)
	defer c.endSink()
	return pump.Guard(own, (*carrier)(c), func() error { return c.sendAll(own, cancel, src) })
}

// sendAll writes what src yields, and returns io.EOF at its end.
func (c *Conn) sendAll(
	ctx context.Context, cancel context.CancelCauseFunc, src pull.Source[frame.Msg],
) error {
	returned := false
	defer pump.Abandon(ctx, cancel, src, &returned, func() {})
	for {
		m, err := src(ctx)
		if err != nil {
			returned = true
			return err
		}
		if err := c.send(m); err != nil {
			returned = true
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
