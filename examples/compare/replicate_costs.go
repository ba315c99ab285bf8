package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

// authored returns the replicas of so many authors, each with a map of numbers.
func authored(n int) (rs []*replicate.Replica, ms []*model.Model[int], err error) {
	for range n {
		r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
		m, err := model.Open[int](r, "")
		if err != nil {
			return nil, nil, err
		}
		rs, ms = append(rs, r), append(ms, m)
	}
	return rs, ms, nil
}

// Keys and values of 7 bytes.
func shortKey(i int) string { return fmt.Sprintf("k%06d", i) }
func shortValue(i int) int  { return 1_000_000 + i }

// wireBytes is what an update takes on the wire that is live, of ten authors,
// each of whom wrote one where another had: no two in a row are of one author.
func wireBytes(updates int) work {
	w := gauges("bytes", "B", updates, func(ctx context.Context) (int, error) {
		from, to, err := byTen(ctx, updates)
		if err != nil {
			return 0, err
		}
		t := newTalk(from, to)
		defer t.end()
		err = t.play()
		if got := int(t[1].Stats().AppliedUpdates); err == nil && got != updates {
			err = fmt.Errorf("%d updates arrived", got)
		}
		return int(t[0].Stats().SentBytes), err
	}, within("a limit of 20 B", 20, updates))
	w.rounds = 1
	return w
}

// byTen returns a replica with so many updates of ten authors, in the order in
// which they wrote them, and an empty one.
func byTen(ctx context.Context, updates int) (from, to *replicate.Replica, err error) {
	const authors = 10
	rs, ms, err := authored(authors + 2)
	if err != nil {
		return nil, nil, err
	}
	from, to = rs[authors], rs[authors+1]
	var links talk
	for _, r := range rs[:authors] {
		links = append(links, newTalk(r, from)...)
	}
	defer links.end()
	if err := links.play(); err != nil {
		return nil, nil, err
	}
	for i := range updates {
		k := i % authors
		if err := ms[k].Set(shortKey(i), shortValue(i)); err != nil {
			return nil, nil, err
		}
		if err := links[2*k : 2*k+2].play(); err != nil {
			return nil, nil, err
		}
	}
	return from, to, ctx.Err()
}

// tailBytes is what an update takes that is sent as soon as it is written, and
// promised, and acknowledged: a frame of its own, with what comes back.
func tailBytes(updates int) work {
	w := gauges("bytes-tail", "B", updates, func(context.Context) (int, error) {
		rs, ms, err := authored(2)
		if err != nil {
			return 0, err
		}
		t := newTalk(rs[0], rs[1])
		defer t.end()
		for i := 0; i < updates && err == nil; i++ {
			if err = ms[0].Set(shortKey(i), shortValue(i)); err == nil {
				err = t.play()
			}
		}
		return int(t[0].Stats().SentBytes + t[1].Stats().SentBytes), err
	}, peer{name: "its key and value", run: fixed(14 * updates)})
	w.rounds = 1
	return w
}

// fanOut is how many copies of an update travel in a full mesh of eight. Nobody
// knows more than its neighbours have said; 7 are needed.
func fanOut() work {
	const replicas, updates = 8, 100
	w := gauges("fanout", "lines", updates, func(context.Context) (int, error) {
		rs, ms, err := authored(replicas)
		if err != nil {
			return 0, err
		}
		var mesh talk
		for i, a := range rs {
			for _, b := range rs[:i] {
				mesh = append(mesh, newTalk(a, b)...)
			}
		}
		defer mesh.end()
		for i := 0; i < updates && err == nil; i++ {
			if err = ms[i%replicas].Set(shortKey(i), i); err == nil {
				err = mesh.play()
			}
		}
		lines := 0
		for _, s := range mesh {
			lines += int(s.Stats().SentUpdates)
		}
		for _, m := range ms {
			if err == nil && m.Len() != updates {
				err = fmt.Errorf("%d updates arrived", m.Len())
			}
		}
		return lines, err
	}, within("a limit of 49", 49, updates))
	w.rounds = 1
	return w
}

// memoryOf is what a key takes beside itself and its value in a replica made by
// f, which returns what these take.
func memoryOf(name string, keys int, f func(context.Context) (replica, int, error)) work {
	w := gauges(name, "B", keys, func(ctx context.Context) (int, error) {
		before := inUse()
		r, texts, err := f(ctx)
		after := inUse()
		runtime.KeepAlive(r)
		return int(after-before) - texts, err
	}, within("a limit of 160 B", 160, keys))
	w.rounds = 1
	return w
}

// written makes a replica whose keys are its own.
func (f *fixture) written(context.Context) (replica, int, error) {
	r, err := filled(f.keys)
	texts := 0
	for i := range f.keys {
		texts += len(keyOf(i)) + len(`""`) + len(valueOf(i))
	}
	return r, texts, err
}

// received makes a replica that has got its keys from another, which is gone.
func (f *fixture) received(ctx context.Context) (replica, int, error) {
	from, texts, err := f.written(ctx)
	if err != nil {
		return replica{}, 0, err
	}
	to, err := newReplica()
	if err != nil {
		return replica{}, 0, err
	}
	return to, texts, converge(ctx, from.Replica, to.Replica, inMemory())
}
