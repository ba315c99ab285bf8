package main

import (
	"bytes"
	"context"
	wire "encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"

	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

// muxhost is a program for TestTwoHostsMux: "serve ADDRESS IDLE PEER" accepts
// one session and acknowledges what comes, "dial ADDRESS IDLE PEER" has one and
// sends until its stdin ends. Both report every stream as a line of JSON.

// A muxReport is what became of a stream at one end.
type muxReport struct {
	Name   string `json:"name"`
	Sent   uint64 `json:"sent"`   // bytes that the sink took
	Acked  uint64 `json:"acked"`  // of them, how many the peer said it has
	Got    uint64 `json:"got"`    // bytes that arrived
	Intact bool   `json:"intact"` // and are what the client sends
	Err    string `json:"err"`    // the cause; empty after a clean end both ways
}

func muxHostMain(args []string) int {
	if err := muxHostRun(args); err != nil {
		fmt.Fprintln(os.Stderr, "muxhost:", err)
		return 1
	}
	return 0
}

func muxHostRun(args []string) error {
	idle, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	peer, err := secure.ParsePeerID(args[3])
	if err != nil {
		return err
	}
	id, err := secure.LoadIdentity(os.Getenv(identityVar))
	if err != nil {
		return err
	}
	ctx, cfg := context.Background(), secure.Config{Identity: id, Accept: secure.Only(peer)}
	if args[0] == "serve" {
		return muxServe(ctx, args[1], cfg, mux.Config{Idle: idle})
	}
	return muxDial(ctx, args[1], cfg, mux.Config{Idle: idle})
}

func muxServe(ctx context.Context, address string, cfg secure.Config, limits mux.Config) error {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	plain, err := ln.Accept()
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	conn, err := secure.Server(ctx, plain, cfg)
	if err != nil {
		return err
	}
	session, err := mux.Server(ctx, conn, limits)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var router mux.Router
	router.Handle("/", func(ctx context.Context, st *mux.Stream) error {
		r := acknowledge(ctx, st)
		mu.Lock()
		defer mu.Unlock()
		return json.NewEncoder(os.Stdout).Encode(r)
	})
	_ = router.Serve(ctx, session) // as the streams report
	return nil
}

// acknowledge reads a stream, answering each chunk with how many bytes have
// come so far.
func acknowledge(ctx context.Context, st *mux.Stream) muxReport {
	r := muxReport{Name: st.Name(), Intact: true}
	d, want := st.Duplex(), contentOf(st.Name())
	err := d.Sink(ctx, func(ctx context.Context) ([]byte, error) {
		chunk, err := d.Source(ctx)
		if err != nil {
			return nil, err
		}
		expected := make([]byte, len(chunk))
		_, _ = want.Read(expected)
		r.Intact = r.Intact && bytes.Equal(expected, chunk)
		r.Got += uint64(len(chunk))
		return wire.BigEndian.AppendUint64(nil, r.Got), nil
	})
	r.Err = text(err)
	return r
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// contentOf is what the client sends in a stream.
func contentOf(name string) io.Reader {
	var seed [32]byte
	copy(seed[:], name)
	return rand.NewChaCha8(seed)
}

// A muxClient sends until stdin ends, and watches what is acknowledged.
type muxClient struct {
	session *mux.Session
	finish  chan struct{}

	mu     sync.Mutex
	moving map[string]bool // streams of which something was acknowledged
	bulkAt time.Time       // the last acknowledgement of the bulk
	again  bool            // told that it moves again
}

func muxDial(ctx context.Context, address string, cfg secure.Config, limits mux.Config) error {
	conn, err := secure.Dial(ctx, "tcp", address, cfg)
	if err != nil {
		return err
	}
	c := &muxClient{finish: make(chan struct{}), moving: map[string]bool{}}
	if c.session, err = mux.Client(ctx, conn, limits); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(c.finish)
	}()
	reports := make([]muxReport, 1+smallStreams)
	var running sync.WaitGroup
	for i := range reports {
		name, size, pause := fmt.Sprintf("small %d", i), 100, 5*time.Millisecond
		if i == 0 {
			name, size, pause = "bulk", 64<<10, time.Millisecond
		}
		running.Go(func() { reports[i] = c.stream(ctx, name, size, pause) })
	}
	running.Wait()
	for _, r := range reports {
		if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_ = c.session.Close(ctx)
	return nil
}

// stream sends chunks of a size, with pauses, and reads acknowledgements.
func (c *muxClient) stream(ctx context.Context, name string, size int, pause time.Duration) muxReport {
	r := muxReport{Name: name}
	st, err := c.session.Open(ctx, name, nil)
	if err != nil {
		r.Err = text(err)
		return r
	}
	d, content := st.Duplex(), contentOf(name)
	sunk := make(chan error, 1)
	go func() {
		sunk <- d.Sink(ctx, func(ctx context.Context) ([]byte, error) {
			select {
			case <-c.finish:
				return nil, io.EOF
			case <-ctx.Done():
				return nil, pull.Cause(ctx)
			case <-time.After(pause):
			}
			chunk := make([]byte, size)
			_, _ = content.Read(chunk)
			r.Sent += uint64(size)
			return chunk, nil
		})
	}()
	var rest []byte // of an acknowledgement
	acks := func(chunk []byte) error {
		rest = append(rest, chunk...)
		for ; len(rest) >= 8; rest = rest[8:] {
			r.Acked = wire.BigEndian.Uint64(rest)
		}
		c.acknowledged(name)
		return nil
	}
	err = pull.Each(ctx, d.Source, acks)
	r.Err = text(errors.Join(err, <-sunk))
	if err != nil {
		r.Err = text(err)
	}
	return r
}

// acknowledged says once that all streams move, and once that the bulk does
// again after a gap that no scheduler makes.
func (c *muxClient) acknowledged(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.moving[name] {
		c.moving[name] = true
		if len(c.moving) == 1+smallStreams {
			fmt.Println("moving")
		}
	}
	if name != "bulk" {
		return
	}
	now := time.Now()
	if !c.again && !c.bulkAt.IsZero() && now.Sub(c.bulkAt) > 1500*time.Millisecond {
		c.again = true
		fmt.Println("again")
	}
	c.bulkAt = now
}
