package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/weir-go/weir/duplex/secure"
)

// A joining stays connected to one address.
type joining struct {
	*peering
	at address

	mu   sync.Mutex
	said sayings[*served] // of nil, to connect
}

// joinFor keeps sessions with the peer at an address, connecting anew whenever
// they end.
func (p *peering) joinFor(ctx, own context.Context, a address) {
	j := &joining{peering: p, at: a}
	retry(ctx, func() error { return j.once(ctx, own) })
}

// once connects and has a session for each replica, until all have ended. It
// returns an error only if none of them was of use.
func (j *joining) once(ctx, own context.Context) error {
	l, err := j.gate.dial(ctx, j.at, j.paths...)
	if err != nil {
		how := "is not there yet"
		if lasting(err) || explain(err).Code == exitIdentity {
			how = "left"
		}
		j.tell(ctx, nil, false, how, err)
		return err
	}
	j.said.forget(nil)
	defer l.leave(own)
	c := &company{joining: j, link: l, quiet: make(chan struct{})}
	for _, r := range j.replicas {
		if _, wanted := j.nameThere(r); wanted {
			c.members = append(c.members, r)
		}
	}
	c.active = len(c.members)
	var running sync.WaitGroup
	for _, r := range c.members {
		running.Go(func() { c.keep(ctx, own, r) })
	}
	running.Wait()
	if c.used {
		return nil
	}
	return c.err
}

// A company is the replicas that share a link. The link is kept while one of
// them has a session; meanwhile the others try again.
type company struct {
	*joining
	link    *link
	members []*served

	// Under mu of joining:
	active int           // how many have a session, or begin one
	used   bool          // one of them was of use
	err    error         // the first that there was
	quiet  chan struct{} // closed when none is active
}

// keep has sessions of a replica, as long as others keep the link.
func (c *company) keep(ctx, own context.Context, r *served) {
	name, _ := c.nameThere(r)
	for again := true; again; {
		met, err := c.one(own, c.link, r, name)
		c.tell(ctx, r, met, "left", err)
		c.ended(met, err)
		pause := lastPause
		if lasting(err) {
			pause = slowPause
		}
		select {
		case <-time.After(pause):
			again = c.begin()
		case <-c.quiet:
			return
		case <-c.link.Done():
			return
		case <-ctx.Done():
			return
		}
	}
}

// ended notes that a session has.
func (c *company) ended(met bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used = c.used || met && !lasting(err)
	c.err = firstError(c.err, err)
	if c.active--; c.active == 0 {
		close(c.quiet)
	}
}

// begin notes that a session begins, unless the link is given up.
func (c *company) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.active == 0 {
		return false
	}
	c.active++
	return true
}

// nameThere is what a replica of ours is called at the other side: as here, if
// there are several.
func (j *joining) nameThere(r *served) (name string, wanted bool) {
	if !j.several {
		return j.at.name, true
	}
	return r.name, j.at.name == "" || j.at.name == r.name
}

// one has the session of one replica, if the peer is trusted with that one.
func (j *joining) one(ctx context.Context, l *link, r *served, name string) (met bool, err error) {
	switch err := mayUse(ctx, l.peer, j.gate.dialled(trustedOf(r.path))); {
	case errors.Is(err, secure.ErrUnknownPeer):
		return false, notTrusted(l.peer, r.path)
	case err != nil:
		return false, err
	}
	stream, err := l.openSync(ctx, name)
	if err != nil {
		return false, err
	}
	return j.session(ctx, r, l.peer, j.at.String(), telling(stream.Duplex()))
}

// tell tells how a session, or the try to have one, has ended. What goes on
// failing in the same way is told once.
func (j *joining) tell(ctx context.Context, r *served, met bool, how string, err error) {
	if ctx.Err() == nil && j.said.news(r, met, err) {
		j.left(r, j.at.String(), how, err)
	}
}
