// Crdt has browsers put the rows of one list in order, whichever program they ask:
// go run ./examples/crdt 8000, in other terminals 8001 8000, and then seed 8000
//
// Seed puts seven letters into the list; http://localhost:8000 and :8001 show them,
// with a + that moves a letter up and a - that moves it down, and show at once what is
// moved anywhere. The first port is listened on, the others are those of peers, each of
// which may be a program in Node that uses npm's crdt: testdata/peer.js is one.
package main

import (
	"context"
	crand "crypto/rand"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/signal"
	"sync"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/examples/internal/bodies"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/npm"
)

func main() {
	flag.Usage = func() { fmt.Fprintln(flag.CommandLine.Output(), "usage: crdt PORT [PEER_PORT…] | seed PORT") }
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	var err error
	switch args := flag.Args(); {
	case len(args) == 0, args[0] == "seed" && len(args) != 2:
		flag.Usage()
		os.Exit(2)
	case args[0] == "seed":
		err = seed(ctx, args[1])
	default:
		var l net.Listener
		if l, err = net.Listen("tcp", "127.0.0.1:"+args[0]); err == nil {
			err = newPeer(os.Stderr).run(ctx, l, args[1:])
		}
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "crdt:", err)
		os.Exit(1)
	}
}

// A peer is a doc, and the rows of it whose field type is rank, in order.
type peer struct {
	s    *npm.Scuttlebutt
	d    *npm.Doc
	rank *npm.Seq
	log  io.Writer // what happens
}

func newPeer(log io.Writer) *peer {
	r := replicate.New(replicate.Config{Types: npm.Types()})
	s, _ := npm.Open(r, npm.DocType, "", npm.Config{}) // cannot fail: the type is among those
	d, _ := npm.NewDoc(s)                              // cannot fail: it is of that type
	rank, _ := d.Ordered("type", "rank")               // cannot fail: it is a string
	return &peer{s, d, rank, log}
}

// seed has a peer at a port get seven letters in any order.
func seed(ctx context.Context, port string) error {
	p := newPeer(io.Discard)
	letters := []string{"a", "b", "c", "d", "e", "f", "g"}
	rand.Shuffle(len(letters), func(i, j int) { letters[i], letters[j] = letters[j], letters[i] })
	for _, letter := range letters {
		if err := p.rank.Push(crand.Text(), map[string]string{"value": letter}); err != nil {
			return err
		}
	}
	d, err := bodies.Put(address(port))
	if err != nil {
		return err
	}
	return p.s.NewSession(npm.SyncConfig{Once: true}).Run(ctx, d)
}

// run serves at a listener and stays linked with peers until ctx is done.
func (p *peer) run(ctx context.Context, l net.Listener, ports []string) error {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	for _, port := range ports {
		all.Go(func() { bodies.Keep(ctx, address(port), p.link, p.log) })
	}
	return bodies.Serve(ctx, l, p.routes())
}

// address is where a peer is joined.
func address(port string) string { return "http://localhost:" + port + "/_replicate" }

// link keeps the doc equal to a peer's until one of the two has gone.
func (p *peer) link(ctx context.Context, d duplex.Duplex[[]byte, []byte]) error {
	return p.s.NewSession(npm.SyncConfig{}).Run(ctx, d)
}
