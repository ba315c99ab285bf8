// Identify has lines made upper case by the one who has the right key, and by nobody else:
// go run ./examples/identify server, and in another terminal: client [ID].
//
// Without an ID the client says who is there, and sends what is typed to anyone.
// With that ID it sends it to that one alone. Now stop the server and start
// another: it has a key of its own, and so is an impostor.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"sync"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/frame"
)

const address = "127.0.0.1:5000"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	if err := run(ctx, os.Args[1:]); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "identify:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	// One that is to be known tomorrow, too, is saved: see examples/dnode.
	id, err := secure.NewIdentity()
	switch {
	case err != nil:
		return err
	case len(args) == 1 && args[0] == "server":
		ln, err := netconn.Listen(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return serve(ctx, ln, id)
	case len(args) > 0 && len(args) < 3 && args[0] == "client":
		c, err := dial(ctx, address, id, append(args, "")[1], os.Stdout)
		if err != nil {
			return err
		}
		return duplex.Connect(ctx, duplex.Stdio(), c.Duplex())
	}
	return errors.New("say what to be: server, or client [ID]")
}

// serve answers whoever connects, until ctx is done.
func serve(ctx context.Context, ln *netconn.Listener, id *secure.Identity) error {
	cfg := secure.Config{Identity: id, Accept: func(context.Context, secure.Peer) error { return nil }}
	var clients sync.WaitGroup
	defer clients.Wait()
	return pull.Each(ctx, ln.Accept, func(conn net.Conn) error {
		clients.Go(func() {
			c, err := secure.Server(ctx, conn, cfg)
			if err != nil {
				return // it was the client that did not accept
			}
			d := c.Duplex()
			_ = d.Sink(ctx, upper(d.Source)) // its end is the client's affair
		})
		return nil
	})
}

func upper(src pull.Source[[]byte]) pull.Source[[]byte] {
	return frame.JoinLines(through.Map(frame.Lines(src, 1<<20), func(line frame.Msg) frame.Msg {
		return bytes.ToUpper(line)
	}))
}

// dial connects to the one with an ID, or to anyone, and says who that is.
func dial(ctx context.Context, address string, id *secure.Identity, text string, out io.Writer) (*secure.Conn, error) {
	accept := func(_ context.Context, p secure.Peer) error {
		_, err := fmt.Fprintln(out, "server:", p.ID)
		return err
	}
	if text != "" {
		server, err := secure.ParsePeerID(text)
		if err != nil {
			return nil, err
		}
		accept = secure.Only(server)
	}
	c, err := secure.Dial(ctx, "tcp", address, secure.Config{Identity: id, Accept: accept})
	if errors.Is(err, secure.ErrUnknownPeer) {
		fmt.Fprintln(out, "!!! REJECTED !!!")
	}
	return c, err
}
