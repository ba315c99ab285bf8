package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/rate"
)

// limits bound what peers together, or each of them, may take of this process.
type limits struct {
	once bool // the command is sync, for which there is only rate

	rate    int64 // bytes a second each way, all connections together; 0: any
	streams int64 // open at once, of each peer
	memory  int64 // bytes that have arrived and were not read, of all peers
	peers   int64 // connections that were accepted

	in, out *rate.Limiter // of rate
	budget  *mux.Budget   // of memory
}

func defaultLimits() limits { return limits{streams: 64, memory: 64 << 20, peers: 100} }

const limitsText = `Limits, as in --limit rate=1MB/s --limit peers=10:

  rate=RATE     bytes a second sent, and as many received, by all connections
                together, at least 1kB/s (default: any)
  streams=N     streams that a peer may have open at once (default 64)
  memory=SIZE   what may have come from all peers and wait to be read, at least
                1MiB; over it the stream that holds most is cut (default 64MiB)
  peers=N       peers that may be connected at once (default 100)

A RATE or SIZE has a unit: B, kB, MB, GB, KiB, MiB or GiB; that of a RATE has /s.`

const rateText = `With --limit rate=1MB/s no more than that is sent, and as much received, in a
second; the unit is B, kB, MB, GB, KiB, MiB or GiB, and at least 1kB/s.`

func rateFlag(c *cobra.Command, l *limits) {
	l.once = true
	c.Flags().Var(l, "limit", "a bound, `NAME=VALUE`: rate; see above")
}

func limitFlag(c *cobra.Command, l *limits) {
	*l = defaultLimits()
	c.Flags().Var(l, "limit", "a bound, `NAME=VALUE`: rate, streams, memory, peers; see above")
}

// A limitKind is one of the names that --limit knows.
type limitKind struct {
	name    string
	parse   func(string) (int64, error)
	low     int64
	high    int64
	example string
	field   func(*limits) *int64
}

var limitKinds = []limitKind{
	{"rate", parseRate, 1e3, 1 << 50, "1MB/s", func(l *limits) *int64 { return &l.rate }},
	{"streams", parseCount, 1, 1 << 20, "64", func(l *limits) *int64 { return &l.streams }},
	{"memory", parseSize, 1 << 20, 1 << 40, "64MiB", func(l *limits) *int64 { return &l.memory }},
	{"peers", parseCount, 1, 1 << 20, "100", func(l *limits) *int64 { return &l.peers }},
}

func parseCount(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no whole number", text)
	}
	return n, nil
}

// Set reads NAME=VALUE, or several with commas between.
func (l *limits) Set(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		if err := l.set(strings.TrimSpace(part)); err != nil {
			return err
		}
	}
	return nil
}

func (l *limits) set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	i := slices.IndexFunc(limitKinds, func(k limitKind) bool { return k.name == name })
	switch {
	case (!ok || i < 0) && l.once:
		return fmt.Errorf("%q is no limit: there is rate=1MB/s", text)
	case !ok || i < 0:
		return fmt.Errorf("%q is no limit: there are rate=1MB/s, streams=64, memory=64MiB and peers=100", text)
	case l.once && name != "rate":
		return fmt.Errorf("%s bounds peers that connect, which sync has none of: there is rate=1MB/s", name)
	}
	k := limitKinds[i]
	n, err := k.parse(value)
	if err != nil {
		return fmt.Errorf("%s: %w; for example %s=%s", name, err, name, k.example)
	}
	if n < k.low || n > k.high {
		return fmt.Errorf("%s=%s is not in %s", name, value, k.bounds())
	}
	*k.field(l) = n
	return nil
}

func (k limitKind) bounds() string {
	switch k.name {
	case "rate":
		return formatSize(k.low) + "/s … " + formatSize(k.high) + "/s"
	case "memory":
		return formatSize(k.low) + " … " + formatSize(k.high)
	}
	return fmt.Sprintf("%d … %d", k.low, k.high)
}

func (l *limits) String() string { return "" } // the defaults are in limitsText
func (l *limits) Type() string   { return "NAME=VALUE" }

// begin makes what connections share.
func (l *limits) begin() {
	l.budget = &mux.Budget{Bytes: int(l.memory)}
	if l.rate > 0 {
		// A burst is a chunk at most: a second's worth would be felt.
		burst := int(min(l.rate, 32<<10))
		l.in = rate.NewLimiter(float64(l.rate), burst)
		l.out = rate.NewLimiter(float64(l.rate), burst)
	}
}

// paced is d at the rate of the limit, if there is one.
func (l *limits) paced(d duplex.Duplex[[]byte, []byte]) duplex.Duplex[[]byte, []byte] {
	if l == nil || l.in == nil {
		return d
	}
	return duplex.Map(d, pacing(l.in), pacing(l.out))
}

func pacing(l *rate.Limiter) pull.Through[[]byte, []byte] {
	return func(src pull.Source[[]byte]) pull.Source[[]byte] {
		return rate.LimitBy(src, l, func(chunk []byte) int { return len(chunk) })
	}
}
