package websock

import (
	"context"
	"fmt"
	"time"

	"github.com/coder/websocket"
)

// owed is what goes out as soon as no message is being written.
type owed struct {
	paying bool
	ping   bool
	pong   []byte // answers the last ping, RFC 6455, section 5.5.3; nil: none
	stop   []byte // nil: none
}

func (o *owed) any() bool { return o.ping || o.pong != nil || o.stop != nil }

// owe notes a debt and pays it when that can be. It does not wait: the pump
// must read on although nothing can be written.
func (c *Conn) owe(note func(o *owed)) {
	c.mu.Lock()
	note(&c.owed)
	c.mu.Unlock()
	c.payDebts()
}

// payDebts has a goroutine pay what is owed, unless there is one already.
func (c *Conn) payDebts() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.owed.any() || c.owed.paying || c.cause != nil {
		return
	}
	c.owed.paying = true
	c.helpers.Add(1)
	go c.pay()
}

// pay waits for the pen, and writes what is owed until that is nothing.
func (c *Conn) pay() {
	defer c.helpers.Done()
	for {
		select {
		case c.pen <- struct{}{}:
		case <-c.dead:
			return
		}
		more := c.payOnce()
		<-c.pen
		if !more {
			return
		}
	}
}

// payOnce writes what is owed now. Failures show at the next message or read.
func (c *Conn) payOnce() (more bool) {
	c.mu.Lock()
	o := c.owed
	more = o.any() && c.cause == nil
	c.owed = owed{paying: more}
	c.mu.Unlock()
	if !more {
		return false
	}
	if o.pong != nil {
		_ = c.link.control(opPong, o.pong)
	}
	if o.ping {
		_ = c.link.control(opPing, nil)
	}
	if o.stop != nil {
		_ = c.ws.Write(context.Background(), c.control(), o.stop)
	}
	return true
}

// pinged is called by the library for each ping, and keeps it from answering:
// see link.
func (c *Conn) pinged(payload []byte) {
	c.owe(func(o *owed) { o.pong = append([]byte{}, payload...) })
}

// sendStop tells the peer that we read no more.
func (c *Conn) sendStop(cause error) {
	word := stopMessage(sayable(cause))
	c.owe(func(o *owed) { o.stop = word })
}

// stopMessage is the opposite of parseStop.
func stopMessage(e CloseError) []byte {
	word := fmt.Appendf(nil, "%s%d", stopWord, e.Code)
	if e.Reason != "" {
		word = append(append(word, ' '), e.Reason...)
	}
	return word
}

// control is the type of messages that are not data.
func (c *Conn) control() websocket.MessageType {
	if c.data == websocket.MessageText {
		return websocket.MessageBinary
	}
	return websocket.MessageText
}

// keep pings a peer that has not been heard for a while, and cuts one that
// stays silent. While the pump waits for the source nothing can be heard, so
// that nothing is held against the peer; it is pinged all the same, since it
// may wait for us in the same way, and must hear us.
func (c *Conn) keep() {
	defer c.helpers.Done()
	interval, timeout := c.config.PingInterval, c.config.PongTimeout
	pinged := time.Now()
	for {
		parked := c.parked.Load()
		idle, since := c.link.idle(), time.Since(pinged)
		switch {
		case parked:
			idle = since
		case idle >= interval+timeout:
			c.cut(ErrSilent)
			return
		}
		wait := interval - idle
		if wait <= 0 && since >= interval {
			pinged, since = time.Now(), 0
			c.owe(func(o *owed) { o.ping = true })
		}
		if wait <= 0 {
			wait = min(interval-since, interval+timeout-idle)
		}
		select {
		case <-time.After(max(wait, time.Millisecond)):
		case <-c.dead:
			return
		}
	}
}
