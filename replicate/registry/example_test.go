package registry_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/registry"
)

// exampleOpen returns a directory on a replica in memory.
func exampleOpen() *registry.Registry {
	r := replicate.New(replicate.Config{Types: []replicate.Type{registry.JSON}})
	g, err := registry.Open(r, "", registry.Config{})
	if err != nil {
		log.Fatal(err)
	}
	return g
}

func Example() {
	g := exampleOpen()
	defer g.Close()
	for _, version := range []string{"0.9.2", "1.2.3", "1.3.5"} {
		_, err := g.Register(registry.Service{
			Role: "web", Version: version, Host: "10.0.0.7", Port: 8080, ID: "web-" + version,
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	for _, query := range []string{"web@1.2.x", "web@>1.2.0", "web@~2"} {
		found, err := g.Query(query)
		fmt.Println(query, found, err)
	}
	// Output:
	// web@1.2.x [web@1.2.3 10.0.0.7:8080] <nil>
	// web@>1.2.0 [web@1.2.3 10.0.0.7:8080 web@1.3.5 10.0.0.7:8080] <nil>
	// web@~2 [] <nil>
}

// A hub, and a client that registers a service there.
func ExampleRegistry_Connect() {
	ctx, stop := context.WithCancel(context.Background())
	hub, client := exampleOpen(), exampleOpen()
	l, err := netconn.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	served := make(chan error)
	go func() {
		c, err := l.Accept(ctx)
		if err == nil {
			host, _, _ := net.SplitHostPort(c.RemoteAddr().String())
			err = hub.Serve(ctx, netconn.New(c), host)
		}
		served <- err
	}()

	connected := make(chan error)
	go func() {
		connected <- client.Connect(ctx, registry.Hubs{
			Addresses: []string{l.Addr().String()},
			Dial: func(ctx context.Context, address string) (duplex.Duplex[[]byte, []byte], error) {
				return netconn.Dial(ctx, "tcp", address)
			},
		})
	}()
	if _, err := client.Register(registry.Service{Role: "db", Port: 5432}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(hub.Get(ctx, "db"))

	stop()
	<-connected
	<-served
	_ = l.Close()
	_ = client.Close()
	_ = hub.Close()
	// Output: [db 127.0.0.1:5432] <nil>
}

func ExampleRegistry_Watch() {
	g := exampleOpen()
	defer g.Close()
	changes := g.Watch("web")
	reg, err := g.Register(registry.Service{Role: "web", Host: "a", Port: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(changes(context.Background()))
	_ = reg.Update(registry.Service{Role: "web", Host: "b", Port: 2})
	fmt.Println(changes(context.Background()))
	_ = reg.Free()
	fmt.Println(changes(context.Background()))
	_ = pull.Abort(changes, nil)
	// Output:
	// {web a:1 false} <nil>
	// {web b:2 false} <nil>
	// {web b:2 true} <nil>
}
