package mux_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/mux/internal/wire"
)

func TestNotWeir(t *testing.T) {
	for name, greeting := range map[string]string{
		"HTTP":  "HTTP/1.1 400 Bad Request\r\n\r\n",
		"TLS":   "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on",
		"SSH":   "SSH-2.0-OpenSSH_9.6\r\n",
		"zeros": "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
		"one":   "x",
		"near":  "weir-muy\x00\x01s\x00",
	} {
		for _, client := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				a, b := net.Pipe()
				go func() {
					if client {
						_, _ = io.ReadFull(b, make([]byte, wire.PrefaceSize))
					}
					_, _ = b.Write([]byte(greeting))
					_ = b.Close()
				}()
				_, err := shake(context.Background(), a, client, mux.Config{})
				require.ErrorIs(t, err, mux.ErrNotWeir)
				require.NotErrorIs(t, err, io.EOF)
				_, err = a.Write(nil)
				require.Error(t, err, "the connection is closed")
			})
		}
	}
}

func shake(ctx context.Context, c net.Conn, client bool, cfg mux.Config) (*mux.Session, error) {
	if client {
		return mux.Client(ctx, c, cfg)
	}
	return mux.Server(ctx, c, cfg)
}

// Both ends learn that their versions differ.
func TestVersions(t *testing.T) {
	theirs := []byte("weir-mux\x02\x05")
	for _, client := range []bool{true, false} {
		a, b := net.Pipe()
		heard := make(chan []byte, 1)
		go func() {
			role := map[bool]string{true: "s\x00", false: "c\x00"}[client]
			got := make([]byte, wire.PrefaceSize)
			if client {
				_, _ = io.ReadFull(b, got)
			}
			_, _ = b.Write(append(theirs, role...))
			if !client {
				_, _ = io.ReadFull(b, got)
			}
			heard <- got
		}()
		_, err := shake(context.Background(), a, client, mux.Config{})
		require.Equal(t, &mux.VersionError{Ours: [2]int{1, 1}, Theirs: [2]int{2, 5}}, err)
		require.ErrorIs(t, err, mux.ErrVersion)
		require.True(t, wire.IsMagic(<-heard))
	}
}

func TestTwoClients(t *testing.T) {
	a, b := tcp(t)
	errs := make(chan error, 2)
	for _, c := range []net.Conn{a, b} {
		go func() { _, err := mux.Client(context.Background(), c, mux.Config{}); errs <- err }()
	}
	require.ErrorIs(t, <-errs, mux.ErrProtocol)
	<-errs // the other one may be cut off before it has looked
}

func TestHandshakeIsCut(t *testing.T) {
	preface := wire.AppendPreface(nil, wire.RoleClient)
	whole := wire.AppendHello(preface, wire.Hello{Application: "chat/2"})
	for n := range len(whole) + 1 {
		a, b := net.Pipe()
		go func() {
			_, _ = b.Write(whole[:min(n, len(preface))])
			if n >= len(preface) {
				_, _ = io.ReadFull(b, make([]byte, wire.PrefaceSize))
				_ = skipHello(b)
				_, _ = b.Write(whole[len(preface):n])
			}
			_ = b.Close()
		}()
		_, err := mux.Server(context.Background(), a, mux.Config{})
		require.ErrorIs(t, err, mux.ErrLost)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.NotErrorIs(t, err, io.EOF)
	}
}

// The deadline is one for the whole handshake, however slowly it goes on.
// row: F7
func TestHandshakeDeadline(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, client := range []bool{true, false} {
			a, b := net.Pipe()
			var dripping sync.WaitGroup
			dripping.Go(func() { // a byte a second
				if client {
					_, _ = io.ReadFull(b, make([]byte, wire.PrefaceSize))
				}
				for _, c := range wire.AppendPreface(nil, wire.RoleServer) {
					time.Sleep(time.Second)
					if _, err := b.Write([]byte{c}); err != nil {
						return
					}
				}
			})
			start := time.Now()
			_, err := shake(context.Background(), a, client, mux.Config{})
			require.Equal(t, mux.ErrSilent, err)
			require.Equal(t, 5*time.Second, time.Since(start))
			dripping.Wait()
		}
	})
}

// A peer that stops after the preface is given up in time as well.
func TestControlStreamDeadline(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		go func() {
			_ = greet(b, wire.Hello{})
			_, _ = io.Copy(io.Discard, b)
		}()
		start := time.Now()
		_, err := mux.Server(context.Background(), a, mux.Config{Handshake: 2 * time.Second})
		require.Equal(t, mux.ErrSilent, err)
		require.Equal(t, 2*time.Second, time.Since(start))
	})
}

func TestHandshakeCancelled(t *testing.T) {
	bubble(t, func(t *testing.T) {
		mine := errors.New("mine")
		dead, kill := context.WithCancelCause(context.Background())
		kill(mine)
		for _, client := range []bool{true, false} {
			a, _ := net.Pipe()
			_, err := shake(dead, a, client, mux.Config{})
			require.Equal(t, mine, err)

			a, b := net.Pipe()
			ctx, cancel := context.WithCancelCause(context.Background())
			done := make(chan error, 1)
			go func() { _, err := shake(ctx, a, client, mux.Config{}); done <- err }()
			synctest.Wait()
			cancel(mine)
			require.Equal(t, mine, <-done)
			_, err = b.Write([]byte("x"))
			require.Error(t, err, "the connection is closed")
		}
	})
}

// The context of the handshake does not bind the session.
// row: F7
func TestSessionOutlivesItsContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		a, b := net.Pipe()
		ready := make(chan *mux.Session, 1)
		go func() {
			s, err := mux.Server(ctx, b, mux.Config{})
			require.NoError(t, err)
			ready <- s
		}()
		client, err := mux.Client(ctx, a, mux.Config{})
		require.NoError(t, err)
		server := <-ready
		cancel()
		time.Sleep(time.Hour)
		pair(t, client, server, "still here")
		require.NoError(t, client.Abort(nil))
		<-server.Done()
	})
}

func TestBadConfig(t *testing.T) {
	for _, n := range []int{-1, 1, 256<<10 - 1, 16<<20 + 1} {
		a, _ := net.Pipe()
		_, err := mux.Client(context.Background(), a, mux.Config{Window: n})
		require.ErrorContains(t, err, "window")
		require.ErrorIs(t, a.SetDeadline(time.Now()), io.ErrClosedPipe)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	}
}
