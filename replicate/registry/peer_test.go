package registry_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate/registry"
	"github.com/weir-go/weir/through/frame"
)

// A peer is the other side of a connection, which says what a test has it say.
type peer struct {
	out  *pull.Pushable[[]byte]
	cut  context.CancelFunc
	done sync.WaitGroup

	mu    sync.Mutex
	lines []string // that came, but for heartbeats
	beats int
	eof   bool  // what comes has ended, and was not cut
	err   error // of our side
	over  bool  // our side has ended
}

// connect has n serve a new peer at addr, or, if addr is "", join one.
func (n node) connect(t testing.TB, addr string) *peer {
	ours, theirs := duplex.Pair[[]byte, []byte]()
	ctx, cut := context.WithCancel(context.Background())
	p := &peer{out: pull.NewPushable[[]byte](1<<10, nil), cut: cut}
	p.done.Go(func() {
		var err error
		if addr == "" {
			err = n.Join(ctx, ours)
		} else {
			err = n.Serve(ctx, ours, addr)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.err, p.over = err, true
	})
	p.done.Go(func() { _ = theirs.Sink(ctx, p.out.Source()) })
	p.done.Go(func() {
		for line, err := range frame.Lines(theirs.Source, 1<<20).All(ctx) {
			if err != nil {
				return
			}
			p.mu.Lock()
			if string(line) == `["heartbeat"]` {
				p.beats++
			} else {
				p.lines = append(p.lines, string(line))
			}
			p.mu.Unlock()
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.eof = true
	})
	t.Cleanup(p.vanish)
	return p
}

// join has n speak with m, its hub, until cut is called.
func (n node) join(m node) (cut func()) {
	ours, theirs := duplex.Pair[[]byte, []byte]()
	ctx, cancel := context.WithCancel(context.Background())
	var both sync.WaitGroup
	both.Go(func() { _ = n.Join(ctx, ours) })
	both.Go(func() { _ = m.Serve(ctx, theirs, "9.9.9.9") })
	return func() {
		cancel()
		both.Wait()
	}
}

// vanish cuts the connection.
func (p *peer) vanish() {
	p.cut()
	p.done.Wait()
}

// end ends what the peer sends, and waits for our side.
func (p *peer) end() {
	p.out.End()
	synctest.Wait()
}

func (p *peer) say(t testing.TB, lines ...string) {
	t.Helper()
	for _, line := range lines {
		ok, err := p.out.TryPush([]byte(line + "\n"))
		require.True(t, ok)
		require.NoError(t, err)
	}
	synctest.Wait()
}

// hears wants these lines, and no others, since it was last asked.
func (p *peer) hears(t testing.TB, want ...string) {
	t.Helper()
	require.Equal(t, want, p.heard())
}

func (p *peer) heard() (lines []string) {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	lines, p.lines = p.lines, nil
	return lines
}

// told returns whether our side has ended what it sends, in good order.
func (p *peer) told() bool {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.eof
}

// ended returns whether our side has ended, and how.
func (p *peer) ended() (bool, error) {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over, p.err
}

// greeted is a client that has said what npm's does, and heard what it is told.
func (n node) greeted(t testing.TB, addr string) *peer {
	t.Helper()
	p := n.connect(t, addr)
	p.say(t, `["synced"]`)
	heard := p.heard()
	require.GreaterOrEqual(t, len(heard), 2)
	require.True(t, strings.HasPrefix(heard[0], `["helo",`), heard[0])
	require.Equal(t, `["synced"]`, heard[len(heard)-1])
	return p
}

func web(id, host string) string {
	return `["register","` + id + `",{"port":80,"id":"` + id + `","role":"web","version":"1.2.3","host":"` + host + `"}]`
}

func free(id string) string { return `["free","` + id + `"]` }

var quick = registry.Config{Linger: -1}
