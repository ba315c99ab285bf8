package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate/journal"
)

// long is how long work may take before it shows how far it is.
const long = time.Second

// A meter shows on a terminal how far a command is, once it has taken long.
type meter struct {
	doing string
	mu    sync.Mutex
	err   io.Writer                // nil until it is time to show it
	bar   *progressbar.ProgressBar // nil until it shows
	bytes int64
	total int64 // -1 if it is not known

	counts bool // not bytes, but things
	items  int64
	timer  *time.Timer
	ended  bool
}

// newMeter starts a meter on stderr; it stays silent where that is no
// terminal, or would mix with lines of JSON, and while nothing has been counted.
func (e *env) newMeter(doing string) *meter {
	m := &meter{doing: doing, total: -1}
	if !e.errPaper.Terminal || e.out.JSON {
		return m
	}
	m.timer = time.AfterFunc(long, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.err = e.stderr
		m.show()
	})
	return m
}

// show moves the bar, which it makes when it is time. The caller holds mu.
func (m *meter) show() {
	switch {
	case m.err == nil || m.ended || m.bytes == 0:
		return
	case m.bar == nil:
		m.bar = progressbar.NewOptions64(m.total,
			progressbar.OptionSetWriter(m.err),
			progressbar.OptionSetDescription(m.doing),
			progressbar.OptionShowBytes(!m.counts),
			progressbar.OptionShowCount(),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
		)
	}
	if m.items > 0 {
		m.bar.Describe(fmt.Sprintf("%s, %d items", m.doing, m.items))
	}
	_ = m.bar.Set64(m.bytes)
}

// count counts a chunk.
func (m *meter) count(chunk []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes += int64(len(chunk))
	m.show()
}

// at says how far it is, and how far it will be.
func (m *meter) at(done, total int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes, m.total = done, total
	m.show()
}

// reading is how a replica is opened or looked at, with a meter for that, and
// what ends the meter.
func (e *env) reading(path string) (cfg journal.Config, end func()) {
	m := e.newMeter("reading " + escape(path))
	cfg = config()
	cfg.Progress = m.at
	return cfg, m.end
}

// set says how many items are done.
func (m *meter) set(items int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items = items
}

func (m *meter) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = true
	if m.timer != nil {
		m.timer.Stop()
	}
	if m.bar != nil {
		_ = m.bar.Finish()
	}
}

// source counts what passes from src.
func (m *meter) source(src pull.Source[[]byte]) pull.Source[[]byte] {
	return func(ctx context.Context) ([]byte, error) {
		chunk, err := src(ctx)
		m.count(chunk)
		return chunk, err
	}
}

// sink counts what passes into sink.
func (m *meter) sink(sink pull.Sink[[]byte]) pull.Sink[[]byte] {
	return func(ctx context.Context, src pull.Source[[]byte]) error {
		return sink(ctx, m.source(src))
	}
}

// doLong is do for what can take long: how far it is shows on a terminal, and
// elsewhere the notes do.
func (e *env) doLong(ctx context.Context, path, doing string, c *call) error {
	m := e.newMeter(doing)
	defer m.end()
	if c.in != nil {
		c.in = m.source(c.in)
	} else {
		c.out = m.sink(e.output())
	}
	quiet := e.errPaper.Terminal && !e.out.JSON // the meter counts
	c.note = func(_ context.Context, n note) {
		switch {
		case n.Event == "durable" && quiet:
			m.set(n.Count)
		case n.Event == "durable":
			e.tell(durable{n.Count}, "durable %d", n.Count)
		case n.Stats != nil:
			m.end()
			did := "loaded %s, %d of them new"
			if n.Stats.DryRun {
				did = "would load %s, %d of them new"
			}
			e.tell(n.Stats, did, plural(n.Stats.ReceivedUpdates, "update"), n.Stats.Applied)
		}
	}
	err := e.do(ctx, path, c)
	m.end()
	if quiet && m.items > 0 {
		e.say("durable %d", m.items)
	}
	return err
}

// durable is how import --json counts.
type durable struct {
	Durable int64 `json:"durable"`
}
