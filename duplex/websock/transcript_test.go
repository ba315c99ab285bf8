package websock_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/websock"
	"github.com/weir-go/weir/pull"
)

var update = flag.Bool("update", false, "write testdata/node.txt anew, with node")

const (
	transcriptFile = "testdata/node.txt"
	closeSize      = 2 + 4 + 2 // the client's close frame, which ends the transcript
)

// A recording is all that went over one connection, each way.
type recording struct {
	net.Listener
	mu      sync.Mutex
	in, out bytes.Buffer
}

func (r *recording) Accept() (net.Conn, error) {
	c, err := r.Listener.Accept()
	return recorded{c, r}, err
}

type recorded struct {
	net.Conn
	to *recording
}

func (c recorded) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.to.mu.Lock()
	defer c.to.mu.Unlock()
	c.to.in.Write(p[:n])
	return n, err
}

func (c recorded) Write(p []byte) (int, error) {
	c.to.mu.Lock()
	c.to.out.Write(p)
	c.to.mu.Unlock()
	return c.Conn.Write(p)
}

// transcribed serves the conversation of the transcript: what the client says
// comes back in one message, after the client's end.
func transcribed(t *testing.T) (r *recording, address string, result func() error) {
	errs := make(chan error, 1)
	s := httptest.NewUnstartedServer(websock.Handler(websock.Config{},
		func(ctx context.Context, c *websock.Conn) {
			d := c.Chunks()
			got, err := collect(ctx, d.Source)
			if err == nil && string(got) != "hello, world"+strings.Repeat("x", 70000) {
				err = fmt.Errorf("got %d bytes", len(got))
			}
			if err == nil {
				err = d.Sink(ctx, pull.Values(got[:12]))
			}
			errs <- err
		}))
	r = &recording{Listener: s.Listener}
	s.Listener = r
	s.Start()
	t.Cleanup(s.Close)
	return r, strings.TrimPrefix(s.URL, "http://"), func() error { return <-errs }
}

func TestNodeTranscript(t *testing.T) {
	r, address, result := transcribed(t)
	said := node(t, "transcript", "ws://"+address)
	require.NoError(t, result())
	assert.Equal(t, 12, said.Bytes)
	assert.Equal(t, 1000, said.Code)
	if !*update {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	file := fmt.Sprintf("%x\n%x\n", r.in.Bytes(), r.out.Bytes())
	require.NoError(t, os.WriteFile(transcriptFile, []byte(file), 0o666))
}

// What a client in Node has said once, in all and byte by byte, is understood,
// and answered with the same bytes.
func TestTranscript(t *testing.T) {
	file, err := os.ReadFile(transcriptFile)
	require.NoError(t, err)
	in, out, _ := strings.Cut(strings.TrimSpace(string(file)), "\n")
	client, err := hex.DecodeString(in)
	require.NoError(t, err)
	server, err := hex.DecodeString(out)
	require.NoError(t, err)
	for _, size := range []int{len(client), 1} {
		_, address, result := transcribed(t)
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		head := bytes.Index(client, []byte("\r\n\r\n")) + 4
		_, err = c.Write(client[:head])
		require.NoError(t, err)
		said := async(func() error {
			for rest := client[head : len(client)-closeSize]; len(rest) > 0; rest = rest[min(size, len(rest)):] {
				if _, err := c.Write(rest[:min(size, len(rest))]); err != nil {
					return err
				}
			}
			return nil
		})
		got := make([]byte, len(server)-4) // without the close frame, which is an answer
		_, err = io.ReadFull(c, got)
		require.NoError(t, err)
		_, err = c.Write(client[len(client)-closeSize:])
		require.NoError(t, err)
		rest, err := io.ReadAll(c)
		require.NoError(t, err)
		got = append(got, rest...)
		assert.Equal(t, string(frames(server)), string(frames(got)))
		assert.Contains(t, string(got), "HTTP/1.1 101 ")
		assert.Contains(t, string(got), acceptLine(server))
		require.NoError(t, said())
		require.NoError(t, result())
		require.NoError(t, c.Close())
	}
}

// frames is what follows the handshake.
func frames(b []byte) []byte {
	_, rest, _ := bytes.Cut(b, []byte("\r\n\r\n"))
	return rest
}

// acceptLine is the proof that the server has read the client's key.
func acceptLine(b []byte) string {
	_, rest, _ := strings.Cut(string(b), "Sec-Websocket-Accept: ")
	line, _, _ := strings.Cut(rest, "\r\n")
	return "Sec-Websocket-Accept: " + line
}
