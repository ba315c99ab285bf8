package mux_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
)

func echo(ctx context.Context, s *mux.Session) error {
	for {
		st, err := s.Accept(ctx)
		if err != nil {
			return err
		}
		go func() {
			d := st.Duplex()
			_ = d.Sink(ctx, d.Source)
		}()
	}
}

func TestEcho(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		client, server := connect(t, a, b)
		ctx := soon(t)
		echoed := make(chan error, 1)
		go func() { echoed <- echo(ctx, server) }()

		data := bytes.Repeat([]byte("hello, weir. "), 300_000)
		st, err := client.Open(ctx, "echo", map[string]string{"k": "v"})
		require.NoError(t, err)
		sent := make(chan error, 1)
		go func() { sent <- send(ctx, st, data, 1000) }()
		got, err := receive(ctx, st)
		assert.Equal(t, io.EOF, err)
		assert.True(t, bytes.Equal(data, got))
		require.NoError(t, <-sent)

		require.NoError(t, client.Close(ctx))
		assert.Equal(t, io.EOF, <-echoed)
		<-server.Done()
		require.NoError(t, server.Err())
	})
}
