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
	"time"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/httpstream"
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

// A peer is a model that has no peers yet.
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
	server := &http.Server{
		Handler:     p,
		BaseContext: func(net.Listener) context.Context { return ctx }, // ends what is served
	}
	for _, port := range ports {
		all.Go(func() { p.keep(ctx, port) })
	}
	all.Go(func() {
		<-ctx.Done()
		_ = server.Shutdown(context.WithoutCancel(ctx)) // waits for what is served
	})
	return server.Serve(l)
}

// ServeHTTP answers curl, and peers.
func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.RequestURI == "/_replicate" {
		d := duplex.Duplex[[]byte, []byte]{Source: httpstream.Request(w, r), Sink: httpstream.Response(w)}
		if err := p.link(r.Context(), d); err != nil {
			panic(http.ErrAbortHandler) // so that the peer does not take it for the end
		}
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

// keep stays linked with a peer: when it has gone, or has cut a request that takes
// longer than five minutes, as Node does, it tries again each second.
func (p *peer) keep(ctx context.Context, port string) {
	said := ""
	for ctx.Err() == nil {
		d, err := put("http://localhost:" + port + "/_replicate")
		if err == nil {
			err = p.link(ctx, d)
		}
		if line := fmt.Sprintf("%s: %v", port, err); line != said && ctx.Err() == nil {
			fmt.Fprintln(p.log, line)
			said = line
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// put is a request whose body is what the duplex is given, and which is answered
// with what can be read from it.
func put(url string) (d duplex.Duplex[[]byte, []byte], err error) {
	body, w := io.Pipe()
	req, err := http.NewRequest(http.MethodPut, url, body)
	if err != nil {
		return d, err
	}
	d.Source = httpstream.Get(nil, req)
	d.Sink = func(ctx context.Context, src pull.Source[[]byte]) error {
		err := pull.Writer(w)(ctx, src)
		_ = w.CloseWithError(err) // nil is the end of the body
		return err
	}
	return d, nil
}
