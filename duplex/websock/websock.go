// Package websock makes duplexes of WebSockets, for browsers and past proxies.
//
// [Dial] connects and [Accept] or [Handler] serve; the [Conn] they give is used
// by one view: [Conn.Chunks] is a stream of bytes each way, [Conn.Messages] one
// of messages, [Conn.NetConn] a net.Conn to put packages mux or crypto/tls on.
//
// # Ends
//
// A WebSocket closes both directions at once. Here each has its own end, said
// in a message that is no data; PROTOCOL.md is all of it, and a browser speaks
// it in ten lines. A source returns io.EOF when the peer said so, or closed
// with code 1000 (as ws.close(1000) does), and never else: another code or none
// is a [CloseError], a connection that just ends is a [LostError].
//
// A source that is aborted tells the peer to stop; the sink goes on. A sink
// that fails or is cancelled closes the connection with a code of 4000 or more
// and the cause, and the source fails with [ErrCut]. When both halves have
// ended, the second one sends a close frame and waits for the peer's, at most
// Config.CloseTimeout, before it returns.
//
// # Demand
//
// A goroutine reads ahead one chunk of at most 32 KiB, or one message, also
// when nobody calls the source, so that pings are answered and the peer's end
// is seen. When that is not taken nothing more is read, and TCP holds the peer
// back. So end a source that you do not read: until then, its sink can notice
// the loss of the connection only by writing.
//
// A Conn's two halves may be used by two goroutines, neither may be shared. A
// source returns [pull.ErrOverlap] to overlapping calls, a sink may be called
// once and then returns [duplex.ErrUsed].
package websock

import (
	"net/http"
	"time"
)

// Config says how to make and keep a WebSocket. Its zero value is the default.
// Both sides should agree on Text.
type Config struct {
	// Origins are the pages, besides those from the server's own host, that
	// may connect: patterns of hosts, or of "scheme://host", as in path.Match
	// and without regard to case. "*" lets every page of the web act for the
	// people who visit it. Requests without Origin do not come from browsers,
	// and pass. For Accept.
	Origins []string

	// Subprotocols are those spoken here, best first. If there are any, one
	// must be agreed on; none means that none is offered or chosen.
	Subprotocols []string

	// Header goes with the handshake request. For Dial.
	Header http.Header

	// Client makes the handshake request; nil means http.DefaultClient. For
	// Dial.
	Client *http.Client

	// Text says that messages are text, which is UTF-8, and not binary. For
	// Messages.
	Text bool

	// MaxMessage is the largest message in bytes, in either direction; 0 means
	// 1 MiB. For Messages; chunks of any message come in pieces.
	MaxMessage int

	// HandshakeTimeout is how long Dial may take; 0 means 10 s. For Accept, it
	// is http.Server's ReadHeaderTimeout that counts.
	HandshakeTimeout time.Duration

	// PingInterval is how long to wait for the peer to say something before it
	// is pinged; 0 means 30 s.
	PingInterval time.Duration

	// PongTimeout is how long a pinged peer may stay silent; 0 means 15 s. Peers
	// of this package are heard also while they do not read; one that neither
	// sends nor reads for so long, not even pings, is taken for dead.
	PongTimeout time.Duration

	// CloseTimeout is how long to wait for the peer's close frame; 0 means 1 s.
	CloseTimeout time.Duration
}

// withDefaults replaces what is zero or less.
func (c Config) withDefaults() Config {
	if c.MaxMessage <= 0 {
		c.MaxMessage = 1 << 20
	}
	if c.Client == nil {
		c.Client = http.DefaultClient
	}
	orDefault(&c.HandshakeTimeout, 10*time.Second)
	orDefault(&c.PingInterval, 30*time.Second)
	orDefault(&c.PongTimeout, 15*time.Second)
	orDefault(&c.CloseTimeout, time.Second)
	return c
}

func orDefault(d *time.Duration, value time.Duration) {
	if *d <= 0 {
		*d = value
	}
}
