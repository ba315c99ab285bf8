package frame_test

import (
	"bytes"
	"io"
	"regexp"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

// Any input, cut anyhow, is split as bytes.SplitAfter does, and replaced as
// bytes.ReplaceAll does.
func FuzzSplit(f *testing.F) {
	f.Add([]byte("a--b---c"), []byte("--"), []byte{3})
	f.Add([]byte("aabaab"), []byte("aab"), []byte{0, 1})
	f.Add([]byte(""), []byte("x"), []byte{1})
	f.Fuzz(func(t *testing.T, data, sep, sizes []byte) {
		if len(sep) == 0 {
			return
		}
		chunks := sliced(data, sizes)
		got, err := collect(frame.SplitAfter(pull.Values(chunks...), sep, len(data)))
		require.NoError(t, err)
		require.Equal(t, splits(bytes.SplitAfter, string(data), string(sep)), texts(got))
		got, err = collect(frame.Split(pull.Values(chunks...), sep, len(data)))
		require.NoError(t, err)
		require.Equal(t, splits(bytes.Split, string(data), string(sep)), texts(got))
		out, err := collect(frame.Replace(pull.Values(chunks...), sep, []byte("new")))
		require.NoError(t, err)
		require.Equal(t, string(bytes.ReplaceAll(data, sep, []byte("new"))), together(out))
	})
}

// Any input, cut anyhow, is refused where it stops being UTF-8.
func FuzzUTF8(f *testing.F) {
	f.Add([]byte("a€𝄞"), []byte{1})
	f.Add([]byte("a\xe2\x82"), []byte{2})
	f.Add([]byte("\xf0\x9d\x84\xf0"), []byte{3, 0})
	f.Fuzz(func(t *testing.T, data, sizes []byte) {
		valid := 0
		for valid < len(data) {
			r, n := utf8.DecodeRune(data[valid:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			valid += n
		}
		got, err := collect(strict(pull.Values(sliced(data, sizes)...)))
		require.Equal(t, string(data[:valid]), together(got))
		switch {
		case valid == len(data):
			require.NoError(t, err)
		case utf8.FullRune(data[valid:]):
			require.Equal(t, &frame.UTF8Error{Offset: int64(valid)}, err)
		default:
			require.Equal(t, io.ErrUnexpectedEOF, err)
		}
		got, err = collect(replaced(pull.Values(sliced(data, sizes)...)))
		require.NoError(t, err)
		require.Equal(t, string([]rune(string(data))), together(got))
	})
}

// Any regexp in any input, cut anyhow, is replaced as package regexp does.
func FuzzReplaceRegexp(f *testing.F) {
	f.Add([]byte("a1 b22  \n"), `(\d+)|\s+$`, []byte("<$1>"), []byte{1})
	f.Add([]byte("aab\xff\xc3"), `(?m)^|a*?\b`, []byte("-"), []byte{2, 0})
	f.Add([]byte("éaK\u212a"), `(?i)k|[^\x00-\x{7f}]`, []byte("$0$0"), []byte{3})
	f.Fuzz(func(t *testing.T, data []byte, pattern string, template, sizes []byte) {
		re, err := regexp.Compile(pattern)
		if err != nil || len(pattern) > 50 || len(data) > 500 || len(template) > 50 {
			return
		}
		want := string(re.ReplaceAll(data, template))
		chunks := pull.Values(sliced(data, sizes)...)
		got, err := collect(frame.ReplaceRegexp(chunks, re, template, len(data)))
		require.NoError(t, err)
		require.Equal(t, want, together(got))
	})
}

// Any input, cut anyhow, gives the same messages and the same error, and what
// was read is what was written.
func FuzzPrefixed(f *testing.F) {
	f.Add([]byte{3, 1, 2, 3, 0, 1}, uint8(0), []byte{1})
	f.Add([]byte{0, 0, 0, 1, 9, 0xff, 0xff, 0xff, 0xff}, uint8(4), []byte{2})
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 1, 9, 0}, uint8(6), []byte{3, 0})
	f.Fuzz(func(t *testing.T, data []byte, kind uint8, sizes []byte) {
		prefix := frame.Prefix(kind % 8)
		want, wantErr := collect(frame.DecodePrefixed(pull.Values(data), prefix, fuzzMax))
		got, err := collect(frame.DecodePrefixed(pull.Values(sliced(data, sizes)...), prefix, fuzzMax))
		require.Equal(t, texts(want), texts(got))
		require.Equal(t, wantErr, err)
		chunks, err := collect(frame.EncodePrefixed(pull.Values(want...), prefix, fuzzMax))
		require.NoError(t, err)
		require.True(t, bytes.HasPrefix(data, bytes.Join(chunks, nil)))
		if wantErr == nil {
			require.Equal(t, len(data), len(bytes.Join(chunks, nil)))
		}
	})
}

// Reads of any sizes give the bytes in order, and an end in the middle is none.
func FuzzReader(f *testing.F) {
	f.Add([]byte("hello world"), []byte{3}, []byte{5, 1})
	f.Fuzz(func(t *testing.T, data, sizes, reads []byte) {
		r := frame.NewReader(pull.Values(sliced(data, sizes)...))
		for _, n := range reads {
			got, err := r.Next(t.Context(), int(n))
			if int(n) > len(data) {
				require.Equal(t, io.ErrUnexpectedEOF, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, string(data[:n]), string(got))
			data = data[n:]
		}
		got, err := collect(r.Rest())
		require.NoError(t, err)
		require.Equal(t, string(data), together(got))
	})
}
