package secure_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-go/weir/duplex/secure"
)

// A tamper sees each record of TLS on its way, the n-th of its direction, and
// says what is passed on in its place; cut ends the connection then.
type tamper func(toServer bool, n int, record []byte) (out [][]byte, cut bool)

func pass(_ bool, _ int, record []byte) ([][]byte, bool) { return [][]byte{record}, false }

// relay returns two ends with somebody in between. It must be called in a
// bubble, and ends when both ends are closed.
func relay(f tamper) (client, server net.Conn) {
	client, left := net.Pipe()
	right, server := net.Pipe()
	between := func(dst, src net.Conn, toServer bool) {
		defer dst.Close()
		for n := 0; ; n++ {
			record, err := readRecord(src)
			if len(record) > 0 {
				out, cut := f(toServer, n, record)
				if cut {
					_ = src.Close()
				}
				for _, b := range out {
					if _, werr := dst.Write(b); werr != nil {
						err = werr
					}
				}
				if cut {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
	go between(right, left, true)
	go between(left, right, false)
	return client, server
}

// readRecord returns what there is of a record, if it ends early.
func readRecord(r io.Reader) ([]byte, error) {
	b := make([]byte, 5)
	if n, err := io.ReadFull(r, b); err != nil {
		return b[:n], err
	}
	b = append(b, make([]byte, binary.BigEndian.Uint16(b[3:]))...)
	n, err := io.ReadFull(r, b[5:])
	return b[:5+n], err
}

// Long enough for a record each, and in the clear nowhere.
const question, answer = "what is the answer?", "it is forty-two, as ever"

// talk has a client ask and a server answer, over a connection that somebody
// tampers with, and returns what each side heard.
func talk(t *testing.T, f tamper) (client, server end) {
	c, s := two(t)
	return talkAs(t, f, c, s)
}

func talkAs(t *testing.T, f tamper, c, s secure.Config) (client, server end) {
	synctest.Test(t, func(t *testing.T) {
		a, b := relay(f)
		served := async(func() (end, error) { return serve(b, s), nil })
		client = inquire(a, c)
		server, _ = served()
	})
	return client, server
}

// patience is more than a handshake may take.
const patience = 10 * time.Second

func inquire(a net.Conn, cfg secure.Config) end {
	defer a.Close()
	c, err := secure.Client(context.Background(), a, cfg)
	if err != nil {
		return end{err: err}
	}
	_ = c.SetDeadline(time.Now().Add(patience))
	if err := say(c, question); err != nil {
		return end{err: err}
	}
	return hear(c)
}

func serve(b net.Conn, cfg secure.Config) end {
	defer b.Close()
	c, err := secure.Server(context.Background(), b, cfg)
	if err != nil {
		return end{err: err}
	}
	_ = c.SetDeadline(time.Now().Add(patience))
	heard := hear(c)
	if heard.err == nil {
		heard.err = say(c, answer)
	}
	return heard
}

// A recording is the records of a conversation in either direction.
type recording struct {
	mu       sync.Mutex
	toServer [][]byte
	toClient [][]byte
}

func (r *recording) tap(toServer bool, n int, record []byte) ([][]byte, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if toServer {
		r.toServer = append(r.toServer, slices.Clone(record))
	} else {
		r.toClient = append(r.toClient, slices.Clone(record))
	}
	return pass(toServer, n, record)
}

func (r *recording) of(toServer bool) [][]byte {
	if toServer {
		return r.toServer
	}
	return r.toClient
}

// record is a conversation that nobody disturbed.
func record(t *testing.T) *recording {
	var r recording
	if client, server := talk(t, r.tap); client != (end{got: answer}) || server != (end{got: question}) {
		t.Fatal(client, server)
	}
	return &r
}
