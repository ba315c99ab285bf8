package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/weir-go/weir/replicate"
)

// reconnects are sessions of replicas that have met before.
func reconnects(share int) []work {
	few, many := newPair(1000), newPair(max(2000, million/share))
	flat := work{
		name: "reconnect-flat", values: 1, allocs: -1, ours: many.reconnect,
		peers: []peer{{name: "of 1000 keys", run: few.reconnect, goal: 1.5}},
	}
	const missed = 100
	behind := gauges("missed", "ns", missed, many.missed(missed), peer{
		name: "100 of 1000 keys", run: few.missed(missed), goal: 3,
	})
	behind.tries = 5
	further := gauges("missed-1000", "ns", 1, many.missed(10*missed), peer{
		name: "100 of as many", run: many.missed(missed), goal: 10,
	})
	further.tries = 5
	return []work{
		reconnectBytes(1), reconnectBytes(max(2, 1000/share)), flat, behind, further,
	}
}

// reconnectBytes is what the side says that says more, until neither has
// anything to say, when two replicas meet that hold the same.
func reconnectBytes(authors int) work {
	w := gauges(fmt.Sprintf("reconnect-bytes-%d-authors", authors), "B", 1,
		func(ctx context.Context) (int, error) {
			rs, ms, err := authored(authors + 1)
			if err != nil {
				return 0, err
			}
			a, b := rs[0], rs[authors]
			for i, m := range ms[:authors] {
				if err := m.Set(shortKey(i), i); err != nil {
					return 0, err
				}
				if err := a.Write(ctx, rs[i].Read(nil)); i > 0 && err != nil {
					return 0, err
				}
			}
			if err := converge(ctx, a, b, inMemory()); err != nil {
				return 0, err
			}
			t := newTalk(a, b)
			defer t.end()
			err = t.play()
			one, other := t[0].Stats(), t[1].Stats()
			if err == nil && (!one.CaughtUp || !other.CaughtUp || ms[authors].Len() != authors) {
				err = fmt.Errorf("they are not equal: %+v, %+v", one, other)
			}
			return int(max(one.SentBytes, other.SentBytes)), err
		}, within("a limit of 64 B", 64, 1))
	w.rounds = 1
	return w
}

// A pair is two replicas that hold the same keys.
type pair struct {
	keys  int
	get   func() (pairOf, error)
	turns int // how often keys have been written anew
}

type pairOf struct{ a, b replica }

func newPair(keys int) *pair {
	return &pair{keys: keys, get: sync.OnceValues(func() (p pairOf, err error) {
		if p.a, err = filled(keys); err != nil {
			return p, err
		}
		if p.b, err = newReplica(); err != nil {
			return p, err
		}
		return p, converge(context.Background(), p.a.Replica, p.b.Replica, inMemory())
	})}
}

// reconnect is a session in which nothing was missed.
func (p *pair) reconnect(ctx context.Context) (int, error) {
	of, err := p.get()
	if err != nil {
		return 0, err
	}
	return 0, converge(ctx, of.a.Replica, of.b.Replica, inMemory())
}

// missed is how long a session takes for keys that were written anew, spread
// over all there are, and counts that they arrive.
func (p *pair) missed(n int) contender {
	return func(ctx context.Context) (int, error) {
		of, err := p.get()
		if err != nil {
			return 0, err
		}
		p.turns++
		for i := range n {
			key := keyOf((i*(p.keys/n) + p.turns) % p.keys)
			if err := of.a.m.Set(key, valueOf(p.turns)); err != nil {
				return 0, err
			}
		}
		session := replicate.NewSession(of.b.Replica, replicate.SyncConfig{Once: true})
		took, err := elapsed(func() error {
			return meet(ctx, replicate.NewSession(of.a.Replica, replicate.SyncConfig{}), session)
		})
		if got := session.Stats(); err == nil && got.AppliedUpdates != int64(n) {
			err = fmt.Errorf("%d updates were missed, %+v", n, got)
		}
		return took, err
	}
}
