package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/pull"
)

// A channel is how the two ends of a TCP connection talk: over package secure,
// or in the clear if both say --insecure. Where they disagree each learns it.

// unanswered is how long what was sent may be without an answer before a
// connection counts as lost. A mux session always reads, so no healthy peer is
// failed by it.
const unanswered = 30 * time.Second

// What the two kinds of ends are known by: the first byte of TLS, of a record
// of the handshake or of an alert, and what an end in the clear answers to it.
const (
	tlsHandshake = 0x16
	tlsAlert     = 0x15
	inTheClear   = "weir in the clear\n" // not the preface of mux, for a hello of TLS
)

// unexpectedMessage is a fatal alert of TLS (RFC 8446 §6).
var unexpectedMessage = []byte{tlsAlert, 3, 3, 0, 2, 2, 10}

// connect makes a TCP or Unix connection with the socket options of netconn.
func connect(ctx context.Context, a address) (net.Conn, error) {
	d := net.Dialer{Timeout: patience}
	conn, err := d.DialContext(ctx, a.network, a.at)
	if err != nil {
		return nil, ended(ctx, err)
	}
	_ = netconn.Tune(conn) // works without
	_ = netconn.SetUserTimeout(conn, unanswered)
	return conn, nil
}

// A heard connection knows how the other side began to speak.
type heard struct {
	net.Conn
	first  []byte // at most as much as is looked at
	unread []byte // of first
}

// NetConn is for socket options.
func (h *heard) NetConn() net.Conn { return h.Conn }

// CloseWrite ends this side's direction, where that can be done alone.
func (h *heard) CloseWrite() error {
	if half, ok := h.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Read reads, and takes note.
func (h *heard) Read(p []byte) (int, error) {
	if len(h.unread) > 0 {
		n := copy(p, h.unread)
		h.unread = h.unread[n:]
		return n, nil
	}
	n, err := h.Conn.Read(p)
	if missing := len(inTheClear) - len(h.first); missing > 0 {
		h.first = append(h.first, p[:min(n, missing)]...)
	}
	return n, err
}

// speaksTLS reports whether what was heard is TLS.
func (h *heard) speaksTLS() bool {
	return len(h.first) > 0 && (h.first[0] == tlsHandshake || h.first[0] == tlsAlert)
}

// isInTheClear reports whether the other side said that it is.
func (h *heard) isInTheClear() bool {
	return len(h.first) >= len("weir") && strings.HasPrefix(inTheClear, string(h.first))
}

// listenFirst waits for the first byte of whoever has connected.
func (h *heard) listenFirst(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = h.Close() })
	defer stop()
	_ = h.SetReadDeadline(time.Now().Add(patience))
	var b [1]byte
	n, err := h.Read(b[:])
	_ = h.SetReadDeadline(time.Time{})
	switch {
	case n == 1:
		h.unread = h.first[:1]
		return nil
	case ctx.Err() != nil:
		return pull.Cause(ctx)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fail(exitProtocol, "is it weir?", "it connected and said nothing for %v", patience)
	}
	return fail(exitProtocol, "is it weir?", "it connected and left without a word")
}

// part answers what does not fit and hangs up. What is on its way here is read
// first: unread, it would make the system reset the connection, and the other
// side might not get the answer.
func (h *heard) part(answer []byte) {
	defer h.Close()
	_ = h.SetDeadline(time.Now().Add(time.Second))
	if _, err := h.Write(answer); err != nil {
		return
	}
	if h.CloseWrite() == nil {
		_, _ = io.CopyN(io.Discard, h, 64<<10)
	}
}

func errWeAreSecure() error {
	return fail(exitProtocol, "leave out --insecure there, or type it here too",
		"the other side does not encrypt: it was started with --insecure")
}

func errWeAreInsecure() error {
	return fail(exitProtocol, "leave out --insecure here, or type it there too",
		"the other side encrypts, and this one was started with --insecure")
}

// secureClient is the channel of the side that has connected.
func secureClient(ctx context.Context, conn net.Conn, cfg secure.Config) (*secure.Conn, error) {
	h := &heard{Conn: conn}
	c, err := secure.Client(ctx, h, cfg)
	if err != nil && h.isInTheClear() {
		err = errWeAreSecure()
	}
	return c, err
}

// secureServer is the channel of the side that was connected to.
func secureServer(ctx context.Context, h *heard, cfg secure.Config) (*secure.Conn, error) {
	if !h.speaksTLS() {
		h.part(unexpectedMessage)
		return nil, errWeAreSecure()
	}
	return secure.Server(ctx, h, cfg)
}
