package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

// syncUpdates is how many updates a fresh sync moves.
const syncUpdates = 100_000

var syncConfig = replicate.Config{Types: []replicate.Type{model.JSON}}

// syncs are fresh syncs of one replica with an empty one over TCP loopback,
// both ends in this process, beside the same keys and values as JSON lines,
// encoded, sent and decoded into a map: what one would write by hand.
func syncs(ctx context.Context) ([]work, error) {
	full := replicate.New(syncConfig)
	m, err := model.Open[string](full, "")
	if err != nil {
		return nil, err
	}
	for i := range syncUpdates {
		if err := m.Set(fmt.Sprintf("key%06d", i), fmt.Sprintf("value of %d", i)); err != nil {
			return nil, err
		}
	}
	memory := peer{
		name: "JSON lines in memory", goal: 1,
		run: func(context.Context) (int, error) { return linesInMemory(m) },
	}
	overTCP := peer{
		name: "JSON lines over TCP", goal: 1,
		run: func(ctx context.Context) (int, error) { return linesOverTCP(ctx, m) },
	}
	return []work{{
		name: "sync", values: syncUpdates, tries: 1, allocs: -1,
		ours: func(ctx context.Context) (int, error) {
			return freshSync(ctx, full, func(_ context.Context, c net.Conn, _ bool) (carrier, error) {
				return carrier{netconn.New(c), func(error) {}}, nil
			})
		},
		peers: []peer{memory, overTCP},
		size: func(ctx context.Context) (ours, theirs float64, err error) {
			stats, err := replicate.New(syncConfig).Load(ctx, full.Read(nil))
			lines, lerr := writeLines(io.Discard, m)
			return float64(stats.ReceivedBytes) / syncUpdates, float64(lines) / syncUpdates, errors.Join(err, lerr)
		},
	}, {
		name: "sync in mux", values: syncUpdates, tries: 1, allocs: -1,
		ours:  func(ctx context.Context) (int, error) { return freshSync(ctx, full, muxed) },
		peers: []peer{overTCP},
	}}, nil
}

// carrier is a duplex, and what ends that which carries it.
type carrier struct {
	duplex.Duplex[[]byte, []byte]
	end func(error)
}

// freshSync fills an empty replica from full, and returns how many keys it got.
func freshSync(
	ctx context.Context, full *replicate.Replica,
	carry func(context.Context, net.Conn, bool) (carrier, error),
) (int, error) {
	empty := replicate.New(syncConfig)
	m, err := model.Open[string](empty, "")
	if err != nil {
		return 0, err
	}
	a, b, err := tcpPair(ctx)
	if err != nil {
		return 0, err
	}
	result := make(chan error, 1)
	go func() { result <- syncEnd(ctx, full, a, true, carry) }()
	err = errors.Join(syncEnd(ctx, empty, b, false, carry), <-result)
	return m.Len(), err
}

func syncEnd(
	ctx context.Context, r *replicate.Replica, c net.Conn, server bool,
	carry func(context.Context, net.Conn, bool) (carrier, error),
) error {
	on, err := carry(ctx, c, server)
	if err != nil {
		return err
	}
	err = replicate.NewSession(r, replicate.SyncConfig{Once: true}).Run(ctx, on.Duplex)
	on.end(err)
	return err
}

// muxed carries a stream of a mux session.
func muxed(ctx context.Context, c net.Conn, server bool) (carrier, error) {
	start := mux.Client
	if server {
		start = mux.Server
	}
	session, err := start(ctx, c, mux.Config{})
	if err != nil {
		return carrier{}, err
	}
	var stream *mux.Stream
	if server {
		stream, err = session.Accept(ctx)
	} else {
		stream, err = session.Open(ctx, "sync", nil)
	}
	if err != nil {
		return carrier{}, errors.Join(err, session.Abort(err))
	}
	return carrier{stream.Duplex(), func(error) { _ = session.Close(ctx) }}, nil
}

func tcpPair(ctx context.Context) (a, b net.Conn, err error) {
	l, err := netconn.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	if b, err = new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String()); err != nil {
		return nil, nil, err
	}
	a, err = l.Accept(ctx)
	return a, b, err
}

func writeLines(w io.Writer, m *model.Model[string]) (n int, err error) {
	for e, err := range m.All("") {
		if err != nil {
			return n, err
		}
		line, err := json.Marshal(e)
		if err != nil {
			return n, err
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return n, err
		}
		n += len(line) + 1
	}
	return n, nil
}

func readLines(r io.Reader) (int, error) {
	got := map[string]string{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		var e model.Entry[string]
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return 0, err
		}
		got[e.Key] = e.Value
	}
	return len(got), lines.Err()
}

func linesInMemory(m *model.Model[string]) (int, error) {
	r, w := io.Pipe()
	go func() {
		buffered := bufio.NewWriterSize(w, 32<<10)
		_, err := writeLines(buffered, m)
		_ = w.CloseWithError(errors.Join(err, buffered.Flush()))
	}()
	return readLines(r)
}

func linesOverTCP(ctx context.Context, m *model.Model[string]) (int, error) {
	a, b, err := tcpPair(ctx)
	if err != nil {
		return 0, err
	}
	defer b.Close()
	sent := make(chan error, 1)
	go func() {
		buffered := bufio.NewWriterSize(a, 32<<10)
		_, err := writeLines(buffered, m)
		sent <- errors.Join(err, buffered.Flush(), a.Close())
	}()
	n, err := readLines(b)
	return n, errors.Join(err, <-sent)
}
