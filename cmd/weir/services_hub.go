package main

import (
	"context"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate/registry"
)

// maxClients is how many clients a hub has at once.
const maxClients = 10_000

func hubCommand(e *env) *cobra.Command {
	ask := servicesRequest{}
	c := &cobra.Command{
		Use:   "hub R",
		Short: "Serve a replica's directory to clients, until interrupted",
		Long: `Serves the directory in R to clients and hubs of npm's seaport 2.0.9, and to
'weir services', until it is interrupted. Hubs that share a directory are kept
equal by 'weir peer R', which may run beside it: their clients see the same, and
find another hub when theirs is gone. With --join it is a hub of hubs that it
shares no replica with, by the protocol of seaport.

What a client has registered is freed two seconds after its connection has
ended, if it is not back, and when nothing has come from it for three heartbeats.

Nothing is encrypted, and whoever reaches the port may register and free
services: a port alone is one of 127.0.0.1.`,
		Example: `  weir services hub r --listen :9090
  weir services hub r --listen 0.0.0.0:9090 --host hub1.example.org
  weir services hub r --listen :9091 --join :9090`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if ask.Listen == "" {
				return usage(c, "nothing to do: give --listen")
			}
			if ask.Beat <= 0 {
				return usage(c, "--heartbeat is above 0")
			}
			for i, text := range ask.Join {
				a, err := parseAddress(text)
				if err != nil {
					return err
				}
				ask.Join[i] = a.at
			}
			return e.services(c.Context(), args[0], request{Op: "services hub", Follow: true, Services: &ask})
		},
	}
	c.Flags().StringVar(&ask.Listen, "listen", "", "accept clients at this `ADDRESS`: HOST:PORT or :PORT")
	c.Flags().StringVar(&ask.Host, "host", "", "the `HOST` by which others reach this one")
	c.Flags().StringArrayVar(&ask.Join, "join", nil, "join the hub at this `ADDRESS`; may be repeated")
	c.Flags().DurationVar(&ask.Beat, "heartbeat", registry.DefaultHeartbeat,
		"how often to say that it lives; clients say so no more seldom")
	return c
}

// runHub serves clients.
func runHub(ctx context.Context, g *registry.Registry, c *call) error {
	a, err := listenAt(c.Services.Listen)
	if err != nil {
		return err
	}
	ln, err := netconn.Listen(ctx, "tcp", a.at)
	if err != nil {
		return fail(exitFailed, "an address of this host, and a port that is free: ':0' takes any", "%w", err)
	}
	defer ln.Close()
	if err := announce(g, ln.Addr(), c.Services); err != nil {
		return err
	}
	c.tell(ctx, note{Event: "listening", Label: "on " + ln.Addr().String()})
	// Connections outlive ctx, to end in good order.
	own, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cut(nil)
	var all sync.WaitGroup
	for _, address := range c.Services.Join {
		all.Go(func() { join(own, g, c, address) })
	}
	err = acceptClients(ctx, own, g, ln, &all)
	err = firstError(err, g.Close())
	late := time.AfterFunc(lastExchange, func() { cut(errClosing) })
	defer late.Stop()
	all.Wait()
	return err
}

// acceptClients accepts clients until ctx is done, and serves them on goroutines.
func acceptClients(
	ctx, own context.Context, g *registry.Registry, ln *netconn.Listener, all *sync.WaitGroup,
) error {
	places := make(chan struct{}, maxClients)
	for conn, err := range pull.Source[net.Conn](ln.Accept).All(ctx) {
		if err != nil {
			return err
		}
		select {
		case places <- struct{}{}:
			all.Go(func() {
				defer func() { <-places }()
				host, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
				_ = g.Serve(own, netconn.New(conn), host) // what one client did wrong is its affair
			})
		default:
			_ = conn.Close()
		}
	}
	return nil
}

// announce registers the hub itself, for clients to find it when theirs is gone.
func announce(g *registry.Registry, addr net.Addr, ask *servicesRequest) error {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return err
	}
	if ask.Host != "" {
		host = ask.Host
	} else if ip := net.ParseIP(host); ip.IsUnspecified() {
		if len(ask.Join) > 0 {
			return fail(exitUsage, "--host HOST is the address by which the others reach this hub",
				"%s is no address to join others from", host)
		}
		return nil // nobody could go there
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	_, err = g.Register(registry.Service{Role: registry.RoleHub, Version: "2.0.9", Host: host, Port: n})
	return err
}

// join keeps a hub connected to another one.
func join(ctx context.Context, g *registry.Registry, c *call, address string) {
	h := &hubs{note: func(n note) { c.tell(ctx, n) }, again: true, firm: true}
	_ = h.connect(ctx, g, address)
}
