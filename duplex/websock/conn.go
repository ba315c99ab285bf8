package websock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/weir-go/weir/duplex/internal/guard"
	"github.com/weir-go/weir/pull"
)

// A Conn is a WebSocket whose handshake is done. Take one view of it, once:
// [Conn.Chunks], [Conn.Messages] or [Conn.NetConn]. A second view fails with
// [duplex.ErrUsed] in both halves. A Conn without a view does not answer
// pings; end it with Close.
type Conn struct {
	ws     *websocket.Conn
	link   *link
	config Config // with its defaults

	viewed guard.Token           // never given back
	busy   guard.Token           // of the reader
	used   guard.Token           // of the sink, never given back
	data   websocket.MessageType // of messages that are data; the other type is control
	whole  bool                  // messages keep their boundaries

	in    chan []byte   // from the pump to the source
	ended chan struct{} // closed when the peer's direction has ended
	end   error         // how; set before
	drop  chan struct{} // closed when the source was aborted
	dead  chan struct{} // closed when both directions are over, whatever happens
	done  chan struct{} // closed when the pump has gone; no link is open then

	pen     chan struct{} // 1 slot: something is being written
	parked  atomic.Bool   // the pump waits for the source
	helpers sync.WaitGroup

	mu      sync.Mutex
	open    int                     // halves that have not ended
	cause   error                   // why it is dead
	stop    context.CancelCauseFunc // of the running sink; nil if there is none
	stopped error                   // the peer reads no more
	aborted error                   // of our source: we read no more
	linger  *time.Timer             // closes the link when the peer does not
	owed    owed
}

func newConn(ws *websocket.Conn, l *link, config Config) *Conn {
	ws.SetReadLimit(-1) // chunks need no limit, messages have their own
	return &Conn{
		ws: ws, link: l, config: config, open: 2,
		in: make(chan []byte), ended: make(chan struct{}), drop: make(chan struct{}),
		dead: make(chan struct{}), done: make(chan struct{}), pen: make(chan struct{}, 1),
	}
}

// Subprotocol returns what was negotiated: one of Config.Subprotocols, or ""
// where that is empty.
func (c *Conn) Subprotocol() string { return c.ws.Subprotocol() }

// Close cuts the connection and tells the peer cause (nil: [pull.ErrStopped]),
// unless it is over. Both halves of its view then fail with an error that
// matches [ErrCut] and cause. It waits for the peer's close frame, at most
// Config.CloseTimeout, and may be called at any time, beside any other call.
func (c *Conn) Close(cause error) {
	if cause == nil || cause == io.EOF {
		cause = pull.ErrStopped
	}
	c.cut(cause)
	if c.viewed.Take() {
		go c.pump() // nobody else will wait for the peer
	}
	<-c.done
	c.helpers.Wait()
}

// view starts what a view needs; false means that there was one.
func (c *Conn) view(data websocket.MessageType, whole bool) bool {
	if !c.viewed.Take() {
		return false
	}
	c.data, c.whole = data, whole
	c.link.hear()
	c.helpers.Add(1)
	go c.keep()
	go c.pump()
	return true
}

// half ends one half; the last one ends the connection, and waits for the peer
// to see it.
func (c *Conn) half() {
	c.mu.Lock()
	c.open--
	last := c.open == 0
	say := CloseError{Code: CodeNormal}
	if c.aborted != nil {
		say = sayable(c.aborted)
	}
	c.mu.Unlock()
	if !last {
		return
	}
	if c.die(pull.ErrStopped) {
		c.sayClose(say)
	}
	<-c.done
	c.helpers.Wait()
}

// cut ends both directions because of cause, which the peer is told if no
// message is under way.
func (c *Conn) cut(cause error) {
	if c.die(cause) {
		c.sayClose(sayable(cause))
	}
}

// cutSoon is cut for those who must not wait.
func (c *Conn) cutSoon(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return
	}
	c.helpers.Add(1) // keep is there still, so nobody waits for them yet
	go func() {
		defer c.helpers.Done()
		c.cut(cause)
	}()
}

// die makes the connection dead because of cause, once, and stops the sink.
func (c *Conn) die(cause error) (first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return false
	}
	c.cause = cause
	close(c.dead)
	if c.stop != nil {
		c.stop(cause)
	}
	return true
}

// sayClose sends the only close frame, when the message under way has left, and
// gives the peer time for both and to answer. Whoever has made the connection
// dead calls it.
func (c *Conn) sayClose(e CloseError) {
	c.mu.Lock()
	c.linger = time.AfterFunc(c.config.CloseTimeout, c.link.reset)
	c.mu.Unlock()
	select {
	case c.pen <- struct{}{}:
	case <-c.done:
		return
	}
	defer func() { <-c.pen }()
	c.link.sayClose(e)
}

// write writes one message, unless the connection is dead or the peer wants no
// more. Its first failure makes it the last thing that is written.
func (c *Conn) write(kind websocket.MessageType, p []byte) error {
	select {
	case c.pen <- struct{}{}:
	case <-c.dead:
		return c.why()
	}
	defer func() {
		<-c.pen
		c.payDebts()
	}()
	if err := c.refused(); err != nil {
		return err
	}
	err := c.ws.Write(context.Background(), kind, p)
	if err == nil {
		return nil
	}
	c.link.quiet.Store(true)
	select {
	case <-c.dead: // that is why it failed
		return c.why()
	default:
	}
	if errors.Is(err, net.ErrClosed) {
		// The library has read a close frame, or sent one because of a fault. The
		// pump is told too; it may want the pen next, so done would not come.
		<-c.dead
		return c.why()
	}
	return lost(err)
}

// refused says why nothing may be written.
func (c *Conn) refused() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return c.cause
	}
	return c.stopped
}

// why is the cause of the death.
func (c *Conn) why() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// setStop says how to stop the sink, and does it if there is nobody to send to.
func (c *Conn) setStop(stop context.CancelCauseFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stop = stop
	switch {
	case stop == nil:
	case c.cause != nil:
		stop(c.cause)
	case c.stopped != nil:
		stop(c.stopped)
	}
}

// cutError is what a reader gets that was cut off from here.
func cutError(cause error) error { return fmt.Errorf("%w: %w", ErrCut, cause) }

// isStop reports whether cause is that the peer reads no more.
func (c *Conn) isStop(cause error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stopped != nil && errors.Is(cause, c.stopped)
}
