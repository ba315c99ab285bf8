package npm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/npm"
)

// A said is a line that one of two originals has sent.
type said struct {
	by   string
	line string
}

// transcripts are what two originals, A and B, have said to each other.
func transcript(t *testing.T, name string) (lines []said) {
	t.Helper()
	text, err := os.ReadFile("testdata/transcripts/" + name)
	require.NoError(t, err)
	if strings.HasSuffix(name, ".txt") {
		for line := range strings.Lines(string(text)) {
			if by, line, ok := strings.Cut(strings.TrimSpace(line), ">"); ok && len(by) == 1 {
				lines = append(lines, said{by, line[2:]})
			}
		}
		return lines
	}
	var file struct {
		Transcript []struct {
			Dir, Line string
			Fin       bool
		}
	}
	require.NoError(t, json.Unmarshal(text, &file))
	for _, l := range file.Transcript {
		if !l.Fin {
			lines = append(lines, said{l.Dir[:1], l.Line})
		}
	}
	return lines
}

// A wall is a clock that says what a test wants.
type wall struct{ ns atomic.Int64 }

func newWall(ms int64) *wall {
	w := new(wall)
	w.ns.Store(ms * 1e6)
	return w
}

func (w *wall) now() time.Time { return time.Unix(0, w.ns.Load()) }

func (w *wall) step(d time.Duration) { w.ns.Add(int64(d)) }

func (w *wall) at(ts float64) {
	w.ns.Store(int64(ts)*1e6 + int64((ts-float64(int64(ts)))*1e6))
}

// A player plays one side of a transcript.
type player struct {
	t    *testing.T
	me   string
	s    *npm.Scuttlebutt
	wall *wall
	in   chan []byte // to it
	out  pull.Source[[]byte]
	rest []string // lines that it has said
	end  chan error
}

func newPlayer(t *testing.T, kind, id string) *player {
	p := &player{t: t, me: id, wall: newWall(1), in: make(chan []byte), end: make(chan error, 1)}
	r := replicate.New(replicate.Config{
		Types: npm.Types(), Now: p.wall.now, MaxAhead: 1 << 62,
	})
	p.s = openKind(t, r, kind, id)
	return p
}

// openKind opens what testdata/peer.js calls that.
func openKind(t testing.TB, r *replicate.Replica, kind, id string) *npm.Scuttlebutt {
	t.Helper()
	types := map[string]replicate.Type{"model": npm.ModelType, "events": npm.EventsType,
		"value": npm.ValueType, "doc": npm.DocType}
	if kind == "bucket" {
		s, err := npm.OpenBucket(r, "", map[string]replicate.Type{
			"m": npm.ModelType, "v": npm.ValueType, "d": npm.DocType, "e": npm.EventsType,
			"s/m": npm.ModelType,
		}, npm.Config{ID: id})
		require.NoError(t, err)
		return s
	}
	s, err := npm.Open(r, types[kind], "", npm.Config{ID: id})
	require.NoError(t, err)
	return s
}

// start runs a session.
func (p *player) start(cfg npm.SyncConfig) {
	mine, theirs := duplex.Pair[[]byte, []byte]()
	p.out = theirs.Source
	go func() { p.end <- p.s.NewSession(cfg).Run(context.Background(), mine) }()
	go func() { _ = theirs.Sink(context.Background(), pull.FromChan(p.in)) }()
}

func (p *player) feed(line string) { p.in <- []byte(line + "\n") }

// next returns the next line that it says.
func (p *player) next() string {
	p.t.Helper()
	for len(p.rest) == 0 {
		chunk, err := p.out(p.t.Context())
		require.NoError(p.t, err)
		p.rest = strings.Split(strings.TrimSuffix(string(chunk), "\n"), "\n")
	}
	line := p.rest[0]
	p.rest = p.rest[1:]
	return line
}

func (p *player) stop() {
	close(p.in)
	_, err := p.out(p.t.Context())
	require.Equal(p.t, io.EOF, err)
	require.NoError(p.t, <-p.end)
}

// write does what the original did when it wrote a line.
func (p *player) write(line string) {
	p.t.Helper()
	var u []json.RawMessage
	require.NoError(p.t, json.Unmarshal([]byte(line), &u))
	ts, err := strconv.ParseFloat(string(u[1]), 64)
	require.NoError(p.t, err)
	p.wall.at(ts)
	writeChange(p.t, p.s, string(u[0]))
}

func writeChange(t testing.TB, s *npm.Scuttlebutt, change string) {
	t.Helper()
	_, err := s.Write([]byte(change))
	require.NoError(t, err)
}

// escaped is a line as this package writes it: ASCII.
func escaped(line string) string {
	var b strings.Builder
	for _, r := range line {
		if r < 0x80 {
			b.WriteRune(r)
			continue
		}
		for _, u := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, u)
		}
	}
	return b.String()
}

func author(line string) string {
	var u []json.RawMessage
	var id string
	if json.Unmarshal([]byte(line), &u) == nil && len(u) > 2 {
		_ = json.Unmarshal(u[2], &id)
	}
	return id
}

// split cuts a transcript into what each side has said up to its SYNC and behind,
// without what only goes back to who wrote it.
func split(lines []said, me string) (mine, theirs, live []said) {
	synced, before := map[string]bool{}, map[said]bool{}
	for _, l := range lines {
		again := before[l] && l.by == me // as a bucket says all it has twice
		before[l] = true
		echo := author(l.line) != "" && author(l.line) != l.by
		switch {
		case synced[l.by] && l.by == me && (echo || again):
		case synced[l.by]:
			live = append(live, l)
		case l.by == me:
			mine = append(mine, l)
		default:
			theirs = append(theirs, l)
		}
		synced[l.by] = synced[l.by] || l.line == `"SYNC"`
	}
	return mine, theirs, live
}

// Each side of each transcript says what the original did, byte for byte but for
// what is escaped.
func TestTranscripts(t *testing.T) {
	for _, c := range []struct{ file, kind, side string }{
		{"model.json", "model", "A"}, {"model.json", "model", "B"},
		{"events.json", "events", "A"}, {"events.json", "events", "B"},
		{"rvalue.json", "value", "A"}, {"rvalue.json", "value", "B"},
		{"crdt.json", "doc", "A"}, {"crdt.json", "doc", "B"},
		{"meta-resync.txt", "model", "A"}, {"tail-false.txt", "model", "A"}, {"tail-false.txt", "model", "B"},
		{"ro-noclock.txt", "model", "B"}, {"scuttlebucket.txt", "bucket", "A"},
	} {
		t.Run(c.file+"/"+c.side, func(t *testing.T) { replay(t, transcript(t, c.file), c.kind, c.side) })
	}
}

func replay(t *testing.T, lines []said, kind, side string) {
	p := newPlayer(t, kind, side)
	mine, theirs, live := split(lines, side)
	if kind == "doc" && side == "B" {
		// The original forgets which row it has removed, and says so once a field.
		i := 0
		for _, l := range mine {
			if strings.HasPrefix(l.line, "[null,") {
				l.line = `[["dead",null],1795206352128.001,"B"]`
			}
			if i == 0 || mine[i-1] != l {
				mine[i] = l
				i++
			}
		}
		mine = mine[:i]
	}
	header := mine[0].line
	if header[0] == '[' { // who takes a reader's stream in has none
		header, mine = `{"id":"B","clock":{"B":1795206777872.001}}`, append([]said{{}}, mine...)
	}
	if mine = mine[1:]; kind == "bucket" {
		// The original leaves out of a bucket's clock what was written in it.
		header = `{"id":"A","clock":{"A":1795206777905.001}}`
	}
	var meta struct{ Meta json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(header), &meta))
	for _, l := range mine {
		if strings.HasPrefix(l.line, `[["dead",null]`) {
			p.wall.at(1795206352128)
			writeChange(t, p.s, `["dead",{"x":1}]`)
		}
		if author(l.line) == side {
			p.write(l.line)
		}
	}
	if meta.Meta == nil {
		p.start(npm.SyncConfig{})
	} else {
		p.start(npm.SyncConfig{Meta: meta.Meta})
	}
	require.Equal(t, escaped(header), p.next())
	p.feed(theirs[0].line)
	for _, l := range mine {
		require.Equal(t, escaped(l.line), p.next())
	}
	for _, l := range theirs[1:] {
		p.feed(l.line)
	}
	for _, l := range live {
		if l.by != side {
			p.feed(l.line)
			continue
		}
		p.write(l.line)
		require.Equal(t, escaped(l.line), p.next())
	}
	p.stop()
}

// What an original has written is read, and written again, byte for byte.
func TestDumps(t *testing.T) {
	for file, kind := range map[string]string{"dump-model.jsonl": "model", "dump-events.jsonl": "events",
		"dump-crdt.jsonl": "doc", "dump-rvalue.jsonl": "value", "dump-model-tail.jsonl": "model"} {
		t.Run(file, func(t *testing.T) {
			text, err := os.ReadFile("testdata/dumps/" + file)
			require.NoError(t, err)
			s := openKind(t, replicate.New(replicate.Config{Types: npm.Types()}), kind, "")
			stats, err := s.Restore(t.Context(), pull.Once(bytes.Clone(text)))
			require.NoError(t, err)
			require.True(t, stats.CaughtUp)
			assert.Equal(t, "A", s.ID())
			chunks, err := pull.Collect(t.Context(), s.Dump())
			require.NoError(t, err)
			got := string(bytes.Join(chunks, nil))
			if file == "dump-model-tail.jsonl" {
				// A snapshot of a log has each key once.
				assert.Equal(t, `{"id":"A","clock":{"A":1795206778001.001}}`+"\n"+
					`[["a",2],1795206778001,"A"]`+"\n"+`[["b",3],1795206778001.001,"A"]`+"\n"+`"SYNC"`+"\n", got)
				return
			}
			assert.Equal(t, string(text), got)
			_, err = s.Restore(t.Context(), pull.Once(text))
			assert.ErrorIs(t, err, npm.ErrRestored)
		})
	}
}
