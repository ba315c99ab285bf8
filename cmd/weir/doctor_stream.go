package main

import (
	"context"
	"encoding/json"
	"io"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

// What a doctor asks of a peer, in the metadata "do" of a stream: the time and
// the version there, whether there is the replica "name", or to send or take
// bytes, at most as many as "bytes" says.
const (
	doClock = "clock"
	doFind  = "find"
	doSend  = "send"
	doTake  = "take"
)

const (
	maxDoctors  = 2               // streams at once that move bytes
	maxExamined = 256 << 20       // bytes that one moves
	doctorFor   = 2 * time.Second // how long one moves them
	doctorLimit = 10 * time.Second
)

// A pulse is the answer to a clock.
type pulse struct {
	Nanos   int64       `json:"unix_ns"`
	Version versionInfo `json:"version"`
}

// doctors counts the examinations of this process that are under way.
type doctors struct{ running atomic.Int32 }

// handler serves the streams of doctors, within bounds of bytes, time and
// number, and at the rate of the limits.
func (d *doctors) handler(l *limits, find func(ctx context.Context, name string) error) mux.Handler {
	return func(ctx context.Context, st *mux.Stream) error {
		ctx, cancel := context.WithTimeout(ctx, doctorLimit)
		defer cancel()
		ends := l.paced(st.Duplex())
		do := st.Meta()["do"]
		switch do {
		case doClock:
			return ends.Sink(ctx, answerJSON(pulse{time.Now().UnixNano(), ourVersion()}))
		case doFind:
			if err := find(ctx, st.Meta()["name"]); err != nil {
				return err
			}
			return ends.Sink(ctx, answerJSON(true))
		}
		defer d.running.Add(-1)
		if d.running.Add(1) > maxDoctors {
			return &mux.StreamError{Code: mux.CodeRefused, Text: "other doctors are at work: try again"}
		}
		n, err := strconv.ParseInt(st.Meta()["bytes"], 10, 64)
		if err != nil || n < 0 || n > maxExamined {
			return &mux.StreamError{Code: mux.CodeRefused, Text: "no such number of bytes"}
		}
		switch do {
		case doSend:
			return ends.Sink(ctx, zeros(n))
		case doTake:
			taken, err := takeAll(ctx, ends.Source, n)
			if err != nil {
				return err
			}
			return ends.Sink(ctx, answerJSON(taken))
		}
		return &mux.StreamError{Code: mux.CodeRefused, Text: "unknown examination"}
	}
}

func answerJSON(v any) pull.Source[[]byte] { return pull.Values(line(v)) }

// zeros is a source of n bytes, or as many as fit into the time.
func zeros(n int64) pull.Source[[]byte] {
	start := time.Time{}
	return pull.From(func(context.Context) ([]byte, error) {
		if start.IsZero() {
			start = time.Now()
		}
		if n <= 0 || time.Since(start) > doctorFor {
			return nil, io.EOF
		}
		chunk := make([]byte, min(n, chunkSize))
		n -= int64(len(chunk))
		return chunk, nil
	}, nil)
}

// takeAll counts the bytes of src, which may be no more than n.
func takeAll(ctx context.Context, src pull.Source[[]byte], n int64) (int64, error) {
	var taken int64
	err := pull.Each(ctx, src, func(chunk []byte) error {
		if taken += int64(len(chunk)); taken > n {
			return &mux.StreamError{Code: mux.CodeRefused, Text: "more bytes than were announced"}
		}
		return nil
	})
	return taken, err
}

// readAnswer reads the one short JSON value that a stream brings.
func readAnswer(ctx context.Context, src pull.Source[[]byte], v any) error {
	var text []byte
	err := pull.Each(ctx, src, func(chunk []byte) error {
		if text = append(text, chunk...); len(text) > 64<<10 {
			return mux.ErrProtocol
		}
		return nil
	})
	if err != nil {
		return err
	}
	if json.Unmarshal(text, v) != nil {
		return mux.ErrProtocol
	}
	return nil
}
