package registry_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/registry"
)

// A seaport is a process of npm's seaport, with any number of clients and hubs.
type seaport struct {
	t    *testing.T
	cmd  *exec.Cmd
	in   io.WriteCloser
	news chan struct{} // closed when something has come

	mu     sync.Mutex
	values []json.RawMessage
	events []seaportEvent
}

type seaportEvent struct {
	Name, Event string
	Meta        map[string]any
}

// patience is how long a test waits for what is to come at once.
const patience = 20 * time.Second

// noSeaport says why there is none.
var noSeaport = sync.OnceValue(func() string {
	out, err := exec.Command("node", "-e", "require('seaport')").CombinedOutput()
	if err == nil {
		return ""
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return err.Error() + " " + line
})

// startSeaport starts testdata/seaport.cjs. Package seaport is found by
// NODE_PATH; where it is not there the test is skipped, unless WEIR_REQUIRE_NODE
// is set.
func startSeaport(t *testing.T) *seaport {
	t.Helper()
	need := t.Skipf
	if os.Getenv("WEIR_REQUIRE_NODE") != "" {
		need = t.Fatalf
	}
	if why := noSeaport(); why != "" {
		need("node with package seaport in NODE_PATH is needed: %s; TestTranscript replays it", why)
	}
	s := &seaport{t: t, cmd: exec.Command("node", "testdata/seaport.cjs"), news: make(chan struct{})}
	s.cmd.Stderr = os.Stderr
	in, err := s.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := s.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, s.cmd.Start())
	s.in = in
	var done sync.WaitGroup
	done.Go(func() { s.read(out) })
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		done.Wait()
		_ = s.cmd.Wait()
	})
	return s
}

func (s *seaport) read(out io.Reader) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			seaportEvent
			Value json.RawMessage
		}
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			continue
		}
		s.mu.Lock()
		if line.Event != "" {
			s.events = append(s.events, line.seaportEvent)
		} else {
			s.values = append(s.values, line.Value)
		}
		close(s.news)
		s.news = make(chan struct{})
		s.mu.Unlock()
	}
}

// until waits for f, which is called with the lock held.
func (s *seaport) until(what string, f func() bool) {
	s.t.Helper()
	late := time.After(patience)
	for {
		s.mu.Lock()
		ok, news := f(), s.news
		s.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-news:
		case <-late:
			s.t.Fatalf("seaport: no %s", what)
		}
	}
}

func (s *seaport) send(method string, args ...any) {
	s.t.Helper()
	line, err := json.Marshal(append([]any{method}, args...))
	require.NoError(s.t, err)
	_, err = s.in.Write(append(line, '\n'))
	require.NoError(s.t, err)
}

// do has a method called, and returns its value in v.
func (s *seaport) do(v any, method string, args ...any) {
	s.t.Helper()
	s.send(method, args...)
	s.value(v)
}

func (s *seaport) value(v any) {
	s.t.Helper()
	s.until("answer", func() bool {
		if len(s.values) == 0 {
			return false
		}
		if v != nil {
			require.NoError(s.t, json.Unmarshal(s.values[0], v))
		}
		s.values = s.values[1:]
		return true
	})
}

// event waits for an event of a client or hub, and takes it out.
func (s *seaport) event(name, event string) (meta map[string]any) {
	s.t.Helper()
	return s.eventOf(name, event, nil)
}

// eventOf is event, of the service with an id.
func (s *seaport) eventOf(name, event string, id any) (meta map[string]any) {
	s.t.Helper()
	s.until(event+" of "+name, func() bool {
		for i, e := range s.events {
			if e.Name == name && e.Event == event && (id == nil || e.Meta["id"] == id) {
				meta = e.Meta
				s.events = append(s.events[:i:i], s.events[i+1:]...)
				return true
			}
		}
		return false
	})
	return meta
}

// left returns the events of a client or hub that nobody has waited for.
func (s *seaport) left(name string) (left []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.Name == name {
			left = append(left, e.Event)
		}
	}
	return left
}

type metas []map[string]any

func (s *seaport) query(name, role string) (found metas) {
	s.t.Helper()
	s.do(&found, "query", name, role)
	return found
}

// A hub is ours, on a port.
type hub struct {
	node
	port int
	kill context.CancelFunc // its connections and its port, at once
}

// startHub serves seaport on a port of the loopback.
func startHub(t testing.TB, cfg registry.Config) *hub {
	t.Helper()
	return newNode(t, replicate.Config{}, cfg).listen(t, 0)
}

func (n node) listen(t testing.TB, port int) *hub {
	t.Helper()
	h := &hub{node: n}
	ctx, cancel := context.WithCancel(context.Background())
	l, err := netconn.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	require.NoError(t, err)
	h.port = l.Addr().(*net.TCPAddr).Port
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept(ctx)
			if err != nil {
				return
			}
			host, _, _ := net.SplitHostPort(c.RemoteAddr().String())
			all.Go(func() { _ = h.Serve(ctx, netconn.New(c), host) })
		}
	})
	h.kill = func() { cancel(); all.Wait() }
	t.Cleanup(h.kill)
	return h
}

// connectTo keeps n connected to hubs of seaport until the function it returns
// is called.
func (n node) connectTo(t testing.TB, addresses ...string) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		_ = n.Connect(ctx, registry.Hubs{Addresses: addresses, Dial: dial})
	})
	stop = func() { cancel(); done.Wait() }
	t.Cleanup(stop)
	return stop
}

func dial(ctx context.Context, address string) (duplex.Duplex[[]byte, []byte], error) {
	return netconn.Dial(ctx, "tcp", address)
}

// waits returns what a node finds, when there is as much of it as is wanted.
func (n node) waits(t testing.TB, query string, want int) (found []registry.Service) {
	t.Helper()
	require.Eventually(t, func() bool {
		var err error
		found, err = n.Query(query)
		return err == nil && len(found) == want
	}, patience, time.Millisecond, "%d of %q", want, query)
	return found
}
