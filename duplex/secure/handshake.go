package secure

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"

	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/pull"
)

// alpn is the protocol's name in RFC 7301's negotiation.
const alpn = "weir/1"

// Client runs the client's side of a handshake over conn: the side that
// connected. When it returns a Conn, each side has proven its key and accepted
// that of the other. Conn then owns conn.
//
// Otherwise conn is closed and the error is a [RefusedError] if the server did
// not accept us, a [PeerError] if Config.Accept did not accept the server, an
// [Error] if the handshake failed, the cause of ctx, or says that Config lacks
// something. Once it has returned, ctx means nothing.
func Client(ctx context.Context, conn net.Conn, cfg Config) (*Conn, error) {
	return shake(ctx, conn, cfg, true)
}

// Server is Client for the side that was connected to. It takes as long as the
// client likes, up to Config.Handshake, so call it in a goroutine of its own
// for each connection. It never returns a RefusedError: a client that does not
// accept the server leaves without a key, which is [ErrNoKey].
func Server(ctx context.Context, conn net.Conn, cfg Config) (*Conn, error) {
	return shake(ctx, conn, cfg, false)
}

// Dial connects to address, as in [net.Dial], sets the socket options of
// [netconn.Tune], and runs Client. Its errors are those of both.
func Dial(ctx context.Context, network, address string, cfg Config) (*Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	switch {
	case err == nil:
		_ = netconn.Tune(conn)
		return Client(ctx, conn, cfg)
	case ctx.Err() != nil:
		err = pull.Cause(ctx)
	}
	return nil, err
}

// shake closes conn unless it returns a Conn. What blocks within is ended by
// closing conn too, which any connection understands.
func shake(ctx context.Context, conn net.Conn, cfg Config, client bool) (c *Conn, err error) {
	defer func() {
		if c == nil {
			_ = conn.Close() // there is an error, or a panic of Accept
		}
	}()
	if cfg, err = cfg.withDefaults(); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, pull.Cause(ctx)
	}
	own, cancel := ctx, context.CancelFunc(func() {})
	if cfg.Handshake > 0 {
		own, cancel = context.WithTimeoutCause(ctx, cfg.Handshake, ErrTimeout)
	}
	defer cancel()
	closed := make(chan struct{})
	stop := context.AfterFunc(own, func() {
		_ = conn.Close()
		close(closed)
	})
	defer stop() // before cancel, if Accept panics
	h := &handshake{cfg: cfg, client: client, raw: &raw{Conn: conn, left: maxFlight}}
	err = h.run(own)
	if !stop() {
		<-closed
		err = pull.Cause(own)
		if err == ErrTimeout {
			err = failed(ErrTimeout, os.ErrDeadlineExceeded)
		}
	}
	if err != nil {
		return nil, err
	}
	h.raw.left = -1
	return &Conn{tls: h.tls, raw: conn, peer: h.peer}, nil
}

// A handshake is one on its way. TLS calls its methods in the goroutine that
// runs it.
type handshake struct {
	cfg    Config
	client bool
	raw    *raw
	tls    *tls.Conn

	spoke  bool   // the other side has offered or chosen our protocol
	peer   PeerID // whose key was shown; it is proven when TLS is done
	judged bool   // Accept was asked
	err    error  // what a check of ours found
}

// begin makes the TLS of either side. VerifyConnection, unlike
// VerifyPeerCertificate, is called in every handshake.
func (h *handshake) begin(ctx context.Context) error {
	if !h.client {
		if err := h.raw.await(); err != nil {
			return h.failure(err)
		}
	}
	config := &tls.Config{
		MinVersion:             tls.VersionTLS13,
		NextProtos:             []string{alpn},
		SessionTicketsDisabled: true,
		VerifyConnection:       h.verify,
	}
	if h.client {
		config.InsecureSkipVerify = true // names and roots mean nothing: verify looks at the key
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return h.show(ctx)
		}
		h.tls = tls.Client(h.raw, config)
		return nil
	}
	config.ClientAuth = tls.RequireAnyClientCert
	config.Certificates = []tls.Certificate{h.cfg.Identity.certificate()}
	config.GetConfigForClient = h.greet
	h.tls = tls.Server(h.raw, config)
	return nil
}

// greet looks at what a client offers. TLS itself refuses an older version and
// another protocol, but takes none at all for any.
func (h *handshake) greet(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	h.spoke = slices.Contains(hello.SupportedVersions, tls.VersionTLS13) &&
		slices.Contains(hello.SupportedProtos, alpn)
	if len(hello.SupportedProtos) == 0 {
		return nil, errors.New("the client asks for no protocol")
	}
	return nil, nil
}

// verify looks at what the other side showed. It proves only later that it has
// the key, so who it is must not matter here: the answer would tell an
// impostor whom we accept.
func (h *handshake) verify(s tls.ConnectionState) error {
	h.err = h.check(s)
	return h.err
}

func (h *handshake) check(s tls.ConnectionState) error {
	if s.Version != tls.VersionTLS13 || s.NegotiatedProtocol != alpn {
		return failed(ErrNotWeir, fmt.Errorf("protocol %q", s.NegotiatedProtocol))
	}
	h.spoke = true
	if n := len(s.PeerCertificates); n != 1 {
		return failed(ErrBadKey, fmt.Errorf("%d certificates, not 1", n))
	}
	key, ok := s.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok {
		return failed(ErrBadKey, fmt.Errorf("%v, not Ed25519", s.PeerCertificates[0].PublicKeyAlgorithm))
	}
	h.peer = PeerID(key)
	if h.peer.weak() {
		return failed(ErrBadKey, ErrWeakKey)
	}
	return nil
}

// show is called when the server has proven its key, and gives it ours, or
// nothing.
func (h *handshake) show(ctx context.Context) (*tls.Certificate, error) {
	if err := h.judge(ctx); err != nil {
		return &tls.Certificate{}, nil
	}
	cert := h.cfg.Identity.certificate()
	return &cert, nil
}

// judge asks Accept.
func (h *handshake) judge(ctx context.Context) error {
	h.judged = true
	if err := h.cfg.Accept(ctx, Peer{ID: h.peer, Addr: h.raw.RemoteAddr()}); err != nil {
		h.err = &PeerError{Peer: h.peer, Err: err}
	}
	return h.err
}

func (h *handshake) run(ctx context.Context) error {
	if err := h.begin(ctx); err != nil {
		return err
	}
	err := h.tls.Handshake()
	switch {
	case h.err != nil:
		return h.err
	case err != nil:
		return h.failure(err)
	case h.client && !h.judged:
		return failed(ErrNotWeir, errors.New("the server does not ask who we are"))
	case h.client:
		return h.ask()
	}
	return h.answer(ctx)
}

// ask is the client's part of the hellos. That TLS is done means nothing yet:
// the server looks at our key after that.
func (h *handshake) ask() error {
	if err := h.send(accepted); err != nil {
		return err
	}
	v, err := h.receive()
	if err == nil && v != accepted {
		err = &RefusedError{Peer: h.peer, Unknown: v == unknown}
	}
	return err
}

// answer is the server's. It reads all that the client may send before it may
// close the connection, since what is unread then makes the system reset it,
// and the client might not get the answer.
func (h *handshake) answer(ctx context.Context) error {
	v, err := h.receive()
	if err != nil {
		return err
	}
	if v != accepted {
		return failed(ErrTampered, errors.New("a client that showed its key refuses ours"))
	}
	if err := h.judge(ctx); err != nil {
		v = refused
		if errors.Is(err, ErrUnknownPeer) {
			v = unknown
		}
		_ = h.send(v) // it may be gone
		return err
	}
	return h.send(accepted)
}

// A verdict is what a hello says.
type verdict byte

const (
	accepted verdict = 0
	refused  verdict = 1
	unknown  verdict = 2 // refused, because of that
)

const (
	helloSize    = 4
	helloVersion = 1
)

func appendHello(b []byte, v verdict) []byte { return append(b, helloVersion, byte(v), 0, 0) }

func parseHello(b [helloSize]byte) (verdict, error) {
	if b[0] != helloVersion {
		return 0, failed(ErrVersion, fmt.Errorf("theirs is %d, ours %d", b[0], helloVersion))
	}
	if v := verdict(b[1]); v <= unknown && b[2] == 0 && b[3] == 0 {
		return v, nil
	}
	return 0, failed(ErrTampered, fmt.Errorf("hello is % x", b))
}

func (h *handshake) send(v verdict) error {
	if _, err := h.tls.Write(appendHello(nil, v)); err != nil {
		return h.failure(err)
	}
	return nil
}

func (h *handshake) receive() (verdict, error) {
	var b [helloSize]byte
	_, err := io.ReadFull(h.tls, b[:])
	if err == io.ErrUnexpectedEOF {
		err = io.EOF // in the middle; raw marks its own
	}
	if err != nil {
		return 0, h.failure(err)
	}
	return parseHello(b)
}

func failed(reason, detail error) error {
	return &Error{Op: "handshake", Reason: reason, Err: detail}
}
