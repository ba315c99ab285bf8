package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A standIn is a replica of weir in the place of an original: it speaks npm's
// protocol only.
type standIn struct{ *gateway }

func (standIn) kind() string { return "npm" }

func startStandIn(ctx context.Context, m *mesh, name string) (member, error) {
	g, err := newGateway(ctx, m, name)
	if err != nil {
		return nil, err
	}
	m.keep(func() error { return g.listen(ctx, g.lines) })
	return standIn{g}, nil
}

// requireNode skips the test where the package is not found by NODE_PATH, unless
// WEIR_REQUIRE_NODE is set.
func requireNode(t *testing.T) {
	t.Helper()
	need := t.Skipf
	if os.Getenv("WEIR_REQUIRE_NODE") != "" {
		need = t.Fatalf
	}
	if err := needNode(t.Context()); err != nil {
		need("%v\nothers stand in for it in the tests beside this one", err)
	}
}

func TestNodeRing(t *testing.T) {
	requireNode(t)
	testRing(t, startNode)
}

func TestRing(t *testing.T) { testRing(t, startStandIn) }

// What the program prints.
func testRing(t *testing.T, npm starter) {
	var want strings.Builder
	last := []string{"cyd", "dan", "ann", "bob", "cyd", "dan"}
	for i, title := range []string{
		"the ring is closed: each writes",
		"ann–bob is cut: each writes, and it goes the long way round",
		"bob–cyd is cut: each writes, and it goes the long way round",
		"cyd–dan is cut: each writes, and it goes the long way round",
		"dan–ann is cut: each writes, and it goes the long way round",
		"the ring is closed again: each writes",
	} {
		fmt.Fprintln(&want, title)
		for _, who := range []string{"ann npm ", "bob weir", "cyd weir", "dan npm "} {
			fmt.Fprintf(&want, "  %s ann=%d bob=%[2]d cyd=%[2]d dan=%[2]d last=%s\n", who, i+1, last[i])
		}
		fmt.Fprintln(&want, "  all four are equal")
	}
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, npm))
	require.Equal(t, want.String(), out.String())
}

func TestNodeIslands(t *testing.T) {
	requireNode(t)
	testIslands(t, startNode)
}

func TestIslands(t *testing.T) { testIslands(t, startStandIn) }

// A link that is cut carries nothing: where two are cut there are two islands, each
// with what its own have written, until one of the two is there again.
func testIslands(t *testing.T, npm starter) {
	require.NoError(t, with(t.Context(), io.Discard, npm, func(ctx context.Context, m *mesh) error {
		require.NoError(t, m.close(ctx))
		for i := range 2 {
			require.NoError(t, m.round(ctx, ""))
			require.NoError(t, m.cuts[i]())
			require.NoError(t, m.cuts[i+2]())
			left, right := []int{i, (i + 3) % 4}, []int{i + 1, i + 2}
			onLeft, onRight := island(t, m, left), island(t, m, right)
			require.NotEqual(t, onLeft, onRight)
			for k := range left {
				require.Equal(t, onLeft, m.members[left[k]].sees())
				require.Equal(t, onRight, m.members[right[k]].sees())
			}

			require.NoError(t, m.link(ctx, i+2))
			for _, one := range m.members {
				m.model[one.name()] = "island 19"
			}
			require.NoError(t, m.await(ctx))
			require.NoError(t, m.link(ctx, i))
		}
		return nil
	}))
}

// island has some of the four write, and returns what they see when they agree.
func island(t *testing.T, m *mesh, of []int) map[string]string {
	want := maps.Clone(m.model)
	for round := range 20 {
		for _, i := range of {
			one := m.members[i]
			want[one.name()] = fmt.Sprint("island ", round)
			require.NoError(t, one.set(t.Context(), one.name(), want[one.name()]))
		}
	}
	for _, i := range of {
		require.Eventually(t, func() bool {
			return maps.Equal(want, m.members[i].sees())
		}, patience, time.Millisecond)
	}
	return want
}

// A program that ends ends the mesh, which says whose it was.
func TestNodeEnds(t *testing.T) {
	requireNode(t)
	err := with(t.Context(), io.Discard, startNode, func(ctx context.Context, m *mesh) error {
		require.NoError(t, m.close(ctx))
		m.members[3].(*node).do.End()
		<-ctx.Done()
		return m.round(ctx, "")
	})
	require.ErrorContains(t, err, "dan")
	require.ErrorContains(t, err, "ended")
}
