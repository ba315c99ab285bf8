package npm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/npm"
)

var errCut = errors.New("cut")

// cutAt is d until so many bytes have come in or gone out.
func cutAt(d duplex.Duplex[[]byte, []byte], in, out int) duplex.Duplex[[]byte, []byte] {
	return duplex.Duplex[[]byte, []byte]{
		Source: limited(d.Source, in),
		Sink:   func(ctx context.Context, src pull.Source[[]byte]) error { return d.Sink(ctx, limited(src, out)) },
	}
}

func limited(src pull.Source[[]byte], left int) pull.Source[[]byte] {
	return pull.From(func(ctx context.Context) ([]byte, error) {
		if left == 0 {
			return nil, errCut
		}
		chunk, err := src(ctx)
		chunk = chunk[:min(len(chunk), left)]
		left -= len(chunk)
		return chunk, err
	}, func(cause error) error { return pull.Abort(src, cause) })
}

// A world is some replicas of both kinds.
type world struct {
	t     *testing.T
	rng   *rand.Rand
	kind  string
	nodes []*node
	gos   []*npm.Scuttlebutt
	rows  int
	last  bool // what is written now is written by nobody else

	running sync.WaitGroup
	cuts    []context.CancelFunc
}

var texts = []string{"plain", "é☃", "😀\u2028", "\"\\\b\n", "<&>", ""}

// randomValue is JSON that both sides write in the same way, or not.
func (w *world) randomValue() any {
	switch w.rng.IntN(5) {
	case 0:
		return w.rng.IntN(1000)
	case 1:
		return w.rng.Float64() * 1e-8
	case 2:
		return map[string]any{"b": 1, "2": true, "1": []any{nil, 1e21}}
	}
	return texts[w.rng.IntN(len(texts))] + strconv.Itoa(w.rng.IntN(100))
}

// edit writes something, on a node or here.
func (w *world) edit() {
	kind, key := w.kind, "k"+texts[1]+strconv.Itoa(w.rng.IntN(4))
	if kind == "bucket" {
		kind = []string{"model", "value", "doc", "events", "nested"}[w.rng.IntN(5)]
	}
	at := w.rng.IntN(len(w.nodes) + len(w.gos))
	v := w.randomValue()
	if at < len(w.nodes) {
		w.editNode(w.nodes[at], kind, key, v)
		return
	}
	s := w.gos[at-len(w.nodes)]
	if w.kind == "bucket" {
		s = s.Part(map[string]string{"model": "m", "value": "v", "doc": "d", "events": "e", "nested": "s/m"}[kind])
	}
	w.editHere(s, kind, key, v)
}

func (w *world) editNode(n *node, kind, key string, v any) {
	switch kind {
	case "model":
		n.do("set", []any{key, v})
	case "nested":
		n.do("nested", []any{key, v})
	case "value":
		n.do("value", v)
	case "events":
		n.do("emit", []any{key, v})
	case "doc":
		if w.kind == "doc" && !w.last && w.rng.IntN(3) == 0 {
			w.rows++
			n.do("push", map[string]any{"id": "r" + strconv.Itoa(w.rows), "text": v})
			return
		}
		n.do("row", []any{key, w.fields(v)})
	}
}

func (w *world) fields(v any) map[string]any {
	fields := map[string]any{string(rune('a' + w.rng.IntN(3))): v}
	if w.rng.IntN(2) == 0 {
		fields["b"] = w.rng.IntN(10)
	}
	return fields
}

func (w *world) editHere(s *npm.Scuttlebutt, kind, key string, v any) {
	t := w.t
	switch kind {
	case "model", "nested":
		m, err := npm.NewModel[any](s)
		require.NoError(t, err)
		require.NoError(t, m.Set(key, v))
	case "value":
		x, err := npm.NewValue[any](s)
		require.NoError(t, err)
		require.NoError(t, x.Set(v))
	case "events":
		e, err := npm.NewEmitter(s)
		require.NoError(t, err)
		require.NoError(t, e.Emit(key, v))
	case "doc":
		d, err := npm.NewDoc(s)
		require.NoError(t, err)
		q, err := d.Ordered("list", "todo")
		require.NoError(t, err)
		switch n := q.Len(); {
		case w.kind == "doc" && !w.last && w.rng.IntN(3) == 0:
			w.rows++
			require.NoError(t, q.Insert(w.rng.IntN(n+1), "r"+strconv.Itoa(w.rows), map[string]any{"text": v}))
		case w.kind == "doc" && !w.last && n > 0 && w.rng.IntN(3) == 0:
			require.NoError(t, q.Insert(w.rng.IntN(n+1), q.IDs()[w.rng.IntN(n)], nil))
		default:
			require.NoError(t, d.Set(key, w.fields(v)))
		}
	}
}

// link connects a replica here with a node, live, until it is cut: after so many
// bytes, or by a later step.
func (w *world) link() {
	n, s := w.nodes[w.rng.IntN(len(w.nodes))], w.gos[w.rng.IntN(len(w.gos))]
	d, err := netconn.Dial(w.t.Context(), "tcp", n.address())
	require.NoError(w.t, err)
	if w.rng.IntN(3) > 0 {
		d = cutAt(d, w.rng.IntN(2000), w.rng.IntN(2000))
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	w.cuts = append(w.cuts, cancel)
	w.running.Go(func() {
		if err := s.NewSession(npm.SyncConfig{}).Run(ctx, d); errors.Is(err, npm.ErrLine) {
			w.t.Errorf("session: %v", err) // any other says that it was cut
		}
	})
}

// native exchanges what two replicas here have, by weir's own protocol.
func (w *world) native() {
	if len(w.gos) < 2 {
		return
	}
	require.NoError(w.t, exchange(w.t, w.gos[0].Replica(), w.gos[1].Replica()))
}

func exchange(t testing.TB, a, b *replicate.Replica) error {
	t.Helper()
	da, db := duplex.Pair[[]byte, []byte]()
	ended := make(chan error, 1)
	go func() {
		ended <- replicate.NewSession(a, replicate.SyncConfig{Once: true}).Run(context.Background(), da)
	}()
	err := replicate.NewSession(b, replicate.SyncConfig{Once: true}).Run(context.Background(), db)
	return errors.Join(err, <-ended)
}

// cut cuts all links.
func (w *world) cut() {
	for _, cancel := range w.cuts {
		cancel()
	}
	w.cuts = nil
	w.running.Wait()
	for _, n := range w.nodes {
		n.do("cut", 1)
		n.state() // not to cut what comes next
	}
}

// once has two replicas exchange all they have.
func (w *world) once(s *npm.Scuttlebutt, n *node) {
	w.t.Helper()
	d, err := netconn.Dial(w.t.Context(), "tcp", n.address())
	require.NoError(w.t, err)
	require.NoError(w.t, s.NewSession(npm.SyncConfig{Once: true}).Run(w.t.Context(), d))
}

// heal has everybody get everything.
func (w *world) heal() {
	w.cut()
	for range 2 {
		w.native()
		for _, s := range w.gos {
			for _, n := range w.nodes {
				w.once(s, n)
			}
		}
	}
}

// close has every replica write once more, so that all clocks have all authors.
func (w *world) close() {
	w.last = true
	settle := func() {
		if w.kind == "value" { // which shows one write
			w.heal()
		}
	}
	for i, n := range w.nodes {
		kind := w.kind
		if kind == "bucket" {
			kind = "model"
		}
		w.editNode(n, kind, "close"+strconv.Itoa(i), 1)
		settle()
	}
	for i, s := range w.gos {
		kind := w.kind
		if kind == "bucket" {
			kind, s = "model", s.Part("m")
		}
		w.editHere(s, kind, "close here"+strconv.Itoa(i), 1)
		settle()
	}
}

// history is what an original's history({}) has: the lines of a dump.
func history(t testing.TB, s *npm.Scuttlebutt) (lines []json.RawMessage) {
	t.Helper()
	chunks, err := pull.Collect(t.Context(), s.Dump())
	require.NoError(t, err)
	for line := range bytes.Lines(bytes.Join(chunks, nil)) {
		if line[0] == '[' {
			lines = append(lines, bytes.TrimSpace(line))
		}
	}
	return lines
}

// shown is what an original shows: nothing of the events in a bucket.
func (w *world) shown() string {
	text := w.gos[0].JSON()
	if w.kind != "bucket" {
		return string(text)
	}
	var parts map[string]json.RawMessage
	require.NoError(w.t, json.Unmarshal(text, &parts))
	delete(parts, "e")
	text, err := json.Marshal(parts)
	require.NoError(w.t, err)
	return string(text)
}

// compare wants all replicas to be equal.
func (w *world) compare() {
	t := w.t
	t.Helper()
	var want []string
	for _, line := range history(t, w.gos[0]) {
		want = append(want, string(line))
	}
	for _, s := range w.gos[1:] {
		var got []string
		for _, line := range history(t, s) {
			got = append(got, string(line))
		}
		require.Equal(t, want, got)
		require.Equal(t, w.gos[0].Clock(), s.Clock())
	}
	for _, n := range w.nodes {
		state := n.state()
		var got []string
		for _, line := range state.History {
			got = append(got, escaped(string(line)))
		}
		require.Equal(t, want, got, "the history of %s", n.name)
		clock := w.gos[0].Clock()
		if w.kind == "bucket" { // whose own writes are not in its clock
			delete(clock, state.ID)
			delete(state.Sources, state.ID)
		}
		require.Equal(t, clock, state.Sources)
		if w.kind != "events" { // of which the original shows nothing
			require.JSONEq(t, string(state.JSON), w.shown())
		}
		if w.kind == "doc" {
			d, err := npm.NewDoc(w.gos[0])
			require.NoError(t, err)
			q, err := d.Ordered("list", "todo")
			require.NoError(t, err)
			require.Equal(t, append([]string{}, state.Seq...), q.IDs())
		}
	}
}

// histories is how many are played for each type.
func histories(t *testing.T) int {
	if s := os.Getenv("WEIR_HISTORIES"); s != "" {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		return n
	}
	if testing.Short() {
		return 20
	}
	return 200
}

// Replicas here and there write, connect, are cut off at any byte, and connect
// again: in the end they have the same state, the same history, the same clock.
// row: 7 events, 25 eventually-consistent, 36 simple, 40 tcp, 42 replicate
func TestNodeHistories(t *testing.T) {
	needNode(t)
	for _, kind := range []string{"model", "value", "events", "doc", "bucket"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := startNode(t)
			for seed := range histories(t) {
				play(t, p, kind, uint64(seed))
			}
		})
	}
}

// play plays one history. Every fourth has a second replica of both, which only
// meet as replicas of weir and, in every eighth, as originals too.
func play(t *testing.T, p *nodeProcess, kind string, seed uint64) {
	w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 0)), kind: kind}
	several := 1
	if seed%4 == 3 {
		several = 2
	}
	for i := range several {
		name := fmt.Sprint(kind, seed, "-", i)
		w.nodes = append(w.nodes, p.make(name, kind, "N"+strings.Repeat("0", int(seed%30))+strconv.Itoa(i)))
		id := ""
		if seed%2 == 0 {
			id = "G☃" + strconv.Itoa(i)
		}
		w.gos = append(w.gos, openKind(t, newReplica(), kind, id))
	}
	defer func() {
		if t.Failed() {
			t.Logf("kind %s, seed %d", kind, seed)
		}
		for _, n := range w.nodes {
			n.do("end", 1)
		}
	}()
	if seed%8 == 7 {
		w.nodes[0].do("connect", w.nodes[1].port)
	}
	for range 30 {
		switch w.rng.IntN(10) {
		case 0:
			w.link()
		case 1:
			w.cut()
		case 2:
			w.native()
		case 3, 4: // what was sent before has come
			w.nodes[w.rng.IntN(several)].state()
		default:
			w.edit()
		}
	}
	w.heal()
	w.close()
	w.heal()
	w.compare()
	p.drop()
}
