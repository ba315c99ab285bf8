package replicatetest_test

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/replicatetest"
)

// The report of a failure is the history that a reader would have written
// down: a is sent, b replaces it and c replaces b, and whoever gets a and c
// keeps both.
func TestReport(t *testing.T) {
	f := replicatetest.Check(setKind("context is not transitive"), replicatetest.Config{})
	require.NotNil(t, f)
	const want = `
law "convergence" broken: replicas 0 and 1 do not both keep a (-q)
  after these of 79 steps (2 replicas, healed as a star, an update a frame; again with WEIR_SEED=8):
    W1 a  -q
    1>0 a
    1>0 M
    W0 b  -q
    W0 c  -q
    heal
    0>1 c
    0>1 M
`
	require.Equal(t, strings.TrimPrefix(want, "\n"), f.String())
	require.Equal(t, f, replicatetest.Check(setKind("context is not transitive"),
		replicatetest.Config{Seed: f.Seed, Schedules: 1}), "the same again")
	t.Setenv("WEIR_SEED", fmt.Sprint(f.Seed))
	require.Equal(t, f, replicatetest.Check(setKind("context is not transitive"),
		replicatetest.Config{}))
}

// failing is a test that is told of failures, and goes on.
type failing struct {
	testing.TB
	said []any
}

func (f *failing) Helper()           {}
func (f *failing) Error(args ...any) { f.said = append(f.said, args...) }

func TestRunFailsTheTest(t *testing.T) {
	f := &failing{TB: t}
	replicatetest.Run(f, mapKind("the older wins"), replicatetest.Config{})
	require.Len(t, f.said, 1)
	require.Equal(t, "oracle", f.said[0].(*replicatetest.Failure).Law)
}

func TestOpenFails(t *testing.T) {
	k := mapKind("")
	k.Open = func(*replicate.Replica) (replicatetest.Subject, error) {
		return replicatetest.Subject{}, errors.New("not today")
	}
	f := replicatetest.Check(k, replicatetest.Config{})
	require.Equal(t, "edit", f.Law)
	require.Contains(t, f.Detail, "not today")
}

// A panic is told with the calls that lead to it, without those of the checks.
func TestPanicIsShown(t *testing.T) {
	f := replicatetest.Check(mapKind("panics on ties"), replicatetest.Config{})
	require.Contains(t, f.Detail, "a tie")
	require.Contains(t, f.Detail, "(*cells).Apply")
	require.NotContains(t, f.Detail, "replicatetest.(*world)")
	require.NotContains(t, f.Detail, "debug.Stack")
}

// A type that does something else each time is found out, and said to.
func TestIrreproducible(t *testing.T) {
	k, opened := mapKind(""), 0
	open := k.Open
	k.Open = func(r *replicate.Replica) (replicatetest.Subject, error) {
		if opened++; opened == 5 {
			return replicatetest.Subject{}, os.ErrNotExist
		}
		return open(r)
	}
	f := replicatetest.Check(k, replicatetest.Config{})
	require.Contains(t, f.Detail, "more than the seed")
}

// Whatever a schedule may hold comes up often, whole schedules without
// anything are few, and no history depends on chance.
func TestSchedulesHoldEverything(t *testing.T) {
	what := map[string]*regexp.Regexp{}
	for name, pattern := range map[string]string{
		"write": `^W\d `, "receive": `^\d>\d [a-z]`, "again": `what it has`, "marker": `^\d>\d M`,
		"open": `^O\d`, "cut": `^cut`, "in flight": `on its way`, "partition": `^partition`,
		"commit": `^J\d$`, "torn": `torn`, "crash": `^crash`, "restart": `^restart`,
		"dump": `^dump`, "load": `loads dump \d+$`, "load part": `cut off`, "single": `loads [a-z]\d*$`,
		"clock": `^clock`,
	} {
		what[name] = regexp.MustCompile(pattern)
	}
	counts, replicas := map[string]int{}, map[byte]bool{}
	const seeds = 400
	for seed := range uint64(seeds) {
		lines := replicatetest.History(mapKind(""), replicatetest.Config{}, seed)
		for _, line := range lines {
			for name, pattern := range what {
				if pattern.MatchString(line) {
					counts[name]++
				}
			}
			if line[0] == 'W' {
				replicas[line[1]] = true
			}
		}
		if seed%10 == 0 {
			require.Equal(t, lines, replicatetest.History(mapKind(""), replicatetest.Config{}, seed))
		}
	}
	t.Log(counts)
	for name := range what {
		require.Greater(t, counts[name], seeds/20, name)
	}
	require.Len(t, replicas, 8)
}

func TestConfig(t *testing.T) {
	for seed := range uint64(50) {
		for _, line := range replicatetest.History(mapKind(""),
			replicatetest.Config{MaxReplicas: 2, Steps: 10}, seed) {
			require.NotRegexp(t, `^W[2-7]`, line)
		}
	}
}

// No type can break the law of stamps: what would is a broken engine.
func TestStampsGoUp(t *testing.T) {
	r := replicate.New(replicate.Config{Types: mapKind("").Types})
	h, err := r.Open(replicate.ObjectName{Type: "cells"})
	require.NoError(t, err)
	for _, op := range []string{"x1", "y1"} {
		_, err := h.Write(op)
		require.NoError(t, err)
	}
	both, err := r.Changes(0)(t.Context())
	require.NoError(t, err)
	require.Empty(t, replicatetest.LawOfWriting(both[0], both[1]))
	require.Equal(t, "stamps", replicatetest.LawOfWriting(both[1], both[0]))
}

// Ops are compared in two ways: with what parsing and encoding makes of them,
// and with those of the same schedule played again.
func TestOpsAreCompared(t *testing.T) {
	k := setKind("encodes in any order")
	k.Reencode = nil
	f := replicatetest.Check(k, replicatetest.Config{})
	require.Equal(t, "encoding", f.Law)
	require.Contains(t, f.Detail, "the same edits, made again")

	k = mapKind("")
	k.Reencode = func(op string) (string, error) { return op[:1], nil }
	f = replicatetest.Check(k, replicatetest.Config{})
	require.Equal(t, "encoding", f.Law)
	require.Contains(t, f.Detail, "encoded again")
}
