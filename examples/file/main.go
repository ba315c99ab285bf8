// File pipes a replica across a network, to disk and from disk, in three lines:
// go run ./examples/file [FILE]
// FILE, by default replica.weir in a temporary folder, holds the dump afterwards.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/pull/files"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

func main() {
	flag.Usage = func() { fmt.Fprintln(flag.CommandLine.Output(), "usage: file [FILE]") }
	flag.Parse()
	path := filepath.Join(os.TempDir(), "replica.weir")
	if flag.NArg() > 0 {
		path = flag.Arg(0)
	}
	if err := run(context.Background(), path, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "file:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, path string, out io.Writer) error {
	here, there, restored := newList(), newList(), newList()
	if err := errors.Join(here.m.Set("milk", 2), there.m.Set("beer", 6)); err != nil {
		return err
	}

	server, client, err := connect(ctx)
	if err != nil {
		return err
	}
	answered := make(chan error)
	go func() { answered <- replicate.NewSession(there.r, replicate.SyncConfig{}).Run(ctx, server) }()

	// across the network!
	err = replicate.NewSession(here.r, replicate.SyncConfig{Once: true}).Run(ctx, client)
	if err = errors.Join(err, <-answered); err != nil {
		return err
	}
	// to disk
	if err := files.Replace(nil, path, 0o600)(ctx, here.r.Read(nil)); err != nil {
		return err
	}
	// from disk
	if err := restored.r.Write(ctx, files.Read(nil, path)); err != nil {
		return err
	}
	for e := range restored.m.All("") {
		fmt.Fprintf(out, "%s=%d\n", e.Key, e.Value)
	}
	return nil
}

type list struct {
	r *replicate.Replica
	m *model.Model[int]
}

func newList() list {
	r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
	m, _ := model.Open[int](r, "shopping") // cannot fail: the type is listed above
	return list{r, m}
}

// connect returns the two ends of a TCP connection on this host.
func connect(ctx context.Context) (a, b duplex.Duplex[[]byte, []byte], err error) {
	l, err := netconn.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return a, b, err
	}
	defer l.Close()
	if b, err = netconn.Dial(ctx, "tcp", l.Addr().String()); err != nil {
		return a, b, err
	}
	conn, err := l.Accept(ctx)
	if err != nil {
		return a, b, err
	}
	return netconn.New(conn), b, nil
}
