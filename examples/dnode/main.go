// Dnode makes text louder on another host, as a program in Node would:
// go run ./examples/dnode server, and in another terminal: client [TEXT].
//
// It speaks dnode 1.2.2 of npm on port 8000, so either end may be that instead:
//
//	dnode({louder: (s, cb) => cb(s.toUpperCase())}, {weak: false})
//
// or the client weir call :8000 louder '"beep"', which calls anything.
//
// With -secure DIR, on port 5000, the same calls pass inside an encrypted channel;
// identities are kept in DIR, and each end accepts who is in its file peers.
// Each says its id when it starts, for the other's file. That one changes two
// lines here, as it did in Node.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/mux/rpc"
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: dnode [-secure DIR] [-addr HOST:PORT] server | client [TEXT]")
		flag.PrintDefaults()
	}
	dir := flag.String("secure", "", "`DIR` with the identity, made if it is not there, and the file peers")
	addr := flag.String("addr", "", "`HOST:PORT`, 127.0.0.1:8000 unless given, or 5000 with -secure")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *dir, *addr, flag.Args(), os.Stdout); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "dnode:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, addr string, args []string, out io.Writer) error {
	link, port, err := channel(dir, out)
	if err != nil {
		return err
	}
	if addr == "" {
		addr = "127.0.0.1:" + port
	}
	switch {
	case len(args) == 1 && args[0] == "server":
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return err
		}
		return serve(ctx, l, link, out)
	case len(args) > 0 && args[0] == "client":
		return call(ctx, addr, link, append(args[1:], "beep")[0], out)
	}
	flag.Usage()
	return flag.ErrHelp
}

// A linkFunc makes a duplex of a connection, which it owns.
type linkFunc func(ctx context.Context, conn net.Conn, client bool) (duplex.Duplex[[]byte, []byte], error)

func plain(_ context.Context, conn net.Conn, _ bool) (duplex.Duplex[[]byte, []byte], error) {
	return netconn.New(conn), nil
}

// channel is what calls pass through, plain unless there is a dir, and its port.
func channel(dir string, out io.Writer) (link linkFunc, port string, err error) {
	if dir == "" {
		return plain, "8000", nil
	}
	id, err := identity(filepath.Join(dir, "identity"))
	if err != nil {
		return nil, "", err
	}
	fmt.Fprintln(out, "id:", id.ID())
	cfg := secure.Config{Identity: id, Accept: secure.AllowList{Path: filepath.Join(dir, "peers")}.Accept}
	return func(ctx context.Context, conn net.Conn, client bool) (duplex.Duplex[[]byte, []byte], error) {
		shake := secure.Server
		if client {
			shake = secure.Client
		}
		c, err := shake(ctx, conn, cfg)
		if err != nil {
			return duplex.Duplex[[]byte, []byte]{}, err
		}
		return c.Duplex(), nil
	}, "5000", nil
}

// identity is who this end is, the same each time.
func identity(path string) (*secure.Identity, error) {
	id, err := secure.LoadIdentity(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return id, err
	}
	if id, err = secure.NewIdentity(); err != nil {
		return nil, err
	}
	return id, id.Save(path)
}

// serve offers louder to whoever connects, until ctx is done.
func serve(ctx context.Context, l net.Listener, link linkFunc, out io.Writer) error {
	methods := rpc.Methods{
		"louder": rpc.Func(func(_ context.Context, s string) (string, error) {
			return strings.ToUpper(s), nil
		}),
	}
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	var clients sync.WaitGroup
	defer clients.Wait()
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		clients.Go(func() {
			d, err := link(ctx, conn, false)
			if err != nil {
				fmt.Fprintln(out, "rejected:", err)
				return
			}
			p := rpc.New(rpc.Lines(d, 0), methods, rpc.Config{})
			select {
			case <-p.Done():
			case <-ctx.Done():
				_ = p.Abort(context.Cause(ctx))
			}
		})
	}
}

// call has one text made louder.
func call(ctx context.Context, addr string, link linkFunc, text string, out io.Writer) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	d, err := link(ctx, conn, true)
	if err != nil {
		return err
	}
	p := rpc.New(rpc.Lines(d, 0), nil, rpc.Config{})
	defer func() { _ = p.Abort(nil) }()
	var loud string
	if err := p.Call(ctx, "louder", &loud, text); err != nil {
		return err
	}
	fmt.Fprintln(out, loud)
	return p.Close(ctx)
}
