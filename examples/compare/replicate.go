package main

import (
	"context"
	"time"
)

// How many keys the replicas have that are synced, dumped and loaded; lesser is
// what those of others are given.
const (
	million = 1_000_000
	lesser  = 200_000
)

// replicates are what replicas do. Beside them are the floor, which is to decode
// the same updates and to put them into a map; limits; and other libraries. Of
// everything, the share-th part of the usual amount is done.
func replicates(share int, js *node, missing error) []work {
	all, some := newFixture(million/share), newFixture(lesser/share)
	// The lists come before what holds memory: the more there is, the more rarely
	// garbage is collected, which is most of what appending to a slice costs, and
	// half of what a list does. They leave nothing behind.
	works := append(lists(share),
		freshSyncs("sync", all.keys, all.inMemory, peer{
			name: nameFloor, run: all.floor, goal: 1 / 0.6,
		}),
		freshSyncs("sync-tcp", all.keys, all.overTCP, peer{
			name: nameFloor, run: all.floor, goal: 1 / 0.5,
		}),
		freshSyncs("sync-lines", some.keys, some.overTCP, peer{
			name: "JSON lines over TCP", run: some.linesOverTCP, goal: 1,
		}),
		freshSyncs("sync-mux", some.keys, some.inMux, peer{
			name: "JSON lines over TCP", run: some.linesOverTCP, goal: 1,
		}),
		skippable(npmSync(js, some), missing),
		skippable(yjsSync(js, some), missing),
		freshSyncs("dump", all.keys, all.dump, peer{
			name: nameFloor, run: all.floor, goal: 1 / 3.0,
		}),
		linear("dump-linear", all, newFixture(all.keys/10), (*fixture).dump),
		freshSyncs("load", all.keys, all.load, peer{
			name: nameFloor, run: all.floor, goal: 1 / 0.6,
		}),
		linear("load-linear", all, newFixture(all.keys/10), (*fixture).load),
		wireBytes(100_000/share), tailBytes(10_000/share),
		memoryOf("memory", all.keys, all.received), memoryOf("memory-written", all.keys, all.written),
		fanOut(),
	)
	works = append(works, npmLines(js, missing, 100_000/share)...)
	return append(works, reconnects(share)...)
}

// freshSyncs is a work that is done once a measurement, since it takes long.
func freshSyncs(name string, values int, ours contender, peers ...peer) work {
	return work{
		name: name, values: values, tries: 1, rounds: minRounds, allocs: -1, ours: ours, peers: peers,
	}
}

// gauges is a work whose runs say what they cost.
func gauges(name, unit string, values int, ours contender, peers ...peer) work {
	return work{
		name: name, unit: unit, values: values, gauge: true, tries: 1, rounds: minRounds, allocs: -1,
		ours: ours, peers: peers,
	}
}

// skippable is w, or w's rows without figures if there is a reason not to run it.
func skippable(w work, reason error) work {
	if reason != nil {
		w.skipped = reason.Error()
	}
	return w
}

// linear compares the time that a key takes with what it takes where there are a
// tenth as many, which are nearer to the processor: twice that is allowed, where
// quadratic time would take ten times.
func linear(name string, of, tenth *fixture, run func(*fixture, context.Context) (int, error)) work {
	perKey := func(f *fixture) contender {
		return func(ctx context.Context) (int, error) {
			took, err := wall(func() error {
				_, err := run(f, ctx)
				return err
			})
			return int(took) * (of.keys / f.keys), err
		}
	}
	w := gauges(name, "ns", of.keys, perKey(of), peer{
		name: "a tenth of the keys", run: perKey(tenth), goal: 2,
	})
	w.tries = 3
	return w
}

// within compares with a limit on what a value costs.
func within(name string, limit, values int) peer {
	return peer{name: name, run: fixed(limit * values), goal: 1}
}

// elapsed is how long f takes, as a gauge.
func elapsed(f func() error) (int, error) {
	start := time.Now()
	err := f()
	return int(time.Since(start)), err
}
