package replicate

import (
	"math"

	"github.com/weir-go/weir/pull"
)

// Follow returns what f makes of an object's changes where that depends on the
// whole state: f is called with the state and with all live updates that
// arrived behind the place after or since it was last called, at one moment.
// It returns false for nothing to tell; like [Handle.View]'s, it must not
// block, call the replica, nor keep the state. The source never ends by itself.
// See [Replica.Changes] for places and for what is skipped.
func Follow[B any](
	h *Handle, after uint64, f func(o Object, news []*Update) (B, bool),
) pull.Source[B] {
	open := func() *reader { return h.r.newWatcher(after) }
	return reading(open, func(c *reader) (b B, ok bool, err error) {
		b, ok, after, err = follow(h, c, after, f)
		return b, ok, err
	})
}

func follow[B any](
	h *Handle, c *reader, after uint64, f func(Object, []*Update) (B, bool),
) (b B, ok bool, pos uint64, err error) {
	h.r.mu.RLock()
	defer h.r.mu.RUnlock()
	all, pos, err := c.newer(after, math.MaxInt)
	if err != nil {
		return b, false, pos, err
	}
	news := all[:0]
	for _, u := range all {
		if u.object == h.o {
			news = append(news, u)
		}
	}
	if len(news) > 0 {
		b, ok = f(h.o.state, news)
	}
	return b, ok, pos, nil
}
