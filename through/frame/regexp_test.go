package frame_test

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

func replacing(pattern, template string, max int) pull.Through[[]byte, []byte] {
	re := regexp.MustCompile(pattern)
	return func(src pull.Source[[]byte]) pull.Source[[]byte] {
		return frame.ReplaceRegexp(src, re, []byte(template), max)
	}
}

// row: G9
func TestReplaceRegexpIsReplaceAll(t *testing.T) {
	texts := []string{
		"", "a", "aab ab b\n\n  xaxb \r\n\t ab  ", "  \n lead and trail \t\n ", "é€𝄞 aé\u212ak ",
		"a\xff\xe2\x82b\xf0\x9d\x84", "\xe2\x82\xac\xac\xacab", "2026-11-27, 1999-01-02\nab-ab",
	}
	for _, pattern := range []string{
		"", "a", "ab", "a*", "a*?", "a+?", "(a+)(b*)", "a|ab", "(ab|a)(b?)", "x*", "$", "^", "^a", "a$",
		`\A`, `\z`, `(?m)^`, `(?m)$`, `(?m)^\s*`, `\b`, `\B`, `\b\w`, `\w\b`, `\s+$`, `^\s+`,
		`^\s+|\s+$`, `(?m)[ \t]+$`, ".", "(?s).", "[^a]", "é|€", "(?i)k", `\pL+`, `[\x{fffd}]`,
		`(\d+)-(?P<m>\d+)-(\d+)`, "(a)|(b)", "a{2,3}", "b??", "(?:)", "a(?:b|$)", `[^\x00-\x{10FFFF}]`,
		"(|a)+", "(a|b|)*", `^ab|b$|\n`, `x$x`,
	} {
		re := regexp.MustCompile(pattern)
		for _, template := range []string{"<>", "$0$2${1}x$m${none}$$"} {
			for _, text := range texts {
				want := string(re.ReplaceAll([]byte(text), []byte(template)))
				got, err := cutAnyhow(t, []byte(text), replacing(pattern, template, 100), together)
				require.NoError(t, err)
				require.Equal(t, want, got, "%q to %q in %q", pattern, template, text)
			}
		}
	}
}

// patterns are random regexps of few letters.
func patterns() *rapid.Generator[string] {
	atom := rapid.SampledFrom([]string{
		"a", "b", " ", ".", "[ab]", "[^a]", "é", `\s`, `\w`, `\b`, `\B`, "^", "$", "(?m:^)", "(?m:$)",
		`\n`, "(?s:.)", "(?i:A)", `\z`, "",
	})
	var expr func(depth int) *rapid.Generator[string]
	expr = func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			if depth == 0 {
				return atom.Draw(t, "atom")
			}
			one := expr(depth - 1)
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 0:
				return one.Draw(t, "left") + one.Draw(t, "right")
			case 1:
				return "(" + one.Draw(t, "left") + "|" + one.Draw(t, "right") + ")"
			case 2:
				times := rapid.SampledFrom([]string{"*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}"})
				return "(" + one.Draw(t, "some") + ")" + times.Draw(t, "times")
			case 3:
				return "(?:" + one.Draw(t, "left") + ")" + one.Draw(t, "right")
			}
			return atom.Draw(t, "atom")
		})
	}
	return expr(3)
}

// row: G9
func TestReplaceRegexpRandomly(t *testing.T) {
	letters := rapid.SampledFrom([]string{"a", "b", "A", " ", "\n", "é", "\xc3", "\xff", "ab", "aaa"})
	rapid.Check(t, func(t *rapid.T) {
		pattern := patterns().Draw(t, "pattern")
		text := []byte(strings.Join(rapid.SliceOfN(letters, 0, 20).Draw(t, "text"), ""))
		sizes := rapid.SliceOfN(rapid.Byte().Filter(func(b byte) bool { return b < 8 }), 0, 5).
			Draw(t, "sizes")
		template := rapid.SampledFrom([]string{"", "-", "<$1|$2>"}).Draw(t, "template")
		want := string(regexp.MustCompile(pattern).ReplaceAll(text, []byte(template)))
		got, err := collect(replacing(pattern, template, len(text))(pull.Values(sliced(text, sizes)...)))
		require.NoError(t, err)
		require.Equal(t, want, together(got))

		// With a bound, what comes is the start of that, wherever src is cut.
		max := rapid.IntRange(0, len(text)).Draw(t, "max")
		whole, wholeErr := collect(replacing(pattern, template, max)(pull.Values(text)))
		got, err = collect(replacing(pattern, template, max)(pull.Values(sliced(text, sizes)...)))
		require.Equal(t, together(whole), together(got))
		require.Equal(t, wholeErr, err)
		if err == nil {
			require.Equal(t, want, together(got))
			return
		}
		var long *frame.TooLargeError
		require.ErrorAs(t, err, &long)
		require.Equal(t, max, long.Max)
		require.True(t, strings.HasPrefix(want, string(bytes.Join(got, nil))), "%q", got)
	})
}

func TestReplaceRegexpTooLong(t *testing.T) {
	for _, c := range []struct {
		pattern, text, want string
		max                 int
		offset              int64
	}{
		{"a+", "xxaaa.aaaa.", "xx<>.", 3, 6},
		{"a.*b|a", "xa12345\n", "x", 5, 1}, // a short match, but who knows
		{"(?s)a.*", "xxabcd", "xx", 3, 2},
		{`\s+$`, "a    b", "a", 3, 1},
		{"a", "ba", "b", 0, 1},
		{"é", "é", "", 1, 0},
	} {
		got, err := cutAnyhow(t, []byte(c.text), replacing(c.pattern, "<>", c.max), together)
		assert.Equal(t, c.want, got, c.pattern)
		assert.Equal(t, &frame.TooLargeError{Len: uint64(c.max) + 1, Max: c.max, Offset: c.offset},
			err, c.pattern)
	}
	for pattern, max := range map[string]int{"a{3}": 3, "a.*b|a": 9, `\s+$`: 4, "": -1} {
		_, err := cutAnyhow(t, []byte("a12345\naaa.    b"), replacing(pattern, "<>", max), together)
		assert.NoError(t, err, pattern)
	}
}

// A text of any length passes under a small bound, and soon.
func TestReplaceRegexpHoldsLittle(t *testing.T) {
	chunk := []byte(strings.Repeat("no digits here, ", 64) + "but 12")
	up := &upstream[[]byte]{values: make([][]byte, 200)}
	for i := range up.values {
		up.values[i] = chunk
	}
	n := 0
	src := replacing(`\d+`, "#", 4)(up.source())
	for range up.values {
		b, err := src(t.Context())
		require.NoError(t, err)
		n += len(b)
		require.LessOrEqual(t, len(b), len(chunk)+4)
	}
	_, err := src(t.Context())
	require.NoError(t, err, "the last number may have gone on until the end")
	_, err = src(t.Context())
	require.Equal(t, io.EOF, err)

	// Where nothing behind it matters, a match is there with its last byte.
	src = replacing("foo", "bar", 3)(pull.Values([]byte("xf"), []byte("oo"), []byte("y")))
	for _, want := range []string{"x", "bar", "y"} {
		b, err := src(t.Context())
		require.NoError(t, err)
		assert.Equal(t, want, string(b))
	}
	// Much output comes in pieces.
	src = replacing("a", strings.Repeat("b", 20_000), 1)(pull.Values(bytes.Repeat([]byte("a"), 10)))
	got, err := collect(src)
	require.NoError(t, err)
	require.Len(t, got, 5)
	assert.Len(t, bytes.Join(got, nil), 200_000)
}

func TestReplaceRegexpDropsWhatAFailureCut(t *testing.T) {
	broken := errors.New("broken")
	for pattern, want := range map[string]string{
		"secret=.*": "x ", "o": "x secret=f!!", "$": "x secret=foo", `foo\b`: "x secret=",
	} {
		up := &upstream[[]byte]{values: [][]byte{[]byte("x sec"), []byte("ret=foo")}, end: broken}
		got, err := collect(replacing(pattern, "!", 100)(up.source()))
		assert.Equal(t, want, together(got), pattern)
		assert.Equal(t, broken, err)
	}
}

func TestReplaceRegexpRefusesLongest(t *testing.T) {
	longest := regexp.MustCompile("a|ab")
	longest.Longest()
	posix := regexp.MustCompilePOSIX("a**") // and no other regexp
	for _, re := range []*regexp.Regexp{longest, regexp.MustCompilePOSIX("a|ab"), posix} {
		up := &upstream[[]byte]{values: [][]byte{[]byte("ab")}}
		_, err := collect(frame.ReplaceRegexp(up.source(), re, nil, 10))
		require.Equal(t, frame.ErrLongest, err)
		require.Equal(t, []error{frame.ErrLongest}, up.causes)
	}
	used := regexp.MustCompile("a|ab")
	used.ReplaceAll([]byte("cab"), nil)
	got, err := collect(frame.ReplaceRegexp(pull.Values([]byte("ab")), used, nil, 10))
	require.NoError(t, err)
	assert.Equal(t, "b", together(got))
}
