package registry

import "time"

// A lostLink is a connection that has ended, and until when what it holds stays.
type lostLink struct {
	l     *link
	until time.Time
}

// releaseLost gives up what connections held that have not come back, and
// returns when the next one's time is over, or a zero time.
func (g *Registry) releaseLost(now time.Time) (next time.Time, err error) {
	kept := g.lost[:0]
	for _, lost := range g.lost {
		if now.Before(lost.until) {
			if kept = append(kept, lost); next.IsZero() || lost.until.Before(next) {
				next = lost.until
			}
			continue
		}
		if e := g.releaseAll(lost.l); e != nil {
			err = e
		}
	}
	clear(g.lost[len(kept):])
	g.lost = kept
	return next, err
}

func (g *Registry) releaseAll(l *link) (err error) {
	for id, h := range g.own {
		if h.links[l] {
			if e := g.release(id, l); e != nil {
				err = e
			}
		}
	}
	return err
}

// settle is how long a hub is not believed that a service is there which has
// just gone here: what it was told before comes back by way of others, in a ring
// for ever, if the word that it has gone never catches up. And it is how long a
// hub is not told of what just came by one: if that is gone by then, two hubs with
// two connections would each have it by the other's word.
const settle = time.Second

// settled has the offers of hubs taken that have waited for so long and still
// stand, and hubs told, and returns when the next ones are due, or a zero time.
func (g *Registry) settled(now time.Time) (next time.Time, err error) {
	for id, until := range g.settling {
		if now.Before(until) {
			if next.IsZero() || until.Before(next) {
				next = until
			}
			continue
		}
		delete(g.settling, id)
		for l := range g.links {
			if l.hub {
				l.w.touch(id)
			}
			rec, ok := l.offers[id]
			if !ok {
				continue
			}
			delete(l.offers, id)
			if e := l.offered(id, rec); e != nil {
				err = e
			}
		}
	}
	return next, err
}
