package websock

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/weir-go/weir/duplex/internal/pump"
	"github.com/weir-go/weir/pull"
)

// Control messages, see PROTOCOL.md.
const (
	endWord    = "end"
	stopWord   = "stop "
	maxControl = len(stopWord) + 5 + maxReason // bytes
)

var errPeerText = fmt.Errorf("%w: message from the peer", ErrText)

// pump reads for as long as there is something to read, so that control frames
// are seen although nobody calls the source, and keeps what the source has not
// taken yet: one chunk or message.
func (c *Conn) pump() {
	defer close(c.done)
	err := c.receive()
	cut := c.why() != nil // then an echo of our close frame is no news
	switch {
	case cut:
	case err == io.EOF: // no failure to a source, but a sink has lost its reader
		c.finishRead(io.EOF)
		err = &CloseError{Code: CodeNormal}
	default:
		c.finishRead(err)
	}
	if c.die(err) {
		c.sayFault(err)
	}
	c.finishRead(cutError(c.why()))
	_ = c.link.Close()
	_ = c.ws.CloseNow() // lets go of its buffers
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.linger != nil {
		c.linger.Stop()
	}
}

// sayFault tells the peer what it did wrong, and reads on until it has heard.
func (c *Conn) sayFault(err error) {
	var ce *CloseError
	if errors.Is(err, ErrLost) || errors.As(err, &ce) {
		return
	}
	c.sayClose(sayable(err))
	_, _ = io.Copy(io.Discard, c.link) // ends with the peer, or lingers
}

// receive takes messages until the connection ends, and returns how it did:
// io.EOF is a close frame with code 1000.
func (c *Conn) receive() error {
	buf := make([]byte, 0)
	for {
		kind, r, err := c.ws.Reader(context.Background())
		switch {
		case err != nil:
			return c.readError(err)
		case c.data == 0:
			_, err = io.Copy(io.Discard, r) // closed without a view
		case kind != c.data:
			err = c.takeControl(r)
		case c.whole:
			err = c.takeMessage(r)
		default:
			buf, err = c.takeChunks(r, buf)
		}
		if err != nil {
			return c.readError(err)
		}
	}
}

// readError says what an error of the library means.
func (c *Conn) readError(err error) error {
	var ce websocket.CloseError
	var broken *ProtocolError
	var big *TooLargeError
	switch {
	case errors.As(err, &ce) && ce.Code == websocket.StatusNormalClosure:
		return io.EOF
	case errors.As(err, &ce):
		return &CloseError{Code: Code(ce.Code), Reason: strings.ToValidUTF8(ce.Reason, "\uFFFD")}
	case errors.As(err, &broken), errors.As(err, &big), errors.Is(err, ErrText):
		return err
	case c.link.err != nil:
		return lost(c.link.err)
	case errors.Is(err, net.ErrClosed):
		return lost(err)
	}
	return &ProtocolError{Code: CodeProtocol, Detail: err.Error()}
}

// finishRead ends the peer's direction, once. Only the pump calls it.
func (c *Conn) finishRead(err error) {
	if c.end == nil {
		c.end = err
		close(c.ended)
	}
}

// takeChunks gives the bytes of a message to the source as they come, and
// returns a buffer for the next one.
func (c *Conn) takeChunks(r io.Reader, buf []byte) ([]byte, error) {
	for {
		if len(buf) == 0 {
			buf = make([]byte, 4<<10)
		}
		n, err := r.Read(buf)
		if err != nil && err != io.EOF {
			return buf, err // what came of a cut frame is still masked
		}
		chunk := buf[:n:n]
		switch {
		case n == len(buf):
			buf = make([]byte, min(2*n, pump.Size))
		case n >= len(buf)/2:
			buf = make([]byte, len(buf))
		default: // a small one does not keep a large buffer alive
			chunk = bytes.Clone(chunk)
		}
		if n > 0 {
			if derr := c.deliver(chunk); derr != nil {
				return buf, derr
			}
		}
		if err != nil {
			return buf, nil
		}
	}
}

// takeMessage gives a message to the source. It takes memory for what has
// arrived, not for what was announced.
func (c *Conn) takeMessage(r io.Reader) error {
	limit := c.config.MaxMessage
	m, err := c.readAll(r, limit)
	switch {
	case err != nil:
		return err
	case len(m) > limit:
		return &TooLargeError{Max: limit, Remote: true}
	case c.data == websocket.MessageText && !utf8.Valid(m):
		return errPeerText
	}
	return c.deliver(m)
}

// readAll reads a message, and one byte more than limit where it has so many.
// The library ends a message that is cut at the edge of a frame as if it were
// complete.
func (c *Conn) readAll(r io.Reader, limit int) ([]byte, error) {
	most := min(int64(limit), math.MaxInt64-1) + 1
	m, err := io.ReadAll(io.LimitReader(r, most))
	if err == nil {
		err = c.link.err
	}
	return m, err
}

// deliver waits until the source takes b, or nobody will.
func (c *Conn) deliver(b []byte) error {
	if c.end != nil {
		return &ProtocolError{Code: CodeProtocol, Detail: "data after the end"}
	}
	c.parked.Store(true)
	select {
	case c.in <- b:
	case <-c.drop:
	case <-c.dead:
	}
	c.link.hear() // before parked: what waited behind b was sent long ago
	c.parked.Store(false)
	return nil
}

// takeControl acts on a message that is not data.
func (c *Conn) takeControl(r io.Reader) error {
	m, err := c.readAll(r, maxControl)
	if err != nil {
		return err
	}
	word := string(m)
	code, reason, stop := parseStop(word)
	switch {
	case !utf8.Valid(m):
		return errPeerText
	case word == endWord && c.end != nil:
		return &ProtocolError{Code: CodeProtocol, Detail: "the end comes twice"}
	case word == endWord:
		c.finishRead(io.EOF)
	case stop:
		c.peerStops(code, reason)
	default:
		return &ProtocolError{Code: CodeType, Detail: fmt.Sprintf(
			"message of %d bytes is neither data nor a control message", len(m))}
	}
	return nil
}

func parseStop(word string) (code Code, reason string, ok bool) {
	rest, ok := strings.CutPrefix(word, stopWord)
	digits, reason, _ := strings.Cut(rest, " ")
	n, err := strconv.ParseUint(digits, 10, 16)
	if !ok || err != nil || !validCode(Code(n)) || len(reason) > maxReason {
		return 0, "", false
	}
	return Code(n), reason, true
}

// peerStops stops the sink, the running one or the one that comes.
func (c *Conn) peerStops(code Code, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped != nil {
		return
	}
	c.stopped = &CloseError{Code: code, Reason: reason}
	if code == CodeStopped {
		c.stopped = pull.ErrStopped
	}
	if c.stop != nil {
		c.stop(c.stopped)
	}
}
