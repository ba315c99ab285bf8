package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/duplex/secure"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start starts a server behind a channel and returns its address.
func start(t *testing.T, link linkFunc, out io.Writer) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- serve(ctx, l, link, out) }()
	t.Cleanup(func() {
		stop()
		require.ErrorIs(t, <-served, net.ErrClosed)
	})
	return l.Addr().String()
}

func TestPlain(t *testing.T) {
	addr := start(t, plain, io.Discard)
	for text, want := range map[string]string{"": "BEEP\n", "☔ boop": "☔ BOOP\n"} {
		var out bytes.Buffer
		args := []string{"client", text}
		if text == "" {
			args = args[:1]
		}
		require.NoError(t, run(t.Context(), "", addr, args, &out))
		require.Equal(t, want, out.String())
	}
	require.Error(t, run(t.Context(), "", addr, []string{"neither"}, io.Discard))
}

// Inside the channel, from the second time on: the first time neither knows the
// other.
func TestSecure(t *testing.T) {
	ours, theirs := t.TempDir(), t.TempDir()
	var said bytes.Buffer
	link, port, err := channel(theirs, &said)
	require.NoError(t, err)
	require.Equal(t, "5000", port)
	refused, refusals := io.Pipe()
	addr := start(t, link, refusals)

	go func() {
		defer refused.Close()
		b := make([]byte, len("rejected:"))
		_, _ = io.ReadFull(refused, b)
		require.Equal(t, "rejected:", string(b))
	}()
	var out bytes.Buffer
	require.Error(t, run(t.Context(), ours, addr, []string{"client"}, &out))
	list(t, theirs, out.String())
	list(t, ours, said.String())

	out.Reset()
	require.NoError(t, run(t.Context(), ours, addr, []string{"client", "beep"}, &out))
	require.True(t, strings.HasSuffix(out.String(), "\nBEEP\n"), out.String())
}

// list accepts who has said its id.
func list(t *testing.T, dir, said string) {
	t.Helper()
	text, _, _ := strings.Cut(strings.TrimPrefix(said, "id: "), "\n")
	id, err := secure.ParsePeerID(text)
	require.NoError(t, err)
	require.NoError(t, secure.AllowList{Path: filepath.Join(dir, "peers")}.Add(id, ""))
}
