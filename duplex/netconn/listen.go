package netconn

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/internal/hook"
	"github.com/weir-go/weir/pull"
)

// Dial connects to address and returns the connection as a duplex, see [New].
// Network and address are as in [net.Dial]: "tcp" with "host:port", "unix"
// with a path; TCP connections get the socket options of [Tune]. When ctx is
// done before the connection is there, Dial returns context.Cause(ctx); it
// means nothing afterwards.
func Dial(
	ctx context.Context, network, address string,
) (duplex.Duplex[[]byte, []byte], error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	switch {
	case err == nil:
		_ = Tune(c)
		return New(c), nil
	case ctx.Err() != nil:
		err = pull.Cause(ctx)
	}
	return duplex.Duplex[[]byte, []byte]{}, err
}

// A Listener waits for connections. It must be ended: read Accept until it
// fails, abort it, or call Close.
type Listener struct {
	ln     net.Listener
	accept pull.Source[net.Conn]
	close  func() error // once
}

// Listen opens a listener at once. Network and address are as in [net.Listen]:
// "tcp" with "host:port" (port 0: any free one), "unix" with a path, which is
// removed at the end. Cancelling ctx after it has returned means nothing.
func Listen(ctx context.Context, network, address string) (*Listener, error) {
	var config net.ListenConfig
	ln, err := config.Listen(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return NewListener(ln), nil
}

// NewListener makes a Listener of ln (of TLS, say), which it owns from then on.
func NewListener(ln net.Listener) *Listener {
	l := &Listener{ln: ln, close: sync.OnceValue(ln.Close)}
	a := acceptor{ln: ln}
	a.hook = hook.New(func(error) { _ = l.close() })
	l.accept = pull.From(a.next, func(error) error {
		a.hook.Close()
		return l.close()
	})
	return l
}

// acceptor makes Accept interruptible, by closing the listener.
type acceptor struct {
	ln      net.Listener
	hook    *hook.Hook
	stopped error // the cause of an interruption that came with a connection
}

func (a *acceptor) next(ctx context.Context) (net.Conn, error) {
	if a.stopped != nil {
		return nil, a.stopped
	}
	a.hook.Enter(ctx)
	c, err := a.acceptIn(ctx)
	if a.hook.Leave() {
		a.stopped = pull.Cause(ctx)
	}
	return c, err
}

// retry is how long to wait for open files to be closed.
const retry = 100 * time.Millisecond

func (a *acceptor) acceptIn(ctx context.Context) (net.Conn, error) {
	for {
		c, err := a.ln.Accept()
		if err == nil {
			_ = Tune(c)
			return c, nil
		}
		if !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE) {
			return nil, err
		}
		select {
		case <-time.After(retry):
		case <-ctx.Done():
			return nil, pull.Cause(ctx)
		}
	}
}

// Addr returns the address listened on, with the port that was chosen.
func (l *Listener) Addr() net.Addr { return l.ln.Addr() }

// Accept returns the next connection, which belongs to the caller: give it to
// [New] or close it. TCP connections have the socket options of [Tune]. Accept
// is a [pull.Source]: its first error is final and closes the listener, and so
// does a context that is done. It never returns io.EOF. When too many files
// are open it tries again every 100 ms. It must not be called by two
// goroutines at once.
func (l *Listener) Accept(ctx context.Context) (net.Conn, error) { return l.accept(ctx) }

// Close stops listening; it may be called at any time and more than once. An
// Accept that is under way, and the next one, fail with an error that matches
// [net.ErrClosed]. Connections that were accepted stay open.
func (l *Listener) Close() error { return l.close() }
