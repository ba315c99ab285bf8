package websock

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"strings"

	"github.com/coder/websocket"
)

// Accept answers a handshake request. Where it fails it has written a response
// that says why (426 for a request that is no WebSocket handshake, 403 for a
// page of another origin, 400 for the rest), and returns a [HandshakeError].
//
// The Conn outlives the request and its context, and http.Server.Shutdown does
// not know of it; [Handler] is for servers that shut down.
func Accept(w http.ResponseWriter, r *http.Request, config Config) (*Conn, error) {
	config = config.withDefaults()
	if status, err := check(r, config); err != nil {
		http.Error(w, err.Error(), status)
		return nil, &HandshakeError{Status: status, Err: err}
	}
	later := &late{}
	h := &hijacker{ResponseWriter: w}
	ws, err := websocket.Accept(h, r, &websocket.AcceptOptions{
		Subprotocols: config.Subprotocols, OriginPatterns: config.Origins,
		OnPingReceived: later.pinged,
	})
	if err != nil {
		return nil, &HandshakeError{Status: h.status, Err: err}
	}
	later.conn = newConn(ws, h.link, config)
	return later.conn, nil
}

// check is for what the library would let pass or log.
func check(r *http.Request, config Config) (status int, err error) {
	for _, pattern := range config.Origins {
		if _, err := path.Match(pattern, ""); err != nil {
			return http.StatusInternalServerError, fmt.Errorf("pattern of an origin: %w", err)
		}
	}
	if r.Header.Get("Upgrade") == "" || len(config.Subprotocols) == 0 {
		return 0, nil
	}
	for _, offered := range strings.Split(strings.Join(r.Header["Sec-Websocket-Protocol"], ","), ",") {
		for _, ours := range config.Subprotocols {
			if strings.EqualFold(strings.TrimSpace(offered), ours) {
				return 0, nil
			}
		}
	}
	return http.StatusBadRequest, fmt.Errorf("%w: this side speaks %s",
		errSubprotocol, strings.Join(config.Subprotocols, ", "))
}

// Handler serves WebSockets: serve is called for each, on the request's
// goroutine, and the Conn is cut when it returns, with [pull.ErrStopped] where
// it left something open. Its context is the request's: to end it when the
// server shuts down, give http.Server a BaseContext and cancel that, with a
// [CloseError] as cause to say which code to close with.
func Handler(config Config, serve func(ctx context.Context, c *Conn)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := Accept(w, r, config)
		if err != nil {
			return // the client was told
		}
		defer c.Close(nil)
		serve(r.Context(), c)
	})
}

// A hijacker puts a link under the library when it takes the connection.
type hijacker struct {
	http.ResponseWriter
	link   *link
	status int
}

// WriteHeader notes the status.
func (h *hijacker) WriteHeader(status int) {
	h.status = status
	h.ResponseWriter.WriteHeader(status)
}

// Hijack takes the connection.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	if err := rw.Flush(); err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	h.link = newLink(conn, conn, false)
	rw.Writer.Reset(h.link)
	return linkConn{conn, h.link}, rw, nil
}

// linkConn is a link as the library wants it.
type linkConn struct {
	net.Conn
	link *link
}

// Read reads through the link.
func (c linkConn) Read(p []byte) (int, error) { return c.link.Read(p) }

// Write writes through the link.
func (c linkConn) Write(p []byte) (int, error) { return c.link.Write(p) }

// Close closes the link, and with it the connection.
func (c linkConn) Close() error { return c.link.Close() }
