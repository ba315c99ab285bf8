package secure_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/secure"
)

func TestWhatIsNegotiated(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		client, server := connect(t, a, b)
		for _, c := range []*secure.Conn{client, server} {
			s := c.ConnectionState()
			assert.Equal(t, uint16(tls.VersionTLS13), s.Version)
			assert.Equal(t, "weir/1", s.NegotiatedProtocol)
			assert.Equal(t, tls.X25519MLKEM768, s.CurveID)
			assert.False(t, s.DidResume)
			assert.False(t, s.HelloRetryRequest)
		}
	})
}

func TestCarriesBothWays(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		client, server := connect(t, a, b)
		served := async(func() (end, error) {
			heard := hear(server)
			return heard, say(server, answer)
		})
		require.NoError(t, say(client, question))
		assert.Equal(t, end{got: answer}, hear(client))
		heard, err := served()
		require.NoError(t, err)
		assert.Equal(t, end{got: question}, heard)
	})
}

func TestPeersAreNamed(t *testing.T) {
	c, s := two(t)
	a, b := tcp(t)
	var asked []secure.Peer
	s.Accept = func(_ context.Context, p secure.Peer) error {
		asked = append(asked, p)
		return nil
	}
	ca, cb, errA, errB := shake(a, b, c, s)
	require.NoError(t, errA)
	require.NoError(t, errB)
	assert.Equal(t, s.Identity.ID(), ca.Peer())
	assert.Equal(t, c.Identity.ID(), cb.Peer())
	assert.Equal(t, []secure.Peer{{ID: c.Identity.ID(), Addr: a.LocalAddr()}}, asked)
	assert.Equal(t, a, ca.NetConn())
	assert.Equal(t, a.RemoteAddr(), ca.RemoteAddr())
	assert.Equal(t, a.LocalAddr(), ca.LocalAddr())
	require.NoError(t, ca.Close())
	require.NoError(t, cb.Close())
}

// Until the server has accepted, however late, nothing passes.
func TestAcceptTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		c, s := two(t)
		accept := make(chan error)
		s.Accept = func(context.Context, secure.Peer) error { return <-accept }
		connected := make(chan struct{})
		asked := async(func() (end, error) {
			defer a.Close()
			conn, err := secure.Client(t.Context(), a, c)
			close(connected)
			if err != nil {
				return end{}, err
			}
			return hear(conn), nil
		})
		served := async(func() (*secure.Conn, error) { return secure.Server(t.Context(), b, s) })
		time.Sleep(4 * time.Second)
		synctest.Wait()
		select {
		case <-connected:
			t.Error("connected before it was accepted")
		default:
		}
		accept <- nil
		conn, err := served()
		require.NoError(t, err)
		require.NoError(t, say(conn, answer), "the server may write first")
		heard, err := asked()
		require.NoError(t, err)
		assert.Equal(t, end{got: answer}, heard)
		require.NoError(t, b.Close())
	})
}

func TestManyWritesAtOnce(t *testing.T) {
	a, b := tcp(t)
	client, server := connect(t, a, b)
	for range 1000 {
		_, err := io.WriteString(client, "chunk")
		require.NoError(t, err)
	}
	require.NoError(t, client.CloseWrite())
	assert.Equal(t, end{got: strings.Repeat("chunk", 1000)}, hear(server))
}

func TestRefusedClientLearnsIt(t *testing.T) {
	for name, row := range map[string]struct {
		accept  func(context.Context, secure.Peer) error
		want    error
		unknown bool
	}{
		"unknown": {secure.Only(sample(t)), secure.ErrUnknownPeer, true},
		"other":   {func(context.Context, secure.Peer) error { return errBoom }, errBoom, false},
		"late": {func(ctx context.Context, _ secure.Peer) error {
			deadline, ok := ctx.Deadline()
			if !ok || time.Until(deadline) > 5*time.Second {
				return nil // which the test will see
			}
			for range 1000 { // the other side gets to wait
				runtime.Gosched()
			}
			return errBoom
		}, errBoom, false},
	} {
		t.Run(name, func(t *testing.T) {
			over(t, func(t *testing.T, a, b net.Conn) {
				c, s := two(t)
				s.Accept = row.accept
				ca, cb, errA, errB := shake(a, b, c, s)
				assert.Nil(t, ca)
				assert.Nil(t, cb)
				var r *secure.RefusedError
				require.ErrorAs(t, errA, &r)
				assert.ErrorIs(t, errA, secure.ErrRefused)
				assert.Equal(t, secure.RefusedError{Peer: s.Identity.ID(), Unknown: row.unknown}, *r)
				var p *secure.PeerError
				require.ErrorAs(t, errB, &p)
				assert.Equal(t, c.Identity.ID(), p.Peer)
				assert.ErrorIs(t, errB, row.want)
				closed(t, a, b)
			})
		})
	}
}

// closed fails unless both connections were closed.
func closed(t *testing.T, conns ...net.Conn) {
	t.Helper()
	for _, c := range conns {
		_, err := c.Read(make([]byte, 1))
		require.Error(t, err)
		assert.Condition(t, func() bool { return isClosed(err) }, "%v", err)
	}
}

// A client that does not like the server keeps its own key to itself.
func TestRefusedServerLearnsIt(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		c, s := two(t)
		c.Accept = secure.Only(sample(t))
		s.Accept = func(context.Context, secure.Peer) error {
			t.Error("asked about a client that has not shown its key")
			return nil
		}
		_, _, errA, errB := shake(a, b, c, s)
		var p *secure.PeerError
		require.ErrorAs(t, errA, &p)
		assert.Equal(t, s.Identity.ID(), p.Peer)
		assert.ErrorIs(t, errA, secure.ErrUnknownPeer)
		assert.ErrorIs(t, errB, secure.ErrNoKey)
		closed(t, a, b)
	})
}

// Somebody in between, with a key of its own, is known to neither side.
func TestManInTheMiddleWithAKey(t *testing.T) {
	c, s := two(t)
	m := secure.Config{Identity: identity(t), Accept: anyone}
	a, ma := tcp(t)
	mb, b := tcp(t)
	_, _, errA, errM := shake(a, ma, c, m)
	assert.ErrorIs(t, errA, secure.ErrUnknownPeer)
	assert.ErrorIs(t, errM, secure.ErrNoKey)
	_, _, errM, errB := shake(mb, b, m, s)
	assert.ErrorIs(t, errM, secure.ErrRefused)
	assert.ErrorIs(t, errB, secure.ErrUnknownPeer)
}

// One's own key is like any other.
func TestOwnKey(t *testing.T) {
	i, other := identity(t), identity(t)
	own := secure.Config{Identity: i, Accept: secure.Only(i.ID())}
	a, b := tcp(t)
	ca, cb, errA, errB := shake(a, b, own, own)
	require.NoError(t, errA)
	require.NoError(t, errB)
	assert.Equal(t, ca.Peer(), cb.Peer())
	require.NoError(t, ca.Close())
	require.NoError(t, cb.Close())

	own.Accept = secure.Only(other.ID())
	a, b = tcp(t)
	_, _, errA, errB = shake(a, b, own, own)
	assert.ErrorIs(t, errA, secure.ErrUnknownPeer)
	assert.ErrorIs(t, errB, secure.ErrNoKey)
}

func TestHandshakeTimesOut(t *testing.T) {
	for name, peer := range map[string]func(c net.Conn){
		"silent": func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
		"does not read": func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1))
			_, _ = c.Write([]byte{22}) // nor is this read, where it is asked first
		},
		"a byte each second": func(c net.Conn) {
			go func() { _, _ = io.Copy(io.Discard, c) }()
			b := append([]byte{22, 3, 3, 0, 200, 1, 0, 0, 196, 3, 3}, make([]byte, 100)...)
			for i := 0; second(c.Write(b[i:i+1])) == nil; i++ {
				time.Sleep(time.Second)
			}
		},
	} {
		for limit, want := range map[time.Duration]time.Duration{0: 5 * time.Second, time.Minute: time.Minute} {
			for side, f := range sides {
				t.Run(name+", "+side, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						a, b := net.Pipe()
						left := async(func() (int, error) {
							peer(b)
							return 0, b.Close()
						})
						cfg, _ := two(t)
						cfg.Handshake = limit
						start := time.Now()
						_, err := f(t.Context(), a, cfg)
						assert.ErrorIs(t, err, secure.ErrTimeout)
						assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
						assert.Equal(t, want, time.Since(start))
						_, _ = left()
						closed(t, a)
					})
				})
			}
		}
	}
}

var sides = map[string]func(context.Context, net.Conn, secure.Config) (*secure.Conn, error){
	"client": secure.Client, "server": secure.Server,
}

func TestCancelledHandshake(t *testing.T) {
	for side, f := range sides {
		t.Run(side, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				cfg, _ := two(t)
				cfg.Handshake = -1
				a, b := net.Pipe()
				done := async(func() (*secure.Conn, error) { return f(ctx, a, cfg) })
				time.Sleep(time.Hour) // no limit but ctx
				cancel(errBoom)
				assert.Equal(t, errBoom, second(done()))
				closed(t, a, b)
				a, b = net.Pipe()
				assert.Equal(t, errBoom, second(f(ctx, a, cfg)), "before it began")
				closed(t, a, b)
			})
		})
	}
}

// Accept that asks somebody who does not answer.
func TestCancelledAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := two(t)
		s.Accept = func(ctx context.Context, _ secure.Peer) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}
		a, b := net.Pipe()
		_, _, errA, errB := shake(a, b, c, s)
		assert.ErrorIs(t, errB, secure.ErrTimeout)
		assert.Error(t, errA)
		c.Accept, s.Accept = s.Accept, anyone
		a, b = net.Pipe()
		_, _, errA, errB = shake(a, b, c, s)
		assert.ErrorIs(t, errA, secure.ErrTimeout)
		assert.Error(t, errB)
	})
}

func TestPanickingAccept(t *testing.T) {
	c, s := two(t)
	s.Accept = func(context.Context, secure.Peer) error { panic("boom") }
	a, b := net.Pipe()
	refused := async(func() (*secure.Conn, error) { return secure.Client(t.Context(), a, c) })
	assert.PanicsWithValue(t, "boom", func() { _, _ = secure.Server(t.Context(), b, s) })
	assert.ErrorIs(t, second(refused()), io.ErrUnexpectedEOF)
	closed(t, b)
}

func TestConfigIsChecked(t *testing.T) {
	for side, f := range sides {
		t.Run(side, func(t *testing.T) {
			for want, cfg := range map[string]secure.Config{
				"Identity": {Accept: anyone},
				"Accept":   {Identity: identity(t)},
			} {
				a, b := net.Pipe()
				_, err := f(t.Context(), a, cfg)
				assert.ErrorContains(t, err, "Config."+want)
				closed(t, a, b)
			}
		})
	}
	_, err := secure.Client(t.Context(), pipeEnd(), secure.Config{Identity: &secure.Identity{}, Accept: anyone})
	assert.ErrorContains(t, err, "Config.Identity")
}

func pipeEnd() net.Conn {
	a, _ := net.Pipe()
	return a
}

func TestDial(t *testing.T) {
	c, s := two(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := async(func() (*secure.Conn, error) {
		b, err := l.Accept()
		if err != nil {
			return nil, err
		}
		return secure.Server(context.Background(), b, s)
	})
	client, err := secure.Dial(t.Context(), "tcp", l.Addr().String(), c)
	require.NoError(t, err)
	server, err := served()
	require.NoError(t, err)
	require.NoError(t, client.Close())
	assert.Equal(t, end{}, hear(server))
	require.NoError(t, server.Close())
	require.NoError(t, l.Close())
	var op *net.OpError
	assert.ErrorAs(t, second(secure.Dial(t.Context(), "tcp", l.Addr().String(), c)), &op)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errBoom)
	assert.Equal(t, errBoom, second(secure.Dial(ctx, "tcp", l.Addr().String(), c)))
}
