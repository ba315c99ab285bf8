package frame_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

func splits(cut func([]byte, []byte) [][]byte, data, sep string) any {
	want := cut([]byte(data), []byte(sep))
	if n := len(want); n > 0 && len(want[n-1]) == 0 {
		want = want[:n-1]
	}
	return texts(want)
}

// row: G1, G3, G4, G5, G7
func TestSplitIsBytesSplit(t *testing.T) {
	for _, sep := range []string{",", "\n", "\r\n", "ab", "aab", "abab", "–", "aaa"} {
		for _, data := range []string{"", sep, sep + sep, "x", "x" + sep, sep + "x", "a" + sep + "b",
			"a,b,,c", "a\r\nb\rc\r\n", "aaaaaaaa", "ababababab", "aaabaab–aab\xe2\x80", "x\ny\r\n"} {
			got, err := cutAnyhow(t, []byte(data), func(src pull.Source[[]byte]) pull.Source[frame.Msg] {
				return frame.Split(src, []byte(sep), 100)
			}, texts[frame.Msg])
			require.NoError(t, err)
			assert.Equal(t, splits(bytes.Split, data, sep), got, "%q by %q", data, sep)
			got, err = cutAnyhow(t, []byte(data), func(src pull.Source[[]byte]) pull.Source[frame.Msg] {
				return frame.SplitAfter(src, []byte(sep), 100)
			}, texts[frame.Msg])
			require.NoError(t, err)
			assert.Equal(t, splits(bytes.SplitAfter, data, sep), got, "%q after %q", data, sep)
		}
	}
}

func TestSplitByNothing(t *testing.T) {
	got, err := cutAnyhow(t, []byte("all"), func(src pull.Source[[]byte]) pull.Source[frame.Msg] {
		return frame.Split(src, nil, 3)
	}, texts[frame.Msg])
	require.NoError(t, err)
	assert.Equal(t, []string{"all"}, got)
}

// row: G6
func TestSplitTooLong(t *testing.T) {
	for _, bad := range []string{"123456--", "123456", "12345-6--", "12345---",
		"1234567890", "12345-"} {
		got, err := cutAnyhow(t, []byte("ok----12345--"+bad),
			func(src pull.Source[[]byte]) pull.Source[frame.Msg] {
				return frame.Split(src, []byte("--"), 5)
			}, texts[frame.Msg])
		want := &frame.TooLargeError{Len: 6, Max: 5, Offset: 13}
		if bad == "12345---" {
			assert.NoError(t, err)
			assert.Equal(t, []string{"ok", "", "12345", "12345", "-"}, got)
			continue
		}
		assert.Equal(t, []string{"ok", "", "12345"}, got, bad)
		assert.Equal(t, want, err, bad)
	}
}

func TestSplitDropsWhatAFailureCut(t *testing.T) {
	broken := errors.New("broken")
	up := &upstream[[]byte]{values: [][]byte{[]byte("whole,half")}, end: broken}
	got, err := collect(frame.Split(up.source(), []byte(","), 10))
	assert.Equal(t, []frame.Msg{frame.Msg("whole")}, got)
	assert.Equal(t, broken, err)
}

// row: G9
func TestReplaceIsReplaceAll(t *testing.T) {
	for _, from := range []string{"", "a", "ab", "aab", "abab", "aa"} {
		for _, to := range []string{"", "a", "ab", "long enough"} {
			for _, data := range []string{"", "a", "ab", "aaaaaaa", "ababababab", "xaaby", "aabaabaa"} {
				want := data
				if from != "" {
					want = strings.ReplaceAll(data, from, to)
				}
				got, err := cutAnyhow(t, []byte(data),
					func(src pull.Source[[]byte]) pull.Source[[]byte] {
						return frame.Replace(src, []byte(from), []byte(to))
					}, together)
				require.NoError(t, err)
				assert.Equal(t, want, got, "%q: %q to %q", data, from, to)
			}
		}
	}
}

// What is held at a failure is no match, so it comes before the failure.
func TestReplaceBeforeAFailure(t *testing.T) {
	broken := errors.New("broken")
	up := &upstream[[]byte]{values: [][]byte{[]byte("xfo")}, end: broken}
	got, err := collect(frame.Replace(up.source(), []byte("foo"), nil))
	assert.Equal(t, [][]byte{[]byte("x"), []byte("fo")}, got)
	assert.Equal(t, broken, err)
}
