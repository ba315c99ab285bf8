// Peer keeps a map equal on two hosts; lines key=value typed here appear there:
// go run ./examples/peer --listen 0.0.0.0:8000
// go run ./examples/peer --join HOST:8000      (the channel is not secured yet!)
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"

	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

func main() {
	listen := flag.String("listen", "", "accept peers at this `address`")
	join := flag.String("join", "", "keep connected to the peer at this `address`")
	flag.Parse()
	if (*listen == "") == (*join == "") || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "peer: give either --listen ADDRESS or --join ADDRESS")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	p := newPeer(os.Stdout, os.Stderr)
	fmt.Fprintln(os.Stderr, "warning: the channel is not secured yet; type key=value, ctrl-c ends")
	go p.typed(os.Stdin)
	var err error
	if *listen != "" {
		err = p.listen(ctx, *listen)
	} else {
		err = p.join(ctx, *join)
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

type peer struct {
	r   *replicate.Replica
	m   *model.Model[any] // weir peer's map: whatever is JSON
	out io.Writer         // what others write
	log io.Writer         // what happens
}

func newPeer(out, log io.Writer) *peer {
	r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
	m, _ := model.Open[any](r, "") // cannot fail: the type is listed above
	return &peer{r, m, out, log}
}

// typed sets what is typed. Standard input cannot be interrupted, so nobody
// waits for this.
func (p *peer) typed(in io.Reader) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		key, value, ok := strings.Cut(lines.Text(), "=")
		if !ok {
			fmt.Fprintln(p.log, "type key=value")
		} else if err := p.m.Set(key, value); err != nil {
			fmt.Fprintln(p.log, err)
		}
	}
}

// show prints what others write, until ctx is done.
func (p *peer) show(ctx context.Context) {
	for c, err := range p.m.Changes(0).All(ctx) {
		switch {
		case err != nil || c.Stamp.Author == p.r.Author():
		case c.Deleted:
			fmt.Fprintln(p.out, c.Key, "deleted")
		default:
			fmt.Fprintf(p.out, "%s=%v\n", c.Key, c.Value)
		}
	}
}

func (p *peer) listen(ctx context.Context, address string) error {
	l, err := netconn.Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.log, "listening on %s\n", l.Addr())
	var peers sync.WaitGroup
	defer peers.Wait()
	peers.Go(func() { p.show(ctx) })
	for {
		conn, err := l.Accept(ctx)
		if err != nil {
			return err
		}
		peers.Go(func() { p.report(p.serve(ctx, conn)) })
	}
}

func (p *peer) serve(ctx context.Context, conn net.Conn) error {
	session, err := mux.Server(ctx, conn, mux.Config{})
	if err != nil {
		return err
	}
	stream, err := session.Accept(ctx)
	if err != nil {
		return errors.Join(err, session.Abort(err))
	}
	return p.sync(ctx, session, stream)
}

// join stays connected: when the peer goes, it tries again each second.
func (p *peer) join(ctx context.Context, address string) error {
	var shown sync.WaitGroup
	defer shown.Wait()
	shown.Go(func() { p.show(ctx) })
	for {
		p.report(p.dial(ctx, address))
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Second):
		}
	}
}

func (p *peer) dial(ctx context.Context, address string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	session, err := mux.Client(ctx, conn, mux.Config{})
	if err != nil {
		return err
	}
	stream, err := session.Open(ctx, "sync", nil)
	if err != nil {
		return errors.Join(err, session.Abort(err))
	}
	return p.sync(ctx, session, stream)
}

// sync keeps the map equal to the peer's until one of the two has gone.
func (p *peer) sync(ctx context.Context, session *mux.Session, stream *mux.Stream) error {
	fmt.Fprintln(p.log, "connected")
	err := replicate.NewSession(p.r, replicate.SyncConfig{}).Run(ctx, stream.Duplex())
	_ = session.Abort(err)
	return err
}

func (p *peer) report(err error) {
	if err == nil {
		err = errors.New("the peer has ended")
	}
	fmt.Fprintln(p.log, "not connected:", err)
}
