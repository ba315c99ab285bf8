// Heartbeat has peers gossip who is alive, each from its own terminal:
// go run ./examples/heartbeat PORT [PEER_PORT…]   (say 4001, then 4002 4001, then 4003 4002)
//
// The first port is listened on, the others are dialled, on this host and in
// the clear; HOST:PORT does for other hosts. Each peer need know only one other:
// what it hears it passes on. Ctrl-C ends it, and the others notice.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/reduce"
)

// missed is how many beats in a row a peer may miss and still count as alive.
const missed = 3

func main() {
	flag.Usage = func() { fmt.Fprintln(flag.CommandLine.Output(), "usage: heartbeat PORT [PEER_PORT…]") }
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	if err := run(ctx, flag.Args(), os.Stdout, os.Stderr); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "heartbeat:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, ports []string, out, log io.Writer) error {
	l, err := netconn.Listen(ctx, "tcp", address(ports[0]))
	if err != nil {
		return err
	}
	n := newPeer(ports[0], time.Second, out, log)
	return n.run(ctx, l, ports[1:])
}

// address is a port on this host, unless it says more.
func address(port string) string {
	if strings.Contains(port, ":") {
		return port
	}
	return "127.0.0.1:" + port
}

// beats is when each was last alive, in milliseconds since 1970: of two times of
// one peer the later counts, whoever heard of it first.
func beats() *reduce.Reduction[map[string]int64] {
	return reduce.TypeOf("heartbeat", func(all, more map[string]int64) map[string]int64 {
		for name, at := range more {
			all[name] = max(all[name], at)
		}
		return all
	}, reduce.Config[map[string]int64]{})
}

type peer struct {
	name  string
	every time.Duration
	out   io.Writer // who is alive
	log   io.Writer // what happens
	r     *replicate.Replica
	beats *reduce.Collection[map[string]int64]
}

func newPeer(name string, every time.Duration, out, log io.Writer) *peer {
	kind := beats()
	r := replicate.New(replicate.Config{Types: []replicate.Type{kind.Type()}})
	c, _ := reduce.Open(r, "", kind) // cannot fail: the type is listed above
	return &peer{name: name, every: every, out: out, log: log, r: r, beats: c}
}

// run beats, listens and dials until ctx is done.
func (p *peer) run(ctx context.Context, l *netconn.Listener, peers []string) error {
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() { p.live(ctx) })
	for _, port := range peers {
		all.Go(func() { p.keep(ctx, port) })
	}
	for {
		conn, err := l.Accept(ctx)
		if err != nil {
			return err
		}
		all.Go(func() { _ = p.gossip(ctx, netconn.New(conn)) })
	}
}

// keep stays connected to a peer, and dials again at each beat when it is not.
func (p *peer) keep(ctx context.Context, port string) {
	said := ""
	for ctx.Err() == nil {
		d, err := netconn.Dial(ctx, "tcp", address(port))
		if err == nil {
			said = ""
			err = p.gossip(ctx, d)
		}
		if line := fmt.Sprintf("%s: %v", port, err); line != said && ctx.Err() == nil {
			fmt.Fprintln(p.log, line)
			said = line
		}
		p.wait(ctx)
	}
}

// gossip tells a peer what it does not know, and hears what it knows, until
// one of the two has gone.
func (p *peer) gossip(ctx context.Context, d duplex.Duplex[[]byte, []byte]) error {
	return replicate.NewSession(p.r, replicate.SyncConfig{}).Run(ctx, d)
}

// live says at each beat that it is alive, and prints who is when that changes.
func (p *peer) live(ctx context.Context) {
	shown := ""
	for ctx.Err() == nil {
		now := time.Now()
		_, err := p.beats.Update(map[string]int64{p.name: now.UnixMilli()})
		line := "alive: " + strings.Join(p.alive(now), " ")
		if err != nil {
			line = err.Error()
		}
		if line != shown {
			fmt.Fprintln(p.out, line)
			shown = line
		}
		p.wait(ctx)
	}
}

// alive returns who has been heard of lately, sorted.
func (p *peer) alive(now time.Time) (names []string) {
	all, _ := p.beats.Value() // nobody, if there is nothing yet
	for name, at := range all {
		if now.Sub(time.UnixMilli(at)) <= missed*p.every {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// wait returns at the next beat, or when ctx is done.
func (p *peer) wait(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(p.every):
	}
}
