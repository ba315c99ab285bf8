package registry

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

// Keep is how long a directory keeps what nobody writes anew.
const Keep = 24 * time.Hour

// JSON is the type of directories. It belongs into replicate.Config.Types.
var JSON = model.Expiring(model.TypeOf("registry/json"), model.Limits{MaxAge: Keep})

// ErrClosed is returned by a registry that was closed.
var ErrClosed = errors.New("registry: closed")

// DefaultHeartbeat is how often a registry says that it lives where Config does
// not say: every 15 seconds, as seaport does.
const DefaultHeartbeat = 15 * time.Second

// Config says how a registry is kept. The zero value is seaport's.
type Config struct {
	// Heartbeat is how often the registry renews its lease, and how often it
	// sends a heartbeat on each connection; 0 means DefaultHeartbeat. A lease is
	// three heartbeats long, and so is the time in which something has to come
	// from a client: what connects must not send heartbeats more seldom.
	Heartbeat time.Duration

	// Linger is how long services of a client whose connection has ended stay,
	// for it to connect again, here or to another hub. 0 means 2 seconds, but no
	// more than Heartbeat; below 0 means that they are freed at once.
	Linger time.Duration

	// MaxLine is the longest line that is read, in bytes; 0 means
	// DefaultMaxLine.
	MaxLine int

	// MaxServices is how many services one connection may register; 0 means
	// 65,536.
	MaxServices int
}

func (c Config) withDefaults() Config {
	if c.Heartbeat <= 0 {
		c.Heartbeat = DefaultHeartbeat
	}
	if c.Linger == 0 {
		c.Linger = min(2*time.Second, c.Heartbeat)
	}
	if c.MaxLine <= 0 {
		c.MaxLine = DefaultMaxLine
	}
	if c.MaxServices <= 0 {
		c.MaxServices = 1 << 16
	}
	return c
}

func (c Config) lease() time.Duration { return 3 * c.Heartbeat }

// A Registry is a directory of services on a replica, and one of its holders. It
// may be used by several goroutines at once. Make one with Open; it must be
// closed.
type Registry struct {
	m    *model.Model[json.RawMessage]
	r    *replicate.Replica
	cfg  Config
	name string // as a holder
	stop context.CancelFunc
	done chan struct{} // closed when the loop has ended
	poke chan struct{} // wakes the loop

	mu       sync.Mutex
	board    board
	own      map[string]*holding
	hubs     map[string]bool            // those of own by which this is a hub
	gone     map[string]replicate.Stamp // claims that were deleted here, until the log says so
	watchers map[*watcher]bool
	links    map[*link]bool
	lost     []lostLink
	settling map[string]time.Time // services that have just come by a hub, or gone, and until when
	there    map[string]bool      // those that have come and not gone
	renewal  time.Time            // when the lease is to be renewed
	err      error                // why nothing goes on
}

// Open opens the replica's directory of that name, in which it holds nothing
// yet. It starts a goroutine, which Close ends. It returns
// replicate.ErrUnknownType unless [JSON] is one of the replica's types.
//
// Several registries may be open on one directory, on one replica too.
func Open(r *replicate.Replica, name string, cfg Config) (*Registry, error) {
	raw := replicate.Codec[json.RawMessage]{
		Type:   JSON,
		Encode: func(v json.RawMessage) ([]byte, error) { return v, nil },
		Decode: func(b []byte) (json.RawMessage, error) { return b, nil },
	}
	m, err := model.OpenWith(r, name, raw)
	if err != nil {
		return nil, err
	}
	g := &Registry{
		m: m, r: r, cfg: cfg.withDefaults(), name: randomHex(8),
		done: make(chan struct{}), poke: make(chan struct{}, 1),
		own: map[string]*holding{}, hubs: map[string]bool{}, gone: map[string]replicate.Stamp{}, watchers: map[*watcher]bool{},
		links: map[*link]bool{}, settling: map[string]time.Time{}, there: map[string]bool{},
	}
	head := g.load()
	ctx, stop := context.WithCancel(context.Background())
	g.stop = stop
	go g.run(ctx, head)
	return g, nil
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return strings.ToUpper(hex.EncodeToString(b))
}

// Close frees what was registered here, and ends what goes on: calls that wait,
// watches and connections fail with ErrClosed. The other side of a connection is told
// first what was freed, and then the end, which it has a second to answer: that may
// take a moment after Close has returned. Who cancels the context of a connection
// instead cuts it. What clients have registered
// is there until the lease runs out, for them to connect to another hub, or to
// this one when it is open again. It returns the failure of the replica's journal.
// Further calls return nil.
func (g *Registry) Close() error {
	g.mu.Lock()
	err := g.leave()
	g.fail(ErrClosed)
	g.mu.Unlock()
	g.stop()
	<-g.done
	return err
}

// leave gives up what nobody can take over.
func (g *Registry) leave() (err error) {
	if g.err != nil {
		if g.err == ErrClosed {
			return nil
		}
		return g.err
	}
	for id, h := range g.own {
		if h.native == nil {
			continue
		}
		if e := g.drop(id); e != nil {
			err = e
		}
	}
	if len(g.own) == 0 {
		if _, e := g.m.Delete(leaseKey(g.name)); e != nil {
			err = e
		}
	}
	return err
}

// fail ends the registry. The caller holds the lock.
func (g *Registry) fail(err error) {
	if g.err != nil {
		return
	}
	g.err = err
	for w := range g.watchers {
		w.wake()
	}
}

// Query returns the services that are there now and match "role@range", sorted
// by id. Without "@" any version, or none, will do; "" is every service. It
// returns an error that matches [ErrRange] if the range makes no sense.
func (g *Registry) Query(text string) ([]Service, error) {
	q, err := parseQuery(text)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.query(q), g.err
}

func (g *Registry) query(q query) (found []Service) {
	from := g.board.shown
	if q.role != "" {
		from = g.board.roles[q.role]
	}
	var all []*claim
	for _, c := range from {
		if q.matches(c.Service) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *claim) int { return cmp.Compare(a.id, b.id) })
	for _, c := range all {
		found = append(found, c.service())
	}
	return found
}

// Get is Query, but where nothing matches it waits until something does. It
// returns Cause of ctx when that is done, and ErrClosed.
func (g *Registry) Get(ctx context.Context, text string) ([]Service, error) {
	q, err := parseQuery(text)
	if err != nil {
		return nil, err
	}
	w := g.watch()
	defer g.unwatch(w)
	for {
		g.mu.Lock()
		found, err := g.query(q), g.err
		w.clear()
		g.mu.Unlock()
		if err != nil || len(found) > 0 {
			return found, err
		}
		select {
		case <-w.ready:
		case <-ctx.Done():
			return nil, pull.Cause(ctx)
		}
	}
}

// Update changes a service, whoever has registered it: all but its id is
// replaced. It returns an error that matches ErrService, or ErrNotFound if it is
// not there, or the failure of the replica's journal.
func (g *Registry) Update(s Service) error {
	if err := s.check(); err != nil {
		return err
	}
	rec, err := newRecord(s)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return g.err
	}
	return g.update(s.ID, rec)
}

// ErrNotFound is returned for a service that is not there.
var ErrNotFound = errors.New("registry: no such service")

// Free frees a service, whoever has registered it. It returns ErrNotFound if it
// is not there, or the failure of the replica's journal.
func (g *Registry) Free(id string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return g.err
	}
	if g.board.shown[id] == nil {
		return ErrNotFound
	}
	return g.free(id)
}
