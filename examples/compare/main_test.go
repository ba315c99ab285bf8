package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"nothing"}, {"streams", "twice"}, {"--rounds", "6", "streams"}, {"--what", "streams"},
		{"--only", "nothing", "streams"},
	} {
		assert.ErrorIs(t, run(t.Context(), args, &bytes.Buffer{}), errUsage, "%q", args)
	}
}

func TestAllPeersAgree(t *testing.T) {
	var rows []string
	for _, w := range streams() {
		require.NoError(t, agree(t.Context(), w), w.name)
		for _, p := range w.peers {
			r := compare(w, p, []float64{1}, []float64{1})
			rows = append(rows, r.Work+": "+r.Peer)
		}
		if w.allocs >= 0 {
			r, err := allocations(t.Context(), w)
			require.NoError(t, err)
			assert.True(t, r.Met, "%s: %v", r.Work, r.Ours)
			rows = append(rows, r.Work)
		}
	}
	assert.Equal(t, []string{
		"chain: iter.Seq2",
		"chain-floor: its functions alone",
		"chain-channels: channels of 64",
		"chain-go-streams: go-streams v0.13.0",
		"chain-ro: samber/ro v0.4.0",
		"chain-rxgo: rxgo v2.5.0",
		"chain-allocs",
		"chain-batched: iter.Seq2",
		"chain-batched-floor: its functions alone",
		"buffer: channel of 64",
		"parallel-rill: rill v0.8.1",
		"parallel-conc: conc v0.3.0",
		"parallel-floor: two hand-overs a window",
		"parallel-allocs",
	}, rows)
}

// The names of the peers say their versions: those that are built in.
func TestPeersAreOfTheirVersions(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	for _, w := range append(streams(), muxes(64)...) {
		for _, p := range w.peers {
			name, version, ok := strings.Cut(p.name, " v")
			if ok {
				assert.Regexp(t, `(?m)^\s\S*/`+name+`(/v\d+)? v`+version+`$`, string(mod))
			}
		}
	}
}

// spin works for about n steps and returns result.
func spin(n, result int) contender {
	return func(context.Context) (int, error) {
		sink := 0
		for i := range n {
			sink += i ^ sink
		}
		if sink == 1 {
			return sink, nil
		}
		return result, nil
	}
}

func TestMeasure(t *testing.T) {
	slow, fast := spin(1_000_000, 7), spin(10_000, 7)
	w := work{name: "spin", values: 1, ours: fast, peers: []peer{
		{name: "slow", run: slow, goal: 0.5}, {name: "fast", run: fast, goal: 0.001},
		{name: "free", run: slow},
	}}
	rows, err := measure(t.Context(), w, minRounds)
	require.NoError(t, err)
	require.Len(t, rows, 4)
	assert.Less(t, rows[0].Ratio, 0.5)
	assert.LessOrEqual(t, rows[0].Min, rows[0].Ratio)
	assert.LessOrEqual(t, rows[0].Ratio, rows[0].Max)
	met := []bool{rows[0].Met, rows[1].Met, rows[2].Met, rows[3].Met}
	assert.Equal(t, []bool{true, false, true, true}, met, "no goal is met")
	require.ErrorIs(t, missed(rows), errMissed)
	require.ErrorContains(t, missed(rows), "spin beside fast")
	assert.NoError(t, missed(rows[:1]))
}

func TestMeasureRefuses(t *testing.T) {
	broken := errors.New("broken")
	fails := func(context.Context) (int, error) { return 0, broken }
	good := spin(1, 7)
	for name, w := range map[string]work{
		"ours":  {ours: fails, peers: []peer{{name: "peer", run: good}}},
		"peer":  {ours: good, peers: []peer{{name: "peer", run: fails}}},
		"wrong": {ours: good, peers: []peer{{name: "peer", run: spin(1, 8)}}},
	} {
		_, err := measure(t.Context(), w, minRounds)
		require.Error(t, err, name)
	}
}

// A gauge says its cost; what it says need not agree, and rounds may be limited.
func TestGauge(t *testing.T) {
	runs := 0
	counted := func(cost int) contender {
		return func(context.Context) (int, error) { runs++; return cost, nil }
	}
	rows, err := measure(t.Context(), work{
		name: "size", values: 2, unit: "B", gauge: true, tries: 3, rounds: 8, allocs: -1,
		ours: counted(30), peers: []peer{{name: "peer", run: counted(40), goal: 0.7}},
	}, 100)
	require.NoError(t, err)
	assert.Equal(t, []row{{
		Work: "size", Peer: "peer", Unit: "B", Ours: 15, Their: 20,
		Ratio: 0.75, Min: 0.75, Max: 0.75, Goal: 0.7, Bound: true,
	}}, rows)
	assert.Equal(t, 2+8*3*2, runs)
}

// A goroutine that works is seen in CPU time, one that waits is not.
func TestCPU(t *testing.T) {
	waited, err := cpu(func() error { <-time.After(50 * time.Millisecond); return nil })
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	require.NoError(t, err)
	worked, err := cpu(func() error { _, err := spin(100_000_000, 0)(t.Context()); return err })
	require.NoError(t, err)
	assert.Greater(t, worked, 2*waited)
}

func TestAllocationsAreCounted(t *testing.T) {
	var keep [][]byte
	const values = 1000
	w := work{name: "new", values: values, allocs: 0.5, ours: func(context.Context) (int, error) {
		keep = nil
		for range values {
			keep = append(keep, make([]byte, 100))
		}
		return len(keep), nil
	}}
	r, err := allocations(t.Context(), w)
	require.NoError(t, err)
	assert.InDelta(t, 1, r.Ours, 0.1)
	assert.False(t, r.Met)
}

func TestPrint(t *testing.T) {
	rows := []row{
		{Work: "chain", Peer: "seq", Unit: "ns", Ours: 7.04, Their: 6, Ratio: 1.17, Min: 1, Max: 2,
			Goal: 1.7, Bound: true, Met: true},
		{Work: "chain", Peer: "free", Unit: "ns", Ours: 7, Their: 700, Ratio: 0.01, Met: true},
		{Work: "chain", Peer: "none", Unit: "allocs", Ours: 1, Bound: true},
	}
	var table, lines bytes.Buffer
	require.NoError(t, printTable(&table, rows))
	assert.Equal(t, []string{
		"work   peer  ours      peer's  ratio (min–max)  goal   met",
		"chain  seq   7.04 ns   6 ns    1.17 (1–2)       ≤ 1.7  yes",
		"chain  free  7 ns      700 ns  0.01 (0–0)       -      -",
		"chain  none  1 allocs                           ≤ 0    NO",
	}, trimmed(table.String()))
	require.NoError(t, printJSON(&lines, rows))
	for i, line := range strings.Split(strings.TrimSpace(lines.String()), "\n") {
		var got row
		require.NoError(t, json.Unmarshal([]byte(line), &got))
		assert.Equal(t, rows[i], got)
	}
}

func trimmed(table string) (lines []string) {
	for line := range strings.Lines(table) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return lines
}

// A small share of all, by everybody, who checks what has arrived.
func TestMuxRuns(t *testing.T) {
	var rows []string
	for _, w := range muxes(64) {
		require.NoError(t, agree(t.Context(), w), w.name)
		for _, p := range w.peers {
			r := compare(w, p, []float64{1}, []float64{1})
			rows = append(rows, r.Work+": "+r.Peer)
		}
	}
	assert.Equal(t, []string{
		"bulk: netconn duplexes",
		"bulk-floor: a header and a hand-over",
		"bulk-reuse: TCP",
		"bulk-reuse: yamux v0.1.2",
		"bulk-reuse: libp2p/go-yamux v5.1.0",
		"bulk-reuse: xtaci/smux v1.5.56",
		"bulk-tls: netconn duplexes",
		"small: yamux v0.1.2",
		"small: libp2p/go-yamux v5.1.0",
		"small: xtaci/smux v1.5.56",
		"rr64: TCP",
		"rr64: yamux v0.1.2",
		"rr64: libp2p/go-yamux v5.1.0",
		"rr64: xtaci/smux v1.5.56",
		"rr1: TCP",
		"rr1: yamux v0.1.2",
		"rr1: libp2p/go-yamux v5.1.0",
		"rr1: xtaci/smux v1.5.56",
		"open: TCP",
		"open: yamux v0.1.2",
		"open: libp2p/go-yamux v5.1.0",
		"open: xtaci/smux v1.5.56",
		"many16: netconn duplexes",
		"many16: yamux v0.1.2",
		"many256: netconn duplexes",
		"many256: yamux v0.1.2",
		"many1024: netconn duplexes",
		"many1024: yamux v0.1.2",
		"idle: a limit of 6.5 KiB",
		"idle: yamux v0.1.2",
		"idle: libp2p/go-yamux v5.1.0",
		"idle: xtaci/smux v1.5.56",
		"delay50: yamux v0.1.2",
		"delay50: libp2p/go-yamux v5.1.0",
		"delay50: xtaci/smux v1.5.56",
		"thin-use: the link's rate",
		"thin-use: yamux v0.1.2",
		"thin-echo: a limit of 90 ms",
	}, rows)
}

// A small share of all, each of which checks what has arrived.
func TestReplicateRuns(t *testing.T) {
	var rows []string
	js, missing := newNode(t.Context(), false, npmReplicas...)
	for _, w := range replicates(500, js, missing) {
		if w.skipped == "" {
			require.NoError(t, agree(t.Context(), w), w.name)
		}
		for _, p := range w.peers {
			rows = append(rows, cmp.Or(p.row, w.name)+": "+p.name)
		}
		if w.end != nil {
			require.NoError(t, w.end())
		}
	}
	assert.Equal(t, []string{
		"list: a slice of pointers",
		"list-insert-2000: of 1000",
		"list-insert-2000: of 1000",
		"list-insert-2000: of 1000",
		"sync: bare varints into a map",
		"sync-tcp: bare varints into a map",
		"sync-lines: JSON lines over TCP",
		"sync-mux: JSON lines over TCP",
		"sync-npm: npm scuttlebutt@5.6.15",
		"sync-yjs: npm yjs@13.6.33",
		"dump: bare varints into a map",
		"dump-linear: a tenth of the keys",
		"load: bare varints into a map",
		"load-linear: a tenth of the keys",
		"bytes: a limit of 20 B",
		"bytes-tail: its key and value",
		"memory: a limit of 160 B",
		"memory-written: a limit of 160 B",
		"fanout: a limit of 49",
		"npm-in: npm scuttlebutt@5.6.15",
		"npm-in-floor: a receiver that only reads",
		"npm-in-cpu: npm scuttlebutt@5.6.15",
		"npm-out: npm scuttlebutt@5.6.15",
		"npm-dump: npm scuttlebutt@5.6.15",
		"npm-load: npm scuttlebutt@5.6.15",
		"reconnect-bytes-1-authors: a limit of 64 B",
		"reconnect-bytes-2-authors: a limit of 64 B",
		"reconnect-flat: of 1000 keys",
		"missed: 100 of 1000 keys",
		"missed-1000: 100 of as many",
	}, rows)
}

// A small share of all, each of which checks what has arrived.
func TestNpmRuns(t *testing.T) {
	var rows []string
	js, missing := newNode(t.Context(), false, npmOriginals...)
	for _, w := range originals(50, js, missing) {
		_, err := w.ours(t.Context()) // also where there is no Node
		require.NoError(t, err, w.name)
		if w.skipped == "" {
			require.NoError(t, agree(t.Context(), w), w.name)
		}
		for _, p := range w.peers {
			rows = append(rows, cmp.Or(p.row, w.name)+": "+p.name)
		}
		require.NoError(t, w.end())
	}
	assert.Equal(t, []string{
		"muxdemux1: npm mux-demux@3.7.9",
		"muxdemux1-cpu: npm mux-demux@3.7.9",
		"muxdemux16: npm mux-demux@3.7.9",
		"muxdemux16-cpu: npm mux-demux@3.7.9",
		"dnode1: npm dnode@1.2.2",
		"dnode1-cpu: npm dnode@1.2.2",
		"dnode100: npm dnode@1.2.2",
		"dnode100-cpu: npm dnode@1.2.2",
		"seaport: npm seaport@2.0.9",
		"seaport-cpu: npm seaport@2.0.9",
		"seaport-query: npm seaport@2.0.9",
		"seaport-query-cpu: npm seaport@2.0.9",
	}, rows)
}

// Where the Node side is not there, its rows say so.
func TestNpmIsSkipped(t *testing.T) {
	for _, w := range originals(50, nil, errors.New("no Node here")) {
		rows, err := measure(t.Context(), w, minRounds)
		require.NoError(t, err)
		require.Len(t, rows, 1)
		assert.Equal(t, "no Node here", rows[0].Skipped)
		assert.True(t, rows[0].Met)
	}
}
