package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/weir-go/weir/replicate/model"
)

// What one would write by hand: the same keys and values as JSON lines, encoded,
// sent and decoded into a map.

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

func (f *fixture) linesOverTCP(ctx context.Context) (int, error) {
	full, err := f.full()
	if err != nil {
		return 0, err
	}
	a, b, err := tcpPair(ctx)
	if err != nil {
		return 0, err
	}
	defer b.Close()
	sent := make(chan error, 1)
	go func() {
		buffered := bufio.NewWriterSize(a, 32<<10)
		_, err := writeLines(buffered, full.m)
		sent <- errors.Join(err, buffered.Flush(), a.Close())
	}()
	n, err := readLines(b)
	return n, errors.Join(err, <-sent)
}
