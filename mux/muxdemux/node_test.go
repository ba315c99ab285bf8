package muxdemux_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/mux/muxdemux"
)

// An event is what testdata/peer.cjs tells.
type event struct {
	On       string
	S        string
	Meta     json.RawMessage
	Value    json.RawMessage
	Text     string
	Code     int
	OK       bool
	Readable bool
	Writable bool
	N        int
}

// A puppet is npm's mux-demux in another process.
type puppet struct {
	in     io.Writer
	events chan event
	opened int // streams, by it
}

// node starts npm's mux-demux and makes a session with it. The package is found
// by NODE_PATH; where it is not there the test is skipped, unless
// WEIR_REQUIRE_NODE is set.
func node(t *testing.T, options string, cfg muxdemux.Config) (*muxdemux.Session, *puppet) {
	t.Helper()
	need := t.Skipf
	if os.Getenv("WEIR_REQUIRE_NODE") != "" {
		need = t.Fatalf
	}
	if _, err := exec.LookPath("node"); err != nil {
		need("node is needed: %v; TestTranscript… replay what npm said", err)
	}
	path := filepath.Join(os.Getenv("NODE_PATH"), "mux-demux/package.json")
	if _, err := os.Stat(path); err != nil {
		need("mux-demux in NODE_PATH is needed: %v; TestTranscript… replay what npm said", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	c := exec.Command("node", "testdata/peer.cjs", port, options)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	require.NoError(t, err)
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	p := &puppet{in: in, events: make(chan event, 100_000)}
	read := later(func() error { return p.listen(out) })
	conn, err := l.Accept()
	require.NoError(t, err)
	s := muxdemux.New(netconn.New(conn), cfg)
	t.Cleanup(func() {
		_ = s.Abort(nil)
		_ = in.Close()
		<-read
		_ = c.Wait()
	})
	p.want(t, "connected", "")
	return s, p
}

func (p *puppet) listen(out io.Reader) error {
	defer close(p.events)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return err
		}
		p.events <- e
	}
	return lines.Err()
}

// do gives a command.
func (p *puppet) do(t *testing.T, command string) {
	t.Helper()
	_, err := io.WriteString(p.in, command+"\n")
	require.NoError(t, err)
}

// next returns the next event.
func (p *puppet) next(t *testing.T) event {
	t.Helper()
	select {
	case e, ok := <-p.events:
		require.True(t, ok, "the process has ended")
		return e
	case <-time.After(30 * time.Second):
		require.Fail(t, "no event came")
		return event{}
	}
}

// values returns those of a stream up to its end.
func (p *puppet) values(t *testing.T, stream string) (got []string) {
	t.Helper()
	for {
		switch e := p.next(t); {
		case e.S != stream:
		case e.On == "end":
			return got
		case e.On == "data":
			got = append(got, string(e.Value))
		}
	}
}

// want returns the next event of this kind and stream, which must come.
func (p *puppet) want(t *testing.T, on, stream string) event {
	t.Helper()
	for {
		if e := p.next(t); e.On == on && e.S == stream {
			return e
		}
	}
}

// A pairing is a stream between a session and npm, opened by either.
type pairing struct {
	name string
	// open returns both ends: ours, and the name of npm's.
	open func(t *testing.T, s *muxdemux.Session, p *puppet, meta string, kind muxdemux.Kind) (*muxdemux.Stream, string)
}

// roles are both ways to open a stream. kind is from our view.
var roles = []pairing{
	{"npm accepts", func(
		t *testing.T, s *muxdemux.Session, p *puppet, meta string, kind muxdemux.Kind,
	) (*muxdemux.Stream, string) {
		st, err := s.Open(soon(t), json.RawMessage(meta), kind)
		require.NoError(t, err)
		e := p.next(t)
		for e.On != "connection" {
			e = p.next(t)
		}
		require.JSONEq(t, meta, string(e.Meta))
		require.Equal(t, kind != muxdemux.Read, e.Readable)
		require.Equal(t, kind != muxdemux.Write, e.Writable)
		return st, e.S
	}},
	{"npm opens", func(
		t *testing.T, s *muxdemux.Session, p *puppet, meta string, kind muxdemux.Kind,
	) (*muxdemux.Stream, string) {
		kinds := map[muxdemux.Kind]string{
			muxdemux.Both: "both", muxdemux.Read: "write", muxdemux.Write: "read",
		}
		name := "out" + strconv.Itoa(p.opened) + meta
		p.opened++
		quoted, _ := json.Marshal(name)
		p.do(t, `{"do":"create","s":`+string(quoted)+`,"kind":"`+kinds[kind]+`","meta":`+meta+`}`)
		p.want(t, "created", name)
		st, err := s.Accept(soon(t))
		require.NoError(t, err)
		require.JSONEq(t, meta, string(st.Meta()))
		require.Equal(t, kind, st.Kind())
		return st, name
	}},
}

// cmd makes a command about a stream.
func cmd(do, stream, more string) string {
	quoted, _ := json.Marshal(stream)
	return strings.TrimSuffix(`{"do":"`+do+`","s":`+string(quoted)+`,`+more, ",") + `}`
}
