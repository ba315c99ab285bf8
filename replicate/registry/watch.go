package registry

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/weir-go/weir/pull"
)

// A watcher is who is told which services have changed: of each once, until it
// has looked.
type watcher struct {
	ready chan struct{} // holds one value when there is something to look at
	dirty []string
	has   map[string]bool
}

// watch returns a watcher that has not seen any of the services yet.
func (g *Registry) watch() *watcher {
	w := &watcher{ready: make(chan struct{}, 1), has: map[string]bool{}}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.watchers[w] = true
	for _, id := range g.ids() {
		w.touch(id)
	}
	if g.err != nil {
		w.wake()
	}
	return w
}

// ids are those of the services that are shown, sorted.
func (g *Registry) ids() []string { return slices.Sorted(maps.Keys(g.board.shown)) }

func (g *Registry) unwatch(w *watcher) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.watchers, w)
}

// touch tells all watchers of a service.
func (g *Registry) touch(id string) {
	c := g.board.shown[id]
	if c == nil || c.relayed && !g.there[id] {
		g.settling[id] = time.Now().Add(settle)
		g.wake()
	}
	if g.there[id] = c != nil; c == nil {
		delete(g.there, id)
	}
	for w := range g.watchers {
		w.touch(id)
	}
}

func (w *watcher) touch(id string) {
	if !w.has[id] {
		w.has[id] = true
		w.dirty = append(w.dirty, id)
		w.wake()
	}
}

func (w *watcher) wake() {
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

// next takes out the service that was touched first.
func (w *watcher) next() (id string, ok bool) {
	if len(w.dirty) == 0 {
		w.dirty = nil
		return "", false
	}
	id, w.dirty = w.dirty[0], w.dirty[1:]
	delete(w.has, id)
	return id, true
}

func (w *watcher) clear() {
	w.dirty = nil
	clear(w.has)
}

// A Change is what has become of a service.
type Change struct {
	Service Service // as it is, or as it was last told
	Freed   bool    // it is not there any more, or matches no longer
}

// Watch returns the services that match "role@range", as Query has it, sorted by
// id, and then each that comes, changes or goes. It never ends by itself. A
// service that changes again before that is read is told once, in its newest
// state, and one that comes and goes not at all, so a slow reader holds up
// nobody: whoever keeps what is told by id, and deletes what is freed, has what
// Query returns.
//
// The source fails with an error that matches ErrRange, with ErrClosed, or with
// the failure of the replica's journal.
func (g *Registry) Watch(text string) pull.Source[Change] {
	var w *watcher
	told := map[string]*claim{}
	q, err := parseQuery(text)
	return pull.From(func(ctx context.Context) (Change, error) {
		if err != nil {
			return Change{}, err
		}
		if w == nil {
			w = g.watch()
		}
		for {
			if c, ok, err := g.changed(w, q, told); ok || err != nil {
				return c, err
			}
			select {
			case <-w.ready:
			case <-ctx.Done():
				return Change{}, pull.Cause(ctx)
			}
		}
	}, func(error) error {
		if w != nil {
			g.unwatch(w)
		}
		return nil
	})
}

// changed returns the first change that was not told.
func (g *Registry) changed(w *watcher, q query, told map[string]*claim) (Change, bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.err == nil {
		id, ok := w.next()
		if !ok {
			return Change{}, false, nil
		}
		is, was := g.board.shown[id], told[id]
		if is != nil && !q.matches(is.Service) {
			is = nil
		}
		switch {
		case is == nil && was != nil:
			delete(told, id)
			return Change{Service: was.service(), Freed: true}, true, nil
		case is != nil:
			told[id] = is
			if was == nil || was.raw != is.raw {
				return Change{Service: is.service()}, true, nil
			}
		}
	}
	return Change{}, false, g.err
}

// service is what users are given: a copy, by the id that it goes by.
func (c *claim) service() Service {
	s := c.Service
	s.ID, s.Meta = c.id, copyOfMembers(s.Meta)
	return s
}
