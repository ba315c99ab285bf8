package main

import (
	"time"

	"github.com/weir-go/weir/duplex/chaos"
	"github.com/weir-go/weir/mux"
)

// roomy is a mux.Config for many streams: they are not what the budget is for.
var roomy = mux.Config{
	MaxStreams: 4096, MaxOpen: 4096, Budget: &mux.Budget{Bytes: 1 << 30},
}

// Links of the rows that wait.
var (
	farAway = chaotic(chaos.Link{Latency: 25 * time.Millisecond})
	thin    = chaotic(chaos.Link{Latency: 10 * time.Millisecond, Rate: thinRate})
)

const thinRate = 12_500_000 // bytes a second, 100 Mbit/s

// muxes are what one does with streams of a session, beside connections and
// beside sessions of others. Of each, the share-th part of the usual amount is
// done.
func muxes(share int) []work {
	works := []work{
		bulk(2048 / share), bulkReuse(2048 / share), bulkTLS(1024 / share), small(20_000 / share),
		manyRequests(100 / share), oneRequest(3000 / share), openings(16 / min(share, 16)),
		many("many16", 16, 2048/share, 1.5),
		many("many256", max(2, 256/share), 2048/share, 2),
		many("many1024", max(2, 1024/share), 2048/share, 2.2),
		idleStreams(1000 / share), delayed(share),
	}
	return append(works, thinLink(share)...)
}

// session returns the work's fields that all of these have.
func session(name, unit string, values int, ours contender, peers ...peer) work {
	return work{
		name: name, unit: unit, values: values, gauge: true, tries: 1, allocs: -1,
		ours: ours, peers: peers, rounds: 9,
	}
}

const (
	nameYamux  = "yamux v0.1.2"
	nameLibp2p = "libp2p/go-yamux v5.1.0"
	nameSmux   = "xtaci/smux v1.5.56"
	nameDuplex = "netconn duplexes"
	nameTCP    = "TCP"
)

// others are sessions of others; goal is that beside bare yamux, 0 for none.
func others(of func(setup) contender, on medium, goal float64) []peer {
	return []peer{
		{name: nameYamux, run: of(bareYamux(on)), goal: goal},
		{name: nameLibp2p, run: of(libp2pYamux(on))},
		{name: nameSmux, run: of(smuxV2(on))},
	}
}

// bulk is CPU time for a chunk of 32 KiB through one stream, each chunk being
// its receiver's to keep.
func bulk(chunks int) work {
	run := func(on setup) contender { return transfer(on, 1, chunks, chunkSize, cpu) }
	return session("bulk", "ns CPU", chunks, run(weir(tcpPair, mux.Config{})),
		peer{name: nameDuplex, run: run(netconns(tcpPair)), goal: 1.25},
		peer{name: "a header and a hand-over", row: "bulk-floor", run: floor(chunks)})
}

// bulkReuse is the same with one buffer for all chunks.
func bulkReuse(chunks int) work {
	run := func(on setup) contender { return transfer(on, 1, chunks, chunkSize, cpu) }
	lent := weirAs(tcpPair, mux.Config{}, (*mux.Stream).Reused)
	return session("bulk-reuse", "ns CPU", chunks, run(lent), append([]peer{
		{name: nameTCP, run: run(tcp), goal: 1.25},
	}, others(run, tcpPair, 0)...)...)
}

// bulkTLS is bulk over TLS.
func bulkTLS(chunks int) work {
	run := func(on setup) contender { return transfer(on, 1, chunks, chunkSize, cpu) }
	return session("bulk-tls", "ns CPU", chunks, run(weir(tlsPair, mux.Config{})),
		peer{name: nameDuplex, run: run(netconns(tlsPair)), goal: 1.25})
}

// small is the time for an item of 128 bytes.
func small(items int) work {
	run := func(on setup) contender { return transfer(on, 1, items, itemSize, wall) }
	return session("small", "ns", items, run(weir(tcpPair, mux.Config{})),
		others(run, tcpPair, 0.1)...)
}

// manyRequests is the time for a round trip, of 64 that run at once.
func manyRequests(trips int) work {
	const lines = 64
	run := func(on setup) contender { return requests(on, lines, trips) }
	return session("rr64", "ns", lines*trips, run(weir(tcpPair, mux.Config{})), append([]peer{
		{name: nameTCP, run: run(tcp), goal: 1 / 0.8},
	}, others(run, tcpPair, 0)...)...)
}

// oneRequest is the median of round trips, one after the other.
func oneRequest(trips int) work {
	run := func(on setup) contender { return roundTrip(on, trips) }
	return session("rr1", "ns", 1, run(weir(tcpPair, mux.Config{})), append([]peer{
		{name: nameTCP, run: run(tcp), goal: 3},
	}, others(run, tcpPair, 0)...)...)
}

// openings is the time to open a stream, have a byte sent back and end it.
func openings(each int) work {
	run := func(on setup) contender { return opening(on, each) }
	return session("open", "ns", 64*each, run(weir(tcpPair, mux.Config{})), append([]peer{
		{name: nameTCP, run: run(tcp), goal: 1 / 2.0},
	}, others(run, tcpPair, 0)...)...)
}

// many is CPU time for a chunk, over as many streams at once.
func many(name string, lines, chunks int, goal float64) work {
	each := max(1, chunks/lines)
	run := func(on setup) contender { return transfer(on, lines, each, chunkSize, cpu) }
	w := session(name, "ns CPU", lines*each, run(weir(tcpPair, roomy)),
		peer{name: nameDuplex, run: run(netconns(tcpPair)), goal: goal},
		peer{name: nameYamux, run: run(bareYamux(tcpPair))})
	w.rounds = minRounds
	return w
}

func idleStreams(n int) work {
	run := func(on setup) contender { return idle(on, n) }
	w := session("idle", "B", 1, run(weir(tcpPair, roomy)), append([]peer{
		{name: "a limit of 6.5 KiB", run: fixed(6656), goal: 1},
	}, others(run, tcpPair, 0)...)...)
	w.rounds = minRounds
	return w
}

// delayed is the time for a MiB over a link with a round trip of 50 ms.
func delayed(share int) work {
	run := func(kib int, on setup) contender {
		return load{warm: kib << 8 / share, bulk: kib << 10 / share}.perMiB(on)
	}
	w := session("delay50", "ns", 1, run(32<<10, weir(farAway, mux.Config{})),
		peer{name: nameYamux, run: run(2<<10, bareYamux(farAway)), goal: 1 / 15.0},
		peer{name: nameLibp2p, run: run(32<<10, libp2pYamux(farAway))},
		peer{name: nameSmux, run: run(512, smuxV2(farAway))})
	w.rounds = minRounds
	return w
}

// thinLink is bulk through a link of 100 Mbit/s with a round trip of 20 ms, and
// what others notice.
func thinLink(share int) []work {
	full := load{warm: (4 << 20) / share, bulk: (12 << 20) / share, echoes: 8}
	half := load{warm: (2 << 20) / share, bulk: (4 << 20) / share, echoes: 8}
	perMiB := int(time.Second) << 20 / thinRate
	use := session("thin-use", "ns", 1, full.perMiB(weir(thin, mux.Config{})),
		peer{name: "the link's rate", run: fixed(perMiB), goal: 1 / 0.95},
		peer{name: nameYamux, run: half.perMiB(bareYamux(thin))})
	echo := session("thin-echo", "ns", 1, full.tail(weir(thin, mux.Config{})),
		peer{name: "a limit of 90 ms", run: fixed(int(90 * time.Millisecond)), goal: 1})
	// The tail is what others on the machine show in first.
	use.rounds, echo.rounds, echo.tries = minRounds, minRounds, 3
	return []work{use, echo}
}
