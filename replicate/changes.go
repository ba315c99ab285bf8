package replicate

import (
	"context"

	"github.com/weir-go/weir/pull"
)

// changesBatch is how many updates Changes returns at once, at most.
const changesBatch = 256

// Head returns the place of the newest arrival: Changes(r.Head()) is what
// comes from now on.
func (r *Replica) Head() uint64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.log.head
}

// Place returns the place of the update stamped s in the order of arrival, if
// it is live here. Places are of this opening: what a replica has read from its
// file keeps its order, not its numbers, so that a stamp is what a program
// remembers from one run to the next.
func (r *Replica) Place(s Stamp) (place uint64, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	a := r.byName[s.Author]
	if a == nil {
		return 0, false
	}
	u := a.at(s.Time)
	if u == nil || u.state != stateLive || u.entry().state != stateLive {
		return 0, false
	}
	return u.Place(), true
}

// Changes returns the live updates in order of arrival, at most 256 at a time,
// from behind the place after, and then waits for more; it never ends by
// itself. What was replaced before it was read is skipped, so that a slow
// reader sees the newest state and holds up no writer. Updates are shown as
// soon as they are in memory. Those of one transaction come together, if that
// makes more than 256. It ends with [ErrResynced] when everything was replaced
// since the place after, or a deletion forgotten that it has not told, which no
// sequence of updates describes: read the state, and watch anew.
func (r *Replica) Changes(after uint64) pull.Source[[]*Update] {
	open := func() *reader { return r.newWatcher(after) }
	return reading(open, func(c *reader) (batch []*Update, ok bool, err error) {
		batch, after, err = r.changes(c, after)
		return batch, len(batch) > 0, err
	})
}

// reading is the source of what f returns, which is asked again whenever something
// may have changed, until it is ok. The reader is opened by the first call.
func reading[B any](open func() *reader, f func(*reader) (b B, ok bool, err error)) pull.Source[B] {
	var c *reader
	return pull.From(func(ctx context.Context) (b B, err error) {
		if c == nil {
			c = open()
		}
		for {
			if b, ok, err := f(c); ok || err != nil {
				return b, err
			}
			if err := c.wait(ctx); err != nil {
				return b, err
			}
		}
	}, func(error) error {
		if c != nil {
			c.close()
		}
		return nil
	})
}

func (r *Replica) changes(c *reader, after uint64) (batch []*Update, pos uint64, err error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return c.newer(after, changesBatch)
}

// newer returns live updates from behind a place, up to limit of them and what
// else is of the last one's transaction, and the place that they go up to. It
// returns ErrResynced if everything was replaced since, or a deletion forgotten.
func (c *reader) newer(after uint64, limit int) (batch []*Update, pos uint64, err error) {
	r := c.r
	if after > 0 && after < max(r.swapped, r.forgotten) {
		return nil, after, ErrResynced
	}
	defer func() { c.told = pos }()
	for _, u := range r.log.entries[r.log.from(after):] {
		if len(batch) >= limit {
			return batch, after, nil
		}
		after = u.seq
		if u.state != stateLive {
			continue
		}
		u.rows(func(p *Update) {
			if p.state == stateLive {
				batch = append(batch, p)
			}
		})
	}
	return batch, r.log.head, nil
}
