// Scuttlebutt has programs share what curl sets at any of them, over HTTP bodies:
// go run ./examples/scuttlebutt 8005, and in another terminal 8006 8005; then
//
//	curl localhost:8005/x=5
//	curl localhost:8006/x
//
// The first port is listened on, the others are those of peers. Any of them may be a
// program in Node instead, which pipes npm's scuttlebutt into a request's body and the
// answer's body into it: testdata/peer.js is one. The path is the key, slash and all.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/examples/internal/bodies"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/npm"
)

func main() {
	flag.Usage = func() { fmt.Fprintln(flag.CommandLine.Output(), "usage: scuttlebutt PORT [PEER_PORT…]") }
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	l, err := net.Listen("tcp", "127.0.0.1:"+flag.Arg(0))
	if err == nil {
		err = newPeer(os.Stderr).run(ctx, l, flag.Args()[1:])
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "scuttlebutt:", err)
		os.Exit(1)
	}
}

// A peer is a model, and what keeps it equal to those of other peers.
type peer struct {
	s     *npm.Scuttlebutt
	model *npm.Model[string]
	log   io.Writer // what happens
}

func newPeer(log io.Writer) *peer {
	r := replicate.New(replicate.Config{Types: npm.Types()})
	s, _ := npm.Open(r, npm.ModelType, "", npm.Config{}) // cannot fail: the type is among those
	m, _ := npm.NewModel[string](s)                      // cannot fail: it is of that type
	return &peer{s, m, log}
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
	return bodies.Serve(ctx, l, p)
}

// address is where a peer is joined.
func address(port string) string { return "http://localhost:" + port + "/_replicate" }

// ServeHTTP answers curl, and peers.
func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.RequestURI == "/_replicate" {
		bodies.Handler(p.link).ServeHTTP(w, r)
		return
	}
	key, value, set := strings.Cut(r.RequestURI, "=") // as they are in the request, with %20
	if set {
		if err := p.model.Set(key, value); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, "%s=%s\n", key, value)
		return
	}
	value, err := p.model.Get(key)
	switch {
	case errors.Is(err, npm.ErrNotFound):
		value = "undefined" // as in Node
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, value)
}

// link keeps the model equal to a peer's until one of the two has gone.
func (p *peer) link(ctx context.Context, d duplex.Duplex[[]byte, []byte]) error {
	return p.s.NewSession(npm.SyncConfig{}).Run(ctx, d)
}
