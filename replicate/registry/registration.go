package registry

import "math/rand/v2"

// A Registration is a service that this registry keeps registered. It may be
// used by several goroutines at once.
type Registration struct {
	g    *Registry
	id   string
	done chan struct{}
}

// Register registers a service, until it is freed or the registry is closed. If
// it has no id, it gets one of 32 hexadecimal digits; if it has no port, a random
// one from 10,000 to 64,999, to listen at; if it has no host, the one that a hub
// sees it at, once a hub has said it. If the id is registered already, by whomever,
// it is that service's new state.
//
// It returns an error that matches ErrService, ErrClosed, or the failure of the
// replica's journal.
func (g *Registry) Register(s Service) (*Registration, error) {
	if s.ID == "" {
		s.ID = randomHex(16)
	}
	if s.Port == 0 {
		s.Port = 10_000 + rand.IntN(55_000)
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	rec, err := newRecord(s)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return nil, g.err
	}
	n := &Registration{g: g, id: s.ID, done: make(chan struct{})}
	if h := g.own[s.ID]; h != nil && h.native != nil {
		close(h.native.done)
		h.native = nil
	}
	if err := g.hold(s.ID, g.placed(rec), nil, n); err != nil {
		g.forget(s.ID)
		return nil, err
	}
	if s.Role == RoleHub { // hubs are told everything from now on
		for id := range g.board.shown {
			g.touch(id)
		}
	}
	return n, nil
}

// held returns the holding, or nil if this registration is no more. The caller
// holds the lock.
func (n *Registration) held() *holding {
	if h := n.g.own[n.id]; h != nil && h.native == n {
		return h
	}
	return nil
}

// Service returns the service as it is now: others may have changed it. When it
// was freed it has nothing but an id.
func (n *Registration) Service() Service {
	n.g.mu.Lock()
	defer n.g.mu.Unlock()
	h := n.held()
	if h == nil {
		return Service{ID: n.id}
	}
	c := claim{record: h.rec, id: n.id}
	return c.service()
}

// Update replaces all of the service but its id, which need not be given. It
// returns ErrNotFound when it was freed, and what Registry.Update returns.
func (n *Registration) Update(s Service) error {
	s.ID = n.id
	if err := s.check(); err != nil {
		return err
	}
	rec, err := newRecord(s)
	if err != nil {
		return err
	}
	n.g.mu.Lock()
	defer n.g.mu.Unlock()
	h := n.held()
	switch {
	case n.g.err != nil:
		return n.g.err
	case h == nil:
		return ErrNotFound
	}
	n.g.says(h, n.g.placed(rec))
	return n.g.write(h)
}

// Free frees the service. It returns ErrNotFound when it was freed already, and
// what Registry.Free returns.
func (n *Registration) Free() error {
	n.g.mu.Lock()
	defer n.g.mu.Unlock()
	switch {
	case n.g.err != nil:
		return n.g.err
	case n.held() == nil:
		return ErrNotFound
	}
	return n.g.free(n.id)
}

// Done is closed when the service was freed, by anybody, when it was registered
// anew, or when the registry was closed.
func (n *Registration) Done() <-chan struct{} { return n.done }
