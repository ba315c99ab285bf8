package replicatetest

import (
	"os"
	"strconv"
	"testing"
)

// Config says how much is tried. The zero value is what a test should use.
type Config struct {
	// Schedules is how many are played; 0 means 10,000, or 1,000 with
	// go test -short or -race, or 100,000 where the environment has WEIR_LONG.
	Schedules int

	// Seed makes the first schedule; the next ones take Seed+1 and so on, so
	// that 0 always tries the same. The environment's WEIR_SEED plays that one
	// alone.
	Seed uint64

	// MaxReplicas is how many replicas there are at most, 2 to 8; 0 means 8.
	// Most schedules have two to four.
	MaxReplicas int

	// Steps is how many steps a schedule has at most; 0 means 80.
	Steps int
}

// maxReplicas bounds [Config].MaxReplicas.
const maxReplicas = 8

func (c Config) withDefaults() Config {
	if c.Schedules == 0 {
		switch {
		case os.Getenv("WEIR_LONG") != "":
			c.Schedules = 100_000
		case testing.Short(), raced:
			c.Schedules = 1000
		default:
			c.Schedules = 10_000
		}
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
