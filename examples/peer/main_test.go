package main

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What is typed on one side appears on the other, both ways.
func TestTypedLinesAppearThere(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	hereOut, here := io.Pipe()
	logOut, log := io.Pipe()
	a := newPeer(here, log)
	go func() { done <- a.listen(ctx, "127.0.0.1:0") }()
	line, err := bufio.NewReader(logOut).ReadString('\n')
	require.NoError(t, err)
	go func() { _, _ = io.Copy(io.Discard, logOut) }()
	address := strings.TrimSpace(strings.TrimPrefix(line, "listening on "))

	thereOut, there := io.Pipe()
	b := newPeer(there, io.Discard)
	go func() { done <- b.join(ctx, address) }()
	a.typed(strings.NewReader("from=here\nnonsense\n"))
	got, err := bufio.NewReader(thereOut).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "from=here\n", got)
	b.typed(strings.NewReader("from=there=so\n"))
	got, err = bufio.NewReader(hereOut).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "from=there=so\n", got)

	// What is no string is shown too, and so is what is no more.
	shown := bufio.NewReader(thereOut)
	require.NoError(t, a.m.Set("list", []int{1, 2}))
	got, err = shown.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "list=[1 2]\n", got)
	_, err = a.m.Delete("list")
	require.NoError(t, err)
	got, err = shown.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "list deleted\n", got)

	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	require.ErrorIs(t, <-done, context.Canceled)
	require.NoError(t, logOut.Close())
}
