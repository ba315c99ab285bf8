// Peer keeps a map equal on two hosts; lines key=value typed here appear there:
// go run ./examples/peer --listen 0.0.0.0:8000   (which prints what to type there)
//
// Ctrl-C ends it. The end of its input does not: it goes on to show what others
// write, as one in the background does.
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
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

func main() {
	listen := flag.String("listen", "", "accept peers at this `address`")
	join := flag.String("join", "", "keep connected to the peer at this `address`")
	trusted := flag.String("peer", "", "trust the peer with this `id`")
	flag.Parse()
	if (*listen == "") == (*join == "") || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "peer: give either --listen ADDRESS or --join ADDRESS")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	if err := run(ctx, *listen, *join, *trusted); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, listen, join, trusted string) error {
	id, err := identity()
	if err != nil {
		return err
	}
	p := newPeer(id, os.Stdout, os.Stderr)
	if trusted != "" {
		if err := p.trust(trusted); err != nil {
			return err
		}
	}
	fmt.Fprintln(os.Stderr, "type key=value; ctrl-c ends")
	go p.typed(os.Stdin)
	if join != "" {
		return p.join(ctx, join)
	}
	return p.listen(ctx, listen)
}

// identity is the one that weir id prints.
func identity() (*secure.Identity, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "weir", "identity")
	id, err := secure.LoadIdentity(path)
	if !errors.Is(err, os.ErrNotExist) {
		return id, err
	}
	if id, err = secure.NewIdentity(); err != nil {
		return nil, err
	}
	return id, errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), id.Save(path))
}

type peer struct {
	id  *secure.Identity
	r   *replicate.Replica
	m   *model.Model[any] // weir peer's map: whatever is JSON
	out io.Writer         // what others write
	log io.Writer         // what happens

	mu      sync.Mutex
	trusted map[secure.PeerID]bool
	said    string // the last line of the log
}

func newPeer(id *secure.Identity, out, log io.Writer) *peer {
	r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
	m, _ := model.Open[any](r, "") // cannot fail: the type is listed above
	return &peer{id: id, r: r, m: m, out: out, log: log, trusted: map[secure.PeerID]bool{id.ID(): true}}
}

// trust accepts a peer from now on.
func (p *peer) trust(text string) error {
	id, err := secure.ParsePeerID(text)
	if err == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.trusted[id] = true
	}
	return err
}

// accept is asked who may be on the other side.
func (p *peer) accept(_ context.Context, who secure.Peer) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trusted[who.ID] {
		return nil
	}
	return secure.ErrUnknownPeer
}

func (p *peer) config() secure.Config {
	return secure.Config{Identity: p.id, Accept: p.accept}
}

// typed sets what is typed, and trusts whom it is told to. Standard input
// cannot be interrupted, so nobody waits for this.
func (p *peer) typed(in io.Reader) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		id, isTrust := strings.CutPrefix(lines.Text(), "trust ")
		key, value, isPair := strings.Cut(lines.Text(), "=")
		err := errors.New("type key=value, or trust and a peer's id")
		switch {
		case isTrust:
			err = p.trust(id)
		case isPair:
			err = p.m.Set(key, value)
		}
		if err != nil {
			p.say(err.Error())
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
	p.say(fmt.Sprintf("on the other host, type: go run ./examples/peer --join %s --peer %s",
		reachable(l.Addr()), p.id.ID()))
	var peers sync.WaitGroup
	defer peers.Wait()
	peers.Go(func() { p.show(ctx) })
	for {
		conn, err := l.Accept(ctx)
		if err != nil {
			return err
		}
		peers.Go(func() { p.serve(ctx, conn) })
	}
}

// reachable is the address at which others find a listener: one that listens
// everywhere is found at the address from which this host reaches out.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	host := "HOST"
	if out, err := net.Dial("udp", "192.0.2.1:9"); err == nil { // sends nothing
		host, _, _ = net.SplitHostPort(out.LocalAddr().String())
		_ = out.Close()
	}
	return net.JoinHostPort(host, fmt.Sprint(tcp.Port))
}

func (p *peer) serve(ctx context.Context, plain net.Conn) {
	conn, err := secure.Server(ctx, plain, p.config())
	if err != nil {
		p.report(err)
		return
	}
	session, err := mux.Server(ctx, conn, mux.Config{})
	if err != nil {
		p.report(err)
		return
	}
	var router mux.Router // refuses streams of other names
	router.Handle("sync", func(ctx context.Context, stream *mux.Stream) error {
		err := p.sync(ctx, stream)
		p.report(err)
		return err
	})
	_ = router.Serve(ctx, session) // until the peer closes it
	leave(ctx, session)
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
	conn, err := secure.Dial(ctx, "tcp", address, p.config())
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
	defer leave(ctx, session)
	return p.sync(ctx, stream)
}

// sync keeps the map equal to the peer's until one of the two has gone.
func (p *peer) sync(ctx context.Context, stream *mux.Stream) error {
	p.say("connected")
	return replicate.NewSession(p.r, replicate.SyncConfig{}).Run(ctx, stream.Duplex())
}

// leave ends a session once what was sent has arrived, if that is soon.
func leave(ctx context.Context, session *mux.Session) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = session.Close(ctx)
}

// report says why there is no connection, and what to type if trust is missing.
func (p *peer) report(err error) {
	var stranger *secure.PeerError
	var refused *secure.RefusedError
	switch {
	case err == nil:
		p.say("not connected: the peer has ended")
	case errors.As(err, &stranger):
		p.say("not connected: if that is the right one, type: trust " + stranger.Peer.String())
	case errors.As(err, &refused):
		p.say("not connected: on the other host, type: trust " + p.id.ID().String())
	default:
		p.say("not connected: " + err.Error())
	}
}

// say logs a line, once if it is the same again.
func (p *peer) say(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if line != p.said {
		fmt.Fprintln(p.log, line)
	}
	p.said = line
}
