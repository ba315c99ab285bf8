package secure_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/secure"
)

// Strangers speak TLS, or do not, but not as this package does.

func isClosed(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) || err == io.EOF ||
		errors.Is(err, syscall.ECONNRESET)
}

// certified makes a certificate for a key, valid from now on for that long.
func certified(t testing.TB, public crypto.PublicKey, key crypto.Signer, valid time.Duration) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(valid),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func ed(t testing.TB) tls.Certificate {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return certified(t, public, key, time.Hour)
}

// stranger are the settings of a client or a server that does all right.
func stranger(cert tls.Certificate) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{cert}, NextProtos: []string{"weir/1"},
		InsecureSkipVerify: true, ClientAuth: tls.RequireAnyClientCert, SessionTicketsDisabled: true,
	}
}

// meet has a stranger meet one of us. The stranger says hello if it gets that
// far, and data at once, and returns what it is told.
func meet(t *testing.T, f func(context.Context, net.Conn, secure.Config) (*secure.Conn, error),
	cfg secure.Config, other func(net.Conn, *tls.Config) *tls.Conn, config *tls.Config, hello string,
) (ours, theirs error) {
	t.Helper()
	a, b := tcp(t)
	said := async(func() (int, error) {
		defer b.Close()
		c := other(b, config)
		if err := c.Handshake(); err != nil {
			return 0, err
		}
		_, _ = io.WriteString(c, hello)
		n, err := c.Read(make([]byte, 100))
		for err == nil && hello != accept { // wrong: it is left then
			n, err = c.Read(make([]byte, 100))
		}
		return n, err
	})
	c, ours := f(t.Context(), a, cfg)
	if c != nil {
		_ = c.Close()
	}
	return ours, second(said())
}

const accept = "\x01\x00\x00\x00"

// A control: the stranger would be accepted if it did nothing wrong. Its dates
// do not matter.
func TestStrangerThatDoesAllRight(t *testing.T) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	for _, valid := range []time.Duration{time.Hour, -time.Minute} {
		config := stranger(certified(t, public, key, valid))
		cfg := secure.Config{Identity: identity(t), Accept: secure.Only(secure.PeerID(public))}
		ours, theirs := meet(t, secure.Server, cfg, tls.Client, config, accept)
		assert.NoError(t, ours)
		assert.NoError(t, theirs)
		ours, _ = meet(t, secure.Client, cfg, tls.Server, config, accept)
		assert.NoError(t, ours)
	}
}

type row struct {
	change func(c *tls.Config)
	hello  string
	server error // what our server says of such a client, nil: no such client
	client error // what our client says of such a server
}

func strangers(t *testing.T) map[string]row {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	good := ed(t)
	weak := make(ed25519.PublicKey, ed25519.PublicKeySize)
	signedBy := good.PrivateKey.(crypto.Signer)
	show := func(cert tls.Certificate) func(c *tls.Config) {
		return func(c *tls.Config) { c.Certificates = []tls.Certificate{cert} }
	}
	chain := good
	chain.Certificate = append(chain.Certificate[:1:1], ed(t).Certificate...)
	stolen := tls.Certificate{Certificate: ed(t).Certificate, PrivateKey: good.PrivateKey}
	return map[string]row{
		"TLS 1.2": {change: func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 },
			server: secure.ErrNotWeir, client: secure.ErrNotWeir},
		"another protocol": {change: func(c *tls.Config) { c.NextProtos = []string{"h2"} },
			server: secure.ErrNotWeir, client: secure.ErrNotWeir},
		"no protocol": {change: func(c *tls.Config) { c.NextProtos = nil },
			server: secure.ErrNotWeir, client: secure.ErrNotWeir},
		"RSA":      {change: show(certified(t, &rsaKey.PublicKey, rsaKey, time.Hour)), server: secure.ErrBadKey, client: secure.ErrBadKey},
		"ECDSA":    {change: show(certified(t, &ecKey.PublicKey, ecKey, time.Hour)), server: secure.ErrBadKey, client: secure.ErrBadKey},
		"two":      {change: show(chain), server: secure.ErrBadKey, client: secure.ErrBadKey},
		"nobody's": {change: show(certified(t, weak, signedBy, time.Hour)), server: secure.ErrWeakKey, client: secure.ErrWeakKey},
		"stolen":   {change: show(stolen), server: secure.ErrTampered, client: secure.ErrTampered},
		"no key": {change: func(c *tls.Config) {
			c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				return &tls.Certificate{}, nil
			}
		}, server: secure.ErrNoKey},
		"does not ask":      {change: func(c *tls.Config) { c.ClientAuth = tls.NoClientCert }, client: secure.ErrNotWeir},
		"version 2":         {hello: "\x02\x00\x00\x00", server: secure.ErrVersion, client: secure.ErrVersion},
		"more in the hello": {hello: "\x01\x00\x00\x01", server: secure.ErrTampered, client: secure.ErrTampered},
		"no such verdict":   {hello: "\x01\x03\x00\x00", server: secure.ErrTampered, client: secure.ErrTampered},
		"refuses, though":   {hello: "\x01\x01\x00\x00", server: secure.ErrTampered, client: secure.ErrRefused},
	}
}

func TestStrangersAreRefused(t *testing.T) {
	for name, r := range strangers(t) {
		t.Run(name, func(t *testing.T) {
			asked := false
			cfg := secure.Config{Identity: identity(t), Accept: func(context.Context, secure.Peer) error {
				asked = true
				return nil
			}}
			config := stranger(ed(t))
			if r.change != nil {
				r.change(config)
			}
			hello := r.hello
			if hello == "" {
				hello = accept
			}
			if r.server != nil {
				ours, theirs := meet(t, secure.Server, cfg, tls.Client, config, hello)
				assert.ErrorIs(t, ours, r.server)
				assert.Error(t, theirs)
				assert.False(t, asked, "nobody was there to be accepted")
			}
			if r.client != nil {
				ours, theirs := meet(t, secure.Client, cfg, tls.Server, config, hello)
				assert.ErrorIs(t, ours, r.client)
				assert.Error(t, theirs)
				assert.Equal(t, r.hello != "", asked)
			}
		})
	}
}

// Who does not ask for our protocol is not shown who we are.
func TestServerIsNotShownToOthers(t *testing.T) {
	config := stranger(ed(t))
	config.NextProtos = nil
	config.VerifyConnection = func(tls.ConnectionState) error {
		t.Error("got a certificate")
		return nil
	}
	cfg := secure.Config{Identity: identity(t), Accept: anyone}
	ours, theirs := meet(t, secure.Server, cfg, tls.Client, config, accept)
	assert.ErrorIs(t, ours, secure.ErrNotWeir)
	assert.Error(t, theirs)
}

// A server of another kind may refuse a key with an alert, after the client's
// TLS is content.
func TestAlertThatRefusesTheKey(t *testing.T) {
	config := stranger(ed(t))
	config.VerifyConnection = func(tls.ConnectionState) error { return errBoom }
	cfg := secure.Config{Identity: identity(t), Accept: anyone}
	ours, theirs := meet(t, secure.Client, cfg, tls.Server, config, accept)
	assert.ErrorIs(t, ours, secure.ErrRefused)
	assert.ErrorIs(t, theirs, errBoom)
}

func TestPlainTextIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"HTTP":   "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"zeros":  string(make([]byte, 1000)),
		"weir":   "weir mux, perhaps, and more of it",
		"SSLv2":  "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10",
		"goaway": "\x15\x03\x03\x00\x02\x01\x00", // the alert close_notify
	} {
		t.Run(name, func(t *testing.T) {
			for side, f := range sides {
				a, b := tcp(t)
				_, err := io.WriteString(b, text)
				require.NoError(t, err)
				cfg, _ := two(t)
				_, err = f(t.Context(), a, cfg)
				if name == "goaway" {
					assert.ErrorIs(t, err, io.ErrUnexpectedEOF, side)
				} else {
					assert.ErrorIs(t, err, secure.ErrNotWeir, side)
				}
				assert.NotErrorIs(t, err, io.EOF)
				_ = b.SetReadDeadline(time.Now().Add(time.Minute))
				_, err = io.ReadAll(b)
				assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "closed")
				_ = b.Close()
			}
		})
	}
}

// What a client sends before it was accepted is never delivered, and stays
// outside if it is not.
func TestDataBeforeAcceptance(t *testing.T) {
	for _, verdict := range []error{nil, errBoom} {
		a, b := tcp(t)
		config := stranger(ed(t))
		early := make(chan struct{})
		sent := async(func() (end, error) {
			c := tls.Client(a, config)
			if _, err := io.WriteString(c, accept+question); err != nil {
				return end{}, err
			}
			close(early)
			b := make([]byte, 4)
			_, err := io.ReadFull(c, b)
			return end{got: string(b)}, errors.Join(err, c.Close())
		})
		s := secure.Config{Identity: identity(t), Accept: func(context.Context, secure.Peer) error {
			<-early
			return verdict
		}}
		c, err := secure.Server(t.Context(), b, s)
		if verdict != nil {
			assert.ErrorIs(t, err, errBoom)
			assert.Nil(t, c)
			_, _ = sent() // its answer, or a reset
			_ = a.Close()
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, end{got: question}, hear(c))
		told, err := sent()
		require.NoError(t, err)
		assert.Equal(t, accept, told.got)
		require.NoError(t, c.Close())
	}
}

// A handshake that does not end is cut off after 8 KiB.
func TestLongHandshakeIsRefused(t *testing.T) {
	for side, f := range sides {
		a, b := net.Pipe()
		cfg, _ := two(t)
		go func() { _, _ = io.Copy(io.Discard, b) }()
		wrote := async(func() (n int, err error) {
			record := append([]byte{22, 3, 3, 4, 0}, make([]byte, 1024)...)
			copy(record[5:], []byte{1, 0, 0xff, 0xff}) // a ClientHello of 64 KiB
			if side == "client" {
				record[5] = 2
			}
			for ; err == nil; n++ {
				_, err = b.Write(record)
				clear(record[5:])
			}
			return n, err
		})
		_, err := f(t.Context(), a, cfg)
		assert.ErrorContains(t, err, "8 KiB", side)
		n, _ := wrote()
		assert.LessOrEqual(t, n, 9, side)
		_ = b.Close()
	}
}
