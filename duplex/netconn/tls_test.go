package netconn_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/pull"
)

// secured returns both ends of a TLS connection.
func secured(t *testing.T) (client, server net.Conn) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	ca, cb := tcp(t)
	client = tls.Client(ca, &tls.Config{InsecureSkipVerify: true})
	server = tls.Server(cb, &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	})
	shaken := async(server.(*tls.Conn).Handshake)
	require.NoError(t, client.(*tls.Conn).Handshake())
	require.NoError(t, shaken())
	return client, server
}

func TestTLSEnds(t *testing.T) {
	client, server := secured(t)
	a, b := netconn.New(client), netconn.New(server)
	require.NoError(t, a.Sink(t.Context(), pull.Values([]byte("question"))))
	got, err := collect(t.Context(), b.Source)
	require.NoError(t, err)
	assert.Equal(t, "question", string(got))
	require.NoError(t, b.Sink(t.Context(), pull.Values([]byte("answer"))))
	got, err = collect(t.Context(), a.Source)
	require.NoError(t, err)
	assert.Equal(t, "answer", string(got))
}

func TestTLSCutIsNoEnd(t *testing.T) {
	client, server := secured(t)
	a := netconn.New(client)
	assert.Equal(t, errBoom, a.Sink(t.Context(), pull.Error[[]byte](errBoom)))
	assert.ErrorIs(t, second(a.Source(t.Context())), netconn.ErrCut)
	_, err := server.Read(make([]byte, 1))
	require.Error(t, err)
	assert.NotEqual(t, io.EOF, err, "closing TLS would have said goodbye")
	_ = server.Close() // which cannot say goodbye any more
}
