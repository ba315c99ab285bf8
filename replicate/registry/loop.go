package registry

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

type change = model.Change[json.RawMessage]

// ahead is how many changes the loop takes in at once, at most.
const ahead = 256

// run follows the replica, and keeps the time, until ctx is done.
func (g *Registry) run(ctx context.Context, head uint64) {
	defer close(g.done)
	for {
		err := g.follow(ctx, head)
		if !errors.Is(err, replicate.ErrResynced) {
			g.mu.Lock()
			g.fail(err)
			g.mu.Unlock()
			return
		}
		head = g.load()
	}
}

// follow takes in changes from behind a place, until it fails.
func (g *Registry) follow(ctx context.Context, after uint64) error {
	changes := pull.NewAhead(g.m.Changes(after), ahead, nil)
	var batch []change
	due := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if err := changes.Start(ctx); err != nil {
			return err
		}
		var err error
		if batch, err = changes.Take(batch); err != nil {
			return err
		}
		now := time.Now()
		next, err := g.step(batch, now, now.Sub(due))
		if err != nil {
			return changes.Abort(ctx, err)
		}
		due = next
		timer.Reset(due.Sub(now))
		select {
		case <-changes.Ready():
		case <-g.poke:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// step takes in changes and does what is due. The loop is so late; it is to come
// back at next.
func (g *Registry) step(batch []change, now time.Time, late time.Duration) (next time.Time, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return now, g.err
	}
	if late > 0 {
		g.board.extend(late)
	}
	for _, c := range batch {
		if err := g.take(c, now); err != nil {
			return now, err
		}
	}
	next = now.Add(g.cfg.Heartbeat)
	sooner := func(t time.Time) {
		if !t.IsZero() && t.Before(next) {
			next = t
		}
	}
	sooner(g.board.lapse(now))
	t, err := g.releaseLost(now)
	sooner(t)
	if err == nil {
		t, err = g.settled(now)
		sooner(t)
	}
	if err != nil || len(g.own) == 0 {
		return next, err
	}
	if !now.Before(g.renewal) {
		err = g.renewAll(now)
	}
	sooner(g.renewal)
	return next, err
}

// renewAll renews the lease, and claims anew what would soon be dropped.
func (g *Registry) renewAll(now time.Time) error {
	if err := g.renew(now); err != nil {
		return err
	}
	old := replicate.TimeOf(g.r.Now().Add(-Keep / 2))
	for id, h := range g.own {
		c := g.board.claim(g.name, id)
		if c != nil && c.stamp.Time >= old {
			continue
		}
		if err := g.put(h.claim(g.name)); err != nil {
			return err
		}
	}
	return nil
}

// take takes in a change of the directory. What makes no sense is nobody's
// claim.
func (g *Registry) take(c change, now time.Time) error {
	if name, ok := strings.CutPrefix(c.Key, leasePrefix); ok {
		switch {
		case name == g.name:
		case c.Deleted:
			g.board.end(name, now)
		default:
			g.board.renew(name, g.board.leaseOf(c.Value), now)
		}
		return nil
	}
	name, id, ok := parseClaimKey(c.Key)
	if !ok || !g.news(c, name, id) {
		return nil
	}
	if c.Deleted {
		g.board.remove(name, id)
		if name == g.name {
			g.forget(id) // by another: what is given up here is not held any more
		}
		return nil
	}
	read, ok := readClaim(c.Value)
	if !ok {
		g.board.remove(name, id)
		return nil
	}
	read.id, read.holder, read.stamp = id, name, c.Stamp
	g.board.put(read, now)
	if name != g.name {
		return g.yield(id)
	}
	if h := g.own[id]; h != nil { // another has changed it
		g.says(h, read.record)
		return nil
	}
	return g.erase(name, id) // another has changed what was freed here meanwhile
}

// news reports whether a change says anything that was not taken in when it was
// written here.
func (g *Registry) news(c change, name, id string) bool {
	if gone, ok := g.gone[c.Key]; ok {
		if c.Stamp.Compare(gone) <= 0 {
			return false
		}
		delete(g.gone, c.Key)
	}
	old := g.board.claim(name, id)
	return old == nil || c.Stamp.Compare(old.stamp) > 0
}

func readClaim(value []byte) (*claim, bool) {
	var v claimValue
	if json.Unmarshal(value, &v) != nil {
		return nil, false
	}
	rec, err := parseRecord(v.Service)
	return &claim{record: rec, client: v.Client, relayed: v.Relayed}, err == nil
}

// tolerance is how far two clocks are apart at most, where an age is told by
// them.
const tolerance = 5 * time.Minute

// load makes the board anew of all that is in the directory, and returns the
// place of the log behind which changes go on. Holders that nobody has watched
// are dead if they were last heard of too long ago, by the wall clock, or by the
// lease that was renewed last.
func (g *Registry) load() (head uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	head = g.r.Head()
	now, wall := time.Now(), g.r.Now()
	old := g.board.shown
	g.board = newBoard(g.cfg.lease(), func(string) {})
	self := g.board.holder(g.name, now)
	self.until = time.Time{}
	heard, newest := map[string]time.Time{}, time.Time{}
	for e := range g.m.All("") {
		name, isLease := strings.CutPrefix(e.Key, leasePrefix)
		if !isLease {
			name, _, _ = parseClaimKey(e.Key)
		}
		if at := e.Stamp.Time.Wall(); at.After(heard[name]) {
			heard[name] = at
		}
		if isLease && e.Stamp.Time.Wall().After(newest) {
			newest = e.Stamp.Time.Wall()
		}
		_ = g.take(change{Key: e.Key, Value: e.Value, Stamp: e.Stamp}, now)
	}
	for name, h := range g.board.holders {
		if name == g.name {
			continue
		}
		if wall.Sub(heard[name]) > h.lease+tolerance || newest.Sub(heard[name]) > h.lease {
			g.board.set(h, false, now)
		}
	}
	g.board.touched = g.touch
	for id := range old {
		g.touch(id)
	}
	for id := range g.board.shown {
		g.touch(id)
	}
	for _, h := range g.own {
		_ = g.write(h) // a failure comes again with the next renewal
	}
	return head
}
