package doc

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/replicate"
)

// Numbers sort as their bytes do, and are read as they were written.
func TestNumbers(t *testing.T) {
	whole := []int64{-maxWhole + 1, -1 << 40, -300, -296, -295, -42, -41, -40, -39, -2, -1, 0, 1, 2,
		39, 40, 41, 255, 256, 295, 296, 65535, 65536, 1 << 40, maxWhole}
	var all []number
	for _, w := range whole {
		for _, frac := range []string{"", "\x01\x02", "\x02", "\x02\xff", "\xff"} {
			all = append(all, number{w, frac})
		}
	}
	last := ""
	for i, n := range all {
		s := string(n.append(nil))
		got, rest, ok := cutNumber(s + "rest")
		require.True(t, ok, "%v", n)
		require.Equal(t, n, got)
		require.Equal(t, "rest", rest)
		require.Less(t, last, s, "%v", n)
		require.True(t, i == 0 || all[i-1].less(n))
		require.True(t, n.below().less(n) && n.less(n.above()), "%v", n)
		last = s
	}
	for _, s := range []string{"", "\x80", "\x80\x01\x00", "\x80\x02\x01\x00", "\xa8\x01\x00", "\xa9\x00\xff\x00",
		string(number{whole: -maxWhole}.append(nil)), string(number{whole: math.MaxInt64}.append(nil)),
		"\xb0\x01\x01\x01\x01\x01\x01\x01\x01\x01\x00"} {
		_, _, ok := cutNumber(s)
		require.False(t, ok, "%q", s)
	}
}

// pos is where an author put something.
type pos struct {
	place, author string
	when          int // order of choice
}

// line is what one replica sees of a sequence, for the choosing alone.
type line struct {
	author string
	seen   []pos
	now    *int
}

func (l *line) insert(t require.TestingT, i int) pos {
	var g gap
	var low, high int
	if i > 0 {
		g.low, low = l.seen[i-1].place, l.seen[i-1].when
	}
	if i < len(l.seen) {
		g.high, high = l.seen[i].place, l.seen[i].when
	}
	*l.now++
	g.highNewer = high > low
	place, err := g.choose(replicate.Stamp{Author: replicate.Author(l.author), Time: replicate.Time(*l.now) << 16})
	require.NoError(t, err)
	require.NoError(t, checkPlace(place))
	require.Equal(t, place, encodePlace(parsePlace(place)))
	require.Less(t, g.low, place)
	require.True(t, g.high == "" || place < g.high, "%x is not before %x", place, g.high)
	p := pos{place, l.author, *l.now}
	l.seen = slices.Insert(l.seen, i, p)
	return p
}

func (l *line) take(ps []pos) {
	for _, p := range ps {
		i, found := slices.BinarySearchFunc(l.seen, p, func(a, b pos) int { return strings.Compare(a.place, b.place) })
		if !found {
			l.seen = slices.Insert(l.seen, i, p)
		}
	}
}

// Whatever is inserted wherever, alone or by turns, a place is where it was
// asked for, and there is room for ever more.
func TestPlacesFallIntoTheGap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := 0
		lines := []*line{{author: "a", now: &now}, {author: "b", now: &now}, {author: "c", now: &now}}
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			l := rapid.SampledFrom(lines).Draw(t, "author")
			l.insert(t, rapid.IntRange(0, len(l.seen)).Draw(t, "at"))
			if other := rapid.SampledFrom(lines).Draw(t, "tells"); rapid.Bool().Draw(t, "meet") {
				other.take(l.seen)
			}
		}
	})
}

// What several insert at one place, not knowing of each other, stays apart,
// whoever had written what was there, and whether they write forwards,
// backwards or in the middle of what they write.
func TestConcurrentRunsDoNotInterleave(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := 0
		shared := &line{now: &now}
		names := []string{"a", "b", "c", "d"}
		lines := map[string]*line{}
		for _, name := range names {
			lines[name] = &line{author: name, now: &now}
		}
		for range rapid.IntRange(0, 30).Draw(t, "before") {
			l := lines[rapid.SampledFrom(names).Draw(t, "by")]
			l.seen = slices.Clone(shared.seen)
			l.insert(t, rapid.IntRange(0, len(l.seen)).Draw(t, "at"))
			shared.seen = l.seen
		}
		at := rapid.IntRange(0, len(shared.seen)).Draw(t, "gap")
		base := len(shared.seen)
		merged := &line{now: &now, seen: slices.Clone(shared.seen)}
		for _, name := range names[:3] {
			l := lines[name]
			l.seen = slices.Clone(shared.seen)
			var own []pos
			for range rapid.IntRange(1, 12).Draw(t, "run") {
				own = append(own, l.insert(t, at+rapid.IntRange(0, len(own)).Draw(t, "in the run")))
			}
			merged.take(own)
		}
		var runs []string
		for _, p := range merged.seen[at : len(merged.seen)-(base-at)] {
			if len(runs) == 0 || runs[len(runs)-1] != p.author {
				runs = append(runs, p.author)
			}
		}
		require.Len(t, runs, 3, "runs mix")
	})
}

// So does a run that is long, and goes on backwards behind what its author had
// put there before.
func TestLongRunDoesNotInterleave(t *testing.T) {
	for _, other := range []string{"b", "g"} { // whose tags are below and above
		now := 0
		l := &line{author: "a", now: &now}
		l.insert(t, 0)
		l.insert(t, 1)
		r := &line{author: other, now: &now, seen: slices.Clone(l.seen)}
		for range 200 {
			l.insert(t, 1)
			r.insert(t, 1)
		}
		l.take(r.seen)
		turns := 0
		for i := 2; i < 401; i++ {
			if l.seen[i].author != l.seen[i-1].author {
				turns++
			}
		}
		require.Equal(t, 1, turns, "runs mix")
	}
}

// Places grow with the logarithm of what is pushed, at either end and behind a
// row that stays first, by one author and by two in turns.
func TestPlacesStayShort(t *testing.T) {
	const n = 10_000
	patterns := map[string]func(i, n int) int{
		"push":            func(_, n int) int { return n },
		"unshift":         func(int, int) int { return 0 },
		"behind one":      func(_, n int) int { return min(1, n) },
		"before the last": func(_, n int) int { return max(0, n-1) },
		"spread":          func(i, n int) int { return i * 7919 % (n + 1) },
	}
	for name, at := range patterns {
		for _, authors := range []string{"a", "ab"} {
			t.Run(name+"/"+authors, func(t *testing.T) {
				now, longest := 0, 0
				l := &line{now: &now}
				for i := range n {
					l.author = authors[i%len(authors):][:1]
					longest = max(longest, len(l.insert(t, at(i, len(l.seen))).place))
				}
				t.Log(longest)
				require.LessOrEqual(t, longest, 100)
			})
		}
	}
}

// Always in the middle of what was inserted last is the worst: of one author's
// it takes less than four bits each time, of two that break into each other's
// pairs a new level each time.
func TestMiddleOfTheMiddle(t *testing.T) {
	for authors, bytes := range map[string]float64{"a": 0.5, "ab": 0.5, "aabb": 6} {
		now, longest := 0, 0
		l := &line{now: &now}
		const n = 2000
		for i := range n {
			l.author = authors[i%len(authors):][:1]
			longest = max(longest, len(l.insert(t, len(l.seen)/2).place))
		}
		require.LessOrEqual(t, float64(longest)/n, bytes, authors)
	}
}

// Of any two places that may come from a peer something goes between, in bounded
// time, or it is said that nothing does.
//
// defect: D8 between never ends when no string fits
func TestAnyTwoPlaces(t *testing.T) {
	by := replicate.Stamp{Author: "a", Time: 1 << 50}
	numbers := rapid.Custom(func(t *rapid.T) number {
		return number{
			whole: rapid.SampledFrom([]int64{1 - maxWhole, -300, -1, 0, 1, 300, maxWhole}).Draw(t, "whole"),
			frac: rapid.SampledFrom([]string{"", "\x02", "\x01\x02", "\xff", "\xff\xff\xff\xff\xff\xff\xff\xff\xff",
				"\x01\x01\x01\x01\x01\x01\x01\x01\x01\x02"}).Draw(t, "frac"),
		}
	})
	places := rapid.Custom(func(t *rapid.T) string {
		var steps []step
		for i := range rapid.IntRange(1, 4).Draw(t, "steps") {
			at := numbers.Draw(t, "at")
			if at == zero && i > 0 {
				at.whole = 1
			}
			tag := rapid.SampledFrom([]string{tagOf("a"), "\x00\x00\x00\x00\x00", "\xff\xff\xff\xff\xff"}).Draw(t, "tag")
			steps = append(steps, step{at, tag, numbers.Draw(t, "pos")})
		}
		return encodePlace(steps)
	})
	rapid.Check(t, func(t *rapid.T) {
		g := gap{low: places.Draw(t, "low"), high: places.Draw(t, "high"), highNewer: rapid.Bool().Draw(t, "newer")}
		require.NoError(t, checkPlace(g.low))
		require.NoError(t, checkPlace(g.high))
		if g.low == g.high {
			g.high = ""
		}
		if g.high != "" && g.high < g.low {
			g.low, g.high = g.high, g.low
		}
		requireBetween(t, g, by)
		requireBetween(t, gap{high: g.low}, by)
		requireBetween(t, gap{low: g.low}, by)
	})
	// Nothing hangs at zero, where what the two hang from is itself.
	two := func(at int64) string {
		return encodePlace([]step{{tag: "xxxxx"}, {at: number{whole: at}, tag: "yyyyy"}})
	}
	requireBetween(t, gap{low: two(-1), high: two(1)}, by)
	requireBetween(t, gap{low: two(-1), high: encodePlace([]step{{at: number{whole: 1}, tag: "xxxxx"}})}, by)
	requireBetween(t, gap{low: two(-1), high: two(2)}, by)

	var deep []step
	for len(encodePlace(deep)) < maxPlace-10 {
		deep = append(deep, step{number{whole: 1}, "\x01\x01\x01\x01\x01", zero})
	}
	g := gap{low: encodePlace(deep)}
	deep[len(deep)-1].tag = "\x02\x02\x02\x02\x02"
	g.high = encodePlace(deep)
	require.NoError(t, checkPlace(g.low))
	_, err := g.choose(by)
	require.ErrorIs(t, err, ErrCrowded)
}

func requireBetween(t require.TestingT, g gap, by replicate.Stamp) {
	place, err := g.choose(by)
	require.NoError(t, err)
	require.NoError(t, checkPlace(place), "%x", place)
	require.Less(t, g.low, place)
	require.True(t, g.high == "" || place < g.high, "%x is not below %x", place, g.high)
}
