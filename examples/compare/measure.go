package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"
)

// A work is something that we and our peers do over the same values.
type work struct {
	name   string // of its rows, but for peers that name theirs
	values int    // that one run handles
	ours   contender
	peers  []peer

	// allocs is how many allocations a value may cost us, in a row of its own,
	// NAME-allocs; below 0 it is not looked at.
	allocs float64

	// tries is how often each round runs; 0 means 5.
	tries int

	// rounds is how many rounds are enough where each takes long; 0 means as
	// many as are asked for.
	rounds int

	// gauge says that what a run returns is what it costs, in unit: it has
	// checked its result by itself. Otherwise the time of the whole run is taken.
	gauge bool
	unit  string // of the costs; "" means ns

	// skipped says why the work is not measured; "" means that it is.
	skipped string

	// end ends what the runs have begun, if it is not nil.
	end func() error
}

// A contender does the work once. What it returns must be the same for all,
// unless it is a gauge.
type contender func(ctx context.Context) (int, error)

type peer struct {
	name string
	row  string // what the row calls the work; "" means by its name
	run  contender
	goal float64 // our cost over the peer's at most; 0 means none is set
}

// A row is one comparison. Costs and allocations are for one value.
type row struct {
	Work  string  `json:"work"`
	Peer  string  `json:"peer"`
	Unit  string  `json:"unit"`     // of Ours and Theirs
	Ours  float64 `json:"ours"`     // median
	Their float64 `json:"theirs"`   // median
	Ratio float64 `json:"ratio"`    // median of the ratios of paired runs
	Min   float64 `json:"min"`      // smallest such ratio
	Max   float64 `json:"max"`      // largest such ratio
	Goal  float64 `json:"goal"`     // most that is allowed
	Bound bool    `json:"has_goal"` // whether Goal counts
	Met   bool    `json:"met"`      // true where there is no goal

	Skipped string `json:"skipped,omitempty"` // why nothing was measured
}

// A measurement is the best of tries, each of which repeats a short work for at
// least tryTime: other programs can only make a try longer.
const (
	tries   = 5
	tryTime = 4 * time.Millisecond
)

// measure runs us and each peer in turns, so that what slows the machine down
// for a while slows both sides of a ratio, and checks that all do the same.
func measure(ctx context.Context, w work, rounds int) (rows []row, err error) {
	if w.skipped != "" {
		return unmeasured(w), nil
	}
	// One that can be cancelled, as programs have, and is what context makes:
	// the one of signal.NotifyContext hides it behind a call, for everybody.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if w.end != nil {
		defer func() { err = errors.Join(err, w.end()) }()
	}
	if err := agree(ctx, w); err != nil {
		return nil, err
	}
	ours, theirs, err := inTurns(ctx, w, rounds)
	if err != nil {
		return nil, err
	}
	for i, p := range w.peers {
		rows = append(rows, compare(w, p, ours[i], theirs[i]))
	}
	if w.allocs < 0 {
		return rows, nil
	}
	r, err := allocations(ctx, w)
	return append(rows, r), err
}

// inTurns returns what each round cost, for each peer, for one value.
func inTurns(ctx context.Context, w work, rounds int) (ours, theirs [][]float64, err error) {
	ours = make([][]float64, len(w.peers))
	theirs = make([][]float64, len(w.peers))
	if w.rounds > 0 {
		rounds = min(rounds, w.rounds)
	}
	for i := range rounds * len(w.peers) {
		i %= len(w.peers)
		us, err := costOf(ctx, w, w.ours)
		if err != nil {
			return nil, nil, err
		}
		them, err := costOf(ctx, w, w.peers[i].run)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", w.peers[i].name, err)
		}
		ours[i] = append(ours[i], us/float64(w.values))
		theirs[i] = append(theirs[i], them/float64(w.values))
	}
	return ours, theirs, nil
}

// agree checks that all come to the same result, and warms them up.
func agree(ctx context.Context, w work) error {
	want, err := w.ours(ctx)
	if err != nil {
		return err
	}
	for _, p := range w.peers {
		got, err := p.run(ctx)
		if err == nil && got != want && !w.gauge {
			err = fmt.Errorf("the result is %d, ours is %d", got, want)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// costOf returns what one run costs: nanoseconds, or what it says itself.
func costOf(ctx context.Context, w work, run contender) (float64, error) {
	runtime.GC()
	best := math.Inf(1)
	try := timeOf
	if w.gauge {
		try = saidBy
	}
	for range cmp.Or(w.tries, tries) {
		cost, err := try(ctx, run)
		if err != nil {
			return 0, err
		}
		best = min(best, cost)
	}
	return best, nil
}

func saidBy(ctx context.Context, run contender) (float64, error) {
	cost, err := run(ctx)
	return float64(cost), err
}

func timeOf(ctx context.Context, run contender) (float64, error) {
	start := time.Now()
	for n := 1; ; n++ {
		if _, err := run(ctx); err != nil {
			return 0, err
		}
		if spent := time.Since(start); spent >= tryTime {
			return float64(spent) / float64(n), nil
		}
	}
}

func compare(w work, p peer, ours, theirs []float64) row {
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = ours[i] / theirs[i]
	}
	r := row{
		Work: cmp.Or(p.row, w.name), Peer: p.name, Unit: cmp.Or(w.unit, "ns"),
		Ours: median(ours), Their: median(theirs),
		Ratio: median(ratios), Min: slices.Min(ratios), Max: slices.Max(ratios),
		Goal: p.goal, Bound: p.goal > 0,
	}
	r.Met = !r.Bound || r.Ratio <= r.Goal
	return r
}

// unmeasured are the rows of a work that cannot be done here.
func unmeasured(w work) (rows []row) {
	for _, p := range w.peers {
		rows = append(rows, row{
			Work: cmp.Or(p.row, w.name), Peer: p.name, Unit: cmp.Or(w.unit, "ns"),
			Goal: p.goal, Bound: p.goal > 0, Met: true, Skipped: w.skipped,
		})
	}
	return rows
}

// allocations counts ours in the best of the tries, since the runtime has its
// own. What a run costs at its start is spread over its values and rounded away
// below a thousandth.
func allocations(ctx context.Context, w work) (row, error) {
	each := math.Inf(1)
	for range tries {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := w.ours(ctx); err != nil {
			return row{}, err
		}
		runtime.ReadMemStats(&after)
		each = min(each, float64(after.Mallocs-before.Mallocs)/float64(w.values))
	}
	each = math.Floor(each*1000) / 1000
	return row{
		Work: w.name + "-allocs", Peer: "none", Unit: "allocs", Ours: each,
		Goal: w.allocs, Bound: true, Met: each <= w.allocs,
	}, nil
}

func median(vs []float64) float64 {
	sorted := slices.Sorted(slices.Values(vs))
	return sorted[len(sorted)/2]
}
