// Seaport has a web server find workers by name and version: go run ./examples/seaport
// hub, then worker 111, worker 333 and web in other terminals, then curl -X POST to
// the port that web prints.
//
// The hub is at port 7000 and speaks the protocol of npm's seaport: each of the
// three may be npm's instead. Start as many workers as you like, and kill some:
// web asks one of those that are there, or waits for the first.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/registry"
)

// hubAddress is where all meet.
const hubAddress = "127.0.0.1:7000"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	err := errors.New("say what to be: hub, worker [MULTIPLIER] or web")
	switch args := append(os.Args[1:], "", ""); args[0] {
	case "hub":
		err = hub(ctx, hubAddress, os.Stdout)
	case "worker":
		times, perr := strconv.ParseFloat(args[1], 64)
		if args[1] == "" {
			times, perr = 1, nil
		}
		if err = perr; err == nil {
			err = join(ctx, hubAddress, business, worker(times), os.Stdout)
		}
	case "web":
		err = join(ctx, hubAddress, registry.Service{Role: "web"}, web, os.Stdout)
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "seaport:", err)
		os.Exit(1)
	}
}

// open opens a directory in memory.
func open() (*registry.Registry, error) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{registry.JSON}})
	return registry.Open(r, "", registry.Config{})
}

// hub serves seaport's clients, this program's and npm's.
func hub(ctx context.Context, address string, out io.Writer) error {
	g, err := open()
	if err != nil {
		return err
	}
	defer g.Close()
	l, err := netconn.Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "listening on", l.Addr())
	var clients sync.WaitGroup
	defer clients.Wait()
	for {
		conn, err := l.Accept(ctx)
		if err != nil {
			return err
		}
		clients.Go(func() {
			host, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
			_ = g.Serve(ctx, netconn.New(conn), host)
		})
	}
}

// business is what workers do.
var business = registry.Service{
	Role: "business", Version: "0.5.2",
	Meta: map[string]any{"enterprise": true, "webscale": 38},
}

// join serves a service at a free port, and registers it at the hub.
func join(
	ctx context.Context, hub string, s registry.Service,
	serve func(*registry.Registry) http.HandlerFunc, out io.Writer,
) error {
	g, err := open()
	if err != nil {
		return err
	}
	defer g.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: serve(g)}
	var both sync.WaitGroup
	defer both.Wait()
	both.Go(func() { _ = server.Serve(l) })
	defer server.Close()
	s.Port = l.Addr().(*net.TCPAddr).Port // without one, Register chooses one to listen at
	if _, err := g.Register(s); err != nil {
		return err
	}
	fmt.Fprintln(out, s.Role, "listens on", l.Addr())
	return g.Connect(ctx, registry.Hubs{
		Addresses: []string{hub},
		Dial: func(ctx context.Context, address string) (duplex.Duplex[[]byte, []byte], error) {
			return netconn.Dial(ctx, "tcp", address)
		},
	})
}

// worker answers a post with a number for each of its lines.
func worker(times float64) func(*registry.Registry) http.HandlerFunc {
	return func(*registry.Registry) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				fmt.Fprintln(w, "serious business logic")
				return
			}
			text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
			if err != nil {
				return
			}
			// What is behind the last line's end is a line too, and nought.
			for line := range strings.SplitSeq(string(text), "\n") {
				n, _ := strconv.ParseFloat(line, 64)
				fmt.Fprintln(w, times*(math.Pow(1.102, n)+8.92)*1.05)
			}
		}
	}
}

// web answers a post with the sum of what a worker makes of five numbers: any
// worker of a version that will do.
func web(g *registry.Registry) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			fmt.Fprintln(w, "curl -X POST me")
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
		defer cancel()
		workers, err := g.Get(ctx, "business@~0.5.1")
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		one := workers[rand.IntN(len(workers))]
		sum, err := ask(ctx, net.JoinHostPort(one.Host, strconv.Itoa(one.Port)))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		fmt.Fprintln(w, sum)
	}
}

func ask(ctx context.Context, worker string) (sum float64, err error) {
	body := strings.NewReader("111\n222\n333\n444\n555\n")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+worker, body)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		n, err := strconv.ParseFloat(lines.Text(), 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, lines.Err()
}
