package replicatetest

import (
	"os"
	"strconv"
	"testing"
)

// Config says how much is tried. The zero value is what a test should use.
type Config struct {
	// Schedules is how many are played; 0 means what the environment's
	// WEIR_SCHEDULES says, or 250, or 100,000 where it has WEIR_LONG; with
	// go test -short or under the race detector, 100.
	Schedules int

	// Seed makes the first schedule; the next ones take Seed+1 and so on, so
	// that 0 always tries the same. The environment's WEIR_SEED plays that one
	// alone.
	Seed uint64

	// MaxReplicas is how many replicas there are at most, 2 to 8; 0 means 8.
	// Most schedules have two to four.
	MaxReplicas int

	// Signed has every second replica sign what it writes. All verify it, and
	// their authors are longer.
	Signed bool

	// Steps is how many steps a schedule has at most; 0 means 80.
	Steps int
}

// maxReplicas bounds [Config].MaxReplicas.
const maxReplicas = 8

func (c Config) withDefaults() Config {
	if c.Schedules == 0 {
		c.Schedules = schedules()
	}
	if s := os.Getenv("WEIR_SEED"); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			panic("replicatetest: WEIR_SEED: " + err.Error())
		}
		c.Seed, c.Schedules = seed, 1
	}
	if c.MaxReplicas == 0 {
		c.MaxReplicas = maxReplicas
	}
	c.MaxReplicas = max(2, min(c.MaxReplicas, maxReplicas))
	if c.Steps == 0 {
		c.Steps = 80
	}
	return c
}

// schedules is how many are played where the caller does not say.
func schedules() int {
	switch s := os.Getenv("WEIR_SCHEDULES"); {
	case s != "":
		n, err := strconv.Atoi(s)
		if err != nil || n <= 0 {
			panic("replicatetest: WEIR_SCHEDULES is not a number above 0: " + s)
		}
		return n
	case os.Getenv("WEIR_LONG") != "":
		return 100_000
	case testing.Short() || raced:
		return 100
	}
	return 250
}
