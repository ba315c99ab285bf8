package main

import "fmt"

// What else of npm is run beside us: the programs that mux/muxdemux, mux/rpc and
// replicate/registry speak with.
const (
	npmMuxDemux = "mux-demux@3.7.9"
	npmDnode    = "dnode@1.2.2"
	npmSeaport  = "seaport@2.0.9"
)

var npmOriginals = []string{npmMuxDemux, npmDnode, npmSeaport}

// originals are what two of ours do with each other beside what two of npm's do
// with each other, over TCP loopback, and the CPU time that both ends take
// together. Those of npm are two processes; the goroutines of ours may use as
// many processors.
func originals(share int, js *node, missing error) (works []work) {
	add := func(name, what, peer, where string, count int, ours func(meter) contender) {
		for _, w := range besideNpm(js, name, what, peer, where, count, ours) {
			works = append(works, skippable(w, missing))
		}
	}
	for _, streams := range []int{1, 16} {
		n := 64_000 / share
		add(fmt.Sprint("muxdemux", streams), "muxdemux", npmMuxDemux, fmt.Sprint(streams), n, values(streams, n))
	}
	for _, pending := range []int{1, 100} {
		n := 20_000 / share
		add(fmt.Sprint("dnode", pending), "dnode", npmDnode, fmt.Sprint(pending), n, calls(pending, n))
	}
	add("seaport", "seaport", npmSeaport, "", 2000/share, registrations(2000/share))
	add("seaport-query", "query", npmSeaport, "", 2000/share, queries(2000/share))
	return works
}

// besideNpm are the works that measure time and CPU time of count of something.
func besideNpm(
	js *node, name, what, npm, where string, count int, ours func(meter) contender,
) (works []work) {
	for _, used := range []bool{false, true} {
		theirs := &script{node: js, what: what, keys: count, where: where, cpu: used}
		row, unit, by := name, "ns", wall
		if used {
			row, unit, by = name+"-cpu", "ns CPU", cpu
		}
		w := gauges(row, unit, count, ours(by), peer{name: "npm " + npm, run: theirs.again, goal: 1})
		w.end = theirs.end
		works = append(works, w)
	}
	return works
}

// bothEnds runs what two ends do, until each has ended. Where one fails, abort ends
// the other.
func bothEnds(abort func(error), near, far func() error) error {
	return all(2, func(i int) error {
		end := near
		if i == 1 {
			end = far
		}
		err := end()
		if err != nil {
			abort(err)
		}
		return err
	})
}

// counted reports how many have arrived, if not all have.
func counted(got, want int) error {
	if got != want {
		return fmt.Errorf("%d arrived, not %d", got, want)
	}
	return nil
}
