package pulltest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

func letter(s string) pulltest.Grammar[string] { return pulltest.Event(s) }

// row: H5
func TestGrammarAcceptsAndRefuses(t *testing.T) {
	a, b, c := letter("a"), letter("b"), letter("c")
	for name, g := range map[string]struct {
		grammar     pulltest.Grammar[string]
		right       string // traces, a letter an event; "-" is the empty one
		wrong       string // index:trace
		expectFirst string
	}{
		"zero":        {pulltest.Grammar[string]{}, "-", "0:a", "the end"},
		"event":       {a, "a", "0:- 0:b 1:aa 1:ab", "a"},
		"seq":         {pulltest.Seq(a, b, c), "abc", "0:- 1:a 2:ab 3:abca 1:ac 0:b", "a"},
		"seq of none": {pulltest.Seq[string](), "-", "0:a", "the end"},
		"or":          {pulltest.Or(a, b), "a b", "0:- 0:c 1:ab 1:aa", "a or b"},
		"or of none":  {pulltest.Or[string](), "", "0:- 0:a", "nothing"},
		"or of shared": {pulltest.Or(pulltest.Seq(a, b), pulltest.Seq(a, c)), "ab ac",
			"1:a 1:aa 2:abc", "a"},
		"star":         {pulltest.Star(a), "- a aa aaaa", "0:b 2:aab", "a or the end"},
		"plus":         {pulltest.Plus(a), "a aa aaaa", "0:- 0:b 2:aab", "a"},
		"maybe":        {pulltest.Maybe(a), "- a", "1:aa 0:b", "a or the end"},
		"star of star": {pulltest.Star(pulltest.Star(a)), "- a aaa", "1:ab", "a or the end"},
		"plus of or": {pulltest.Plus(pulltest.Or(a, pulltest.Seq(b, c))),
			"a bc abc bca aabcbc", "0:- 1:b 1:bb 3:bcb 0:c", "a or b"},
		"star before the same": {pulltest.Seq(pulltest.Star(a), a, b), "ab aaab",
			"1:a 0:b 2:abb", "a"},
		"nested maybe": {pulltest.Seq(a, pulltest.Maybe(pulltest.Seq(b, pulltest.Maybe(c)))),
			"a ab abc", "0:- 1:ac 3:abcc 2:aba", "a"},
		// Values, with pauses, each but the last ended by a drain, then the end.
		"stream": {pulltest.Seq(pulltest.Star(pulltest.Seq(letter("d"),
			pulltest.Maybe(pulltest.Seq(pulltest.Plus(letter("p")), letter("r"))))), letter("e")),
			"e de dde dpre dppprde dprdpre",
			"0:- 1:d 0:p 2:dpe 2:dp 0:r 1:ed 3:dprpe", "d or e"},
	} {
		for _, trace := range strings.Fields(g.right) {
			assert.NoError(t, g.grammar.Check(events(trace)...), "%s: %s", name, trace)
		}
		for _, w := range strings.Fields(g.wrong) {
			at, trace, _ := strings.Cut(w, ":")
			var wrong *pulltest.TraceError
			if assert.ErrorAs(t, g.grammar.Check(events(trace)...), &wrong, "%s: %s", name, trace) {
				assert.Equal(t, at, fmt.Sprint(wrong.Index), "%s: %s", name, trace)
			}
		}
		err := g.grammar.Check("?")
		assert.ErrorContains(t, err, "want "+g.expectFirst, name)
	}
}

func events(trace string) []string {
	if trace == "-" {
		return nil
	}
	return strings.Split(trace, "")
}

func TestGrammarOfManyEvents(t *testing.T) {
	// A matcher that tries one way after another needs 2^n steps for this.
	var parts []pulltest.Grammar[string]
	for range 200 {
		parts = append(parts, pulltest.Maybe(letter("a")))
	}
	for range 200 {
		parts = append(parts, letter("a"))
	}
	trace := events(strings.Repeat("a", 200))
	require.NoError(t, pulltest.Seq(parts...).Check(trace...))
	assert.Error(t, pulltest.Seq(parts...).Check(trace[1:]...))
	long := events(strings.Repeat("ab", 50_000))
	assert.NoError(t, pulltest.Star(pulltest.Seq(letter("a"), letter("b"))).Check(long...))
}

func TestGrammarIsASink(t *testing.T) {
	even := pulltest.When("an even number", func(v int) bool { return v%2 == 0 })
	odd := pulltest.When("an odd number", func(v int) bool { return v%2 == 1 })
	pairs := pulltest.Star(pulltest.Seq(even, pulltest.Maybe(odd)))
	pulltest.Sink(t, func(ctx context.Context, src pull.Source[int]) error {
		return pairs.Read(ctx, src)
	}, pulltest.SinkOptions[int]{
		Fail: pulltest.Seq(even, odd, odd).Read,
	})
	err := pulltest.Seq(even, odd, even).Read(t.Context(), pull.Count(2))
	assert.EqualError(t, err, "pulltest: event 2 is the end, want an even number")
}
