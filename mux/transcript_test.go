package mux_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/mux/internal/wire"
	"github.com/weir-go/weir/pull"
)

var update = flag.Bool("update", false, "write testdata/transcript.txt anew")

const transcriptFile = "testdata/transcript.txt"

// question is what stream 3 of the transcript carries.
var question = bytes.Repeat([]byte("is this a stream? "), 250)

// A recording is what both sides have written, step by step. Within a step the
// order between the sides may vary, so each side's bytes are kept together.
type recording struct {
	mu    sync.Mutex
	steps []map[string][]byte
}

func (r *recording) add(who string, p []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.steps) == 0 {
		r.steps = append(r.steps, map[string][]byte{})
	}
	step := r.steps[len(r.steps)-1]
	step[who] = append(step[who], p...)
}

// step ends a step once everything has come to rest.
func (r *recording) step() {
	settle()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, map[string][]byte{})
}

// of returns all that one side has written.
func (r *recording) of(who string) (all []byte) {
	for _, step := range r.steps {
		all = append(all, step[who]...)
	}
	return all
}

type recorded struct {
	net.Conn
	who string
	to  *recording
}

func (r recorded) Write(p []byte) (int, error) {
	r.to.add(r.who, p)
	return r.Conn.Write(p)
}

// converse is the conversation of the transcript, up to the close. Between its steps everything
// comes to rest, so that it always has the same bytes.
func converse(t *testing.T, rec *recording, client, server *mux.Session) {
	ctx := context.Background()
	ours, err := client.Open(ctx, "hello", map[string]string{"lang": "en"})
	require.NoError(t, err)
	theirs, err := server.Accept(ctx)
	require.NoError(t, err)
	rec.step()
	require.NoError(t, send(ctx, ours, question, len(question)))
	rec.step()
	got, err := receive(ctx, theirs)
	require.Equal(t, io.EOF, err)
	require.Equal(t, question, got)
	require.NoError(t, send(ctx, theirs, []byte("it is"), 5))
	rec.step()
	got, err = receive(ctx, ours)
	require.Equal(t, io.EOF, err)
	require.Equal(t, "it is", string(got))
	rec.step()

	ours, err = client.Open(ctx, "tell me", nil)
	require.NoError(t, err)
	theirs, err = server.Accept(ctx)
	require.NoError(t, err)
	rec.step()
	gone, sank := make(chan error, 1), make(chan error, 1)
	go func() { sank <- ours.Duplex().Sink(ctx, blocked("well", gone)) }()
	rec.step()
	require.NoError(t, pull.Abort(theirs.Duplex().Source, errors.New("I know")))
	<-sank
	rec.step()
	require.NoError(t, theirs.Duplex().Close(nil))
	rec.step()
	_, err = receive(ctx, ours)
	require.ErrorIs(t, err, pull.ErrStopped)
	rec.step()
}

// record has the conversation and returns what was said.
func record(t *testing.T) *recording {
	rec := &recording{}
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		cfg := mux.Config{Idle: -1, Application: "chat/2"}
		client, server := connectWith(t, recorded{a, "c", rec}, recorded{b, "s", rec}, cfg)
		rec.step()
		converse(t, rec, client, server)
		require.NoError(t, client.Close(t.Context()))
		<-server.Done()
		require.NoError(t, server.Err())
	})
	return rec
}

// TestTranscript compares the conversation with the recorded one, which is the
// example of PROTOCOL.md: a change here is a change of the protocol.
func TestTranscript(t *testing.T) {
	rec := record(t)
	require.Greater(t, len(rec.of("c")), 4096)
	text := rec.text(t)
	if *update {
		require.NoError(t, os.WriteFile(transcriptFile, []byte(text), 0o644))
	}
	want, err := os.ReadFile(transcriptFile)
	require.NoError(t, err)
	wantLines, lines := strings.Split(string(want), "\n"), strings.Split(text, "\n")
	for i := range min(len(lines), len(wantLines)) {
		require.Equal(t, shorten(wantLines[i]), shorten(lines[i]), "line %d", i+1)
	}
	require.Equal(t, len(wantLines), len(lines))
}

func shorten(line string) string {
	if len(line) > 200 {
		return fmt.Sprintf("%s… %x", line[:100], sha256.Sum256([]byte(line)))
	}
	return line
}

// text writes the recording as one line of hex digits for each preface or
// frame, after a line that says what it is.
func (r *recording) text(t *testing.T) string {
	var b strings.Builder
	b.WriteString("# A whole session, see PROTOCOL.md. c: client, s: server.\n" +
		"# Where the order between the two is free, the client comes first.\n")
	for _, step := range r.steps {
		for _, who := range []string{"c", "s"} {
			hello := false
			for p := step[who]; len(p) > 0; {
				n, what := explain(t, p, hello)
				hello = wire.IsMagic(p[:n])
				fmt.Fprintf(&b, "# %s\n%s %s\n", what, who, hex.EncodeToString(p[:n]))
				p = p[n:]
			}
		}
	}
	return b.String()
}

// explain says what p begins with and how long that is.
func explain(t *testing.T, p []byte, hello bool) (int, string) {
	if wire.IsMagic(p) {
		return wire.PrefaceSize, "preface"
	}
	if hello {
		n, err := wire.HelloSize([wire.HelloPrefix]byte(p))
		require.NoError(t, err)
		h, err := wire.ParseHello(p[wire.HelloPrefix:][:n])
		require.NoError(t, err)
		return wire.HelloPrefix + n, fmt.Sprintf("hello: window %d, streams %d, backlog %d, "+
			"round trip %v, application %q", h.Window, h.Streams, h.Backlog, h.RTT, h.Application)
	}
	f := parseFrame(p)
	what := fmt.Sprintf("%s stream %d%s", []string{"DATA", "WINDOW"}[f.kind], f.id, f.flagNames())
	switch {
	case f.kind == window:
		return 12, fmt.Sprintf("%s +%d", what, f.length)
	case f.id != 1:
		return f.size(), fmt.Sprintf("%s, %d bytes", what, f.length)
	}
	var d wire.Decoder
	require.NoError(t, d.Feed(p[12:f.size()], func(m wire.Message) error {
		what += ": " + describe(m)
		return nil
	}))
	return f.size(), what
}

func describe(m wire.Message) string {
	switch m.Kind {
	case wire.End:
		return fmt.Sprintf("END stream %d offset %d", m.ID, m.Offset)
	case wire.Reset:
		return fmt.Sprintf("RESET stream %d offset %d code %d %q", m.ID, m.Offset, m.Code, m.Text)
	case wire.Abort:
		return fmt.Sprintf("ABORT stream %d code %d %q", m.ID, m.Code, m.Text)
	case wire.Drain:
		return "DRAIN"
	case wire.Drained:
		return "DRAINED"
	}
	return fmt.Sprintf("kind %d", m.Kind)
}

// A parsed is the header of a frame.
type parsed struct {
	kind   byte
	flags  uint16
	id     uint32
	length int
}

func parseFrame(p []byte) parsed {
	return parsed{
		kind: p[1], flags: binary.BigEndian.Uint16(p[2:]),
		id: binary.BigEndian.Uint32(p[4:]), length: int(binary.BigEndian.Uint32(p[8:])),
	}
}

// size is the size of the whole frame.
func (f parsed) size() int {
	if f.kind == data {
		return 12 + f.length
	}
	return 12
}

func (f parsed) flagNames() (s string) {
	for i, name := range []string{" SYN", " ACK", " FIN", " RST"} {
		if f.flags&(1<<i) != 0 {
			s += name
		}
	}
	return s
}
