package websock

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"

	"github.com/coder/websocket"

	"github.com/weir-go/weir/pull"
)

// errSubprotocol is what a HandshakeError wraps then.
var errSubprotocol = errors.New("none of the subprotocols is spoken by both sides")

// errTimeout ends a handshake.
var errTimeout = &timeoutError{}

// A timeoutError is a net.Error that matches context.DeadlineExceeded.
type timeoutError struct{}

// Error names the field that says how long.
func (*timeoutError) Error() string { return "no answer within Config.HandshakeTimeout" }

// Timeout reports true.
func (*timeoutError) Timeout() bool { return true }

// Temporary reports true: the next try may be answered.
func (*timeoutError) Temporary() bool { return true }

// Is reports whether target is the error of a deadline.
func (*timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// Dial connects to url, of scheme ws, wss, http or https. Where that fails it
// returns a [HandshakeError], or the cause of ctx when ctx is done first; ctx
// means nothing afterwards. Messages are never compressed.
func Dial(ctx context.Context, url string, config Config) (*Conn, error) {
	config = config.withDefaults()
	own, cancel := context.WithTimeoutCause(ctx, config.HandshakeTimeout, errTimeout)
	defer cancel()
	up := &upgrader{base: config.Client.Transport}
	if up.base == nil {
		up.base = http.DefaultTransport
	}
	client := *config.Client
	client.Transport = up
	later := &late{}
	ws, resp, err := websocket.Dial(own, url, &websocket.DialOptions{
		HTTPClient: &client, HTTPHeader: config.Header, Subprotocols: config.Subprotocols,
		OnPingReceived: later.pinged,
	})
	switch {
	case err == nil:
		later.conn = newConn(ws, up.link, config)
		if ws.Subprotocol() != "" || len(config.Subprotocols) == 0 {
			return later.conn, nil
		}
		later.conn.decline(own)
		return nil, &HandshakeError{Status: resp.StatusCode, Err: errSubprotocol}
	case ctx.Err() != nil:
		return nil, pull.Cause(ctx)
	case own.Err() != nil:
		return nil, &HandshakeError{Err: errTimeout}
	}
	return nil, refusal(resp, err)
}

// decline tells the server that it speaks none of our subprotocols, while ctx
// lasts, and waits for no answer.
func (c *Conn) decline(ctx context.Context) {
	stop := context.AfterFunc(ctx, c.link.reset)
	defer stop()
	c.link.sayClose(CloseError{Code: CodeProtocol, Reason: errSubprotocol.Error()})
	_ = c.ws.CloseNow() // nothing more can be done for it
}

// refusal says why the server has not upgraded.
func refusal(resp *http.Response, err error) error {
	he := &HandshakeError{Err: err}
	if resp != nil {
		he.Status = resp.StatusCode
		body, _ := io.ReadAll(resp.Body) // in memory: the library has read it
		he.Body = string(body)
	}
	return he
}

// late is what the library calls before newConn is done: never, since it reads
// only when asked to.
type late struct{ conn *Conn }

func (l *late) pinged(_ context.Context, payload []byte) (answer bool) {
	l.conn.pinged(payload)
	return false
}

// An upgrader puts a link under the library once the server has upgraded.
type upgrader struct {
	base http.RoundTripper
	link *link
}

// RoundTrip makes one request.
func (u *upgrader) RoundTrip(r *http.Request) (*http.Response, error) {
	var conn net.Conn
	ctx := httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { conn = info.Conn },
	})
	resp, err := u.base.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	if rwc, ok := resp.Body.(io.ReadWriteCloser); ok && resp.StatusCode == http.StatusSwitchingProtocols {
		u.link = newLink(rwc, conn, true)
		resp.Body = u.link
	}
	return resp, nil
}
