package varint_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate/internal/varint"
)

func TestUint(t *testing.T) {
	for _, v := range []uint64{0, 1, 127, 128, 1<<35 - 1, 1 << 63, 1<<64 - 1} {
		got, rest, ok := varint.Uint(string(binary.AppendUvarint(nil, v)) + "rest")
		require.True(t, ok)
		require.Equal(t, v, got)
		require.Equal(t, "rest", rest)
	}
	for _, s := range []string{"", "\x80", "\x80\x00", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
		"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"} {
		_, _, ok := varint.Uint(s)
		require.False(t, ok, "%q", s)
	}
}

func TestText(t *testing.T) {
	for _, want := range []string{"", "a", strings.Repeat("a", 300)} {
		s := string(varint.AppendText(nil, want))
		got, rest, ok := varint.Text(s + "rest")
		require.True(t, ok)
		require.Equal(t, want, got)
		require.Equal(t, "rest", rest)
		_, _, ok = varint.Text(s[:len(s)-1])
		require.False(t, ok)
	}
	for _, s := range []string{"", "\x80\x00", "\x02a", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01a"} {
		_, _, ok := varint.Text(s)
		require.False(t, ok, "%q", s)
	}
}

// FuzzUint compares with encoding/binary, and wants one encoding of a number.
func FuzzUint(f *testing.F) {
	f.Add("\x80\x01x")
	f.Add("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
	f.Fuzz(func(t *testing.T, s string) {
		v, rest, ok := varint.Uint(s)
		want, n := binary.Uvarint([]byte(s))
		canonical := n > 0 && string(binary.AppendUvarint(nil, want)) == s[:n]
		require.Equal(t, canonical, ok)
		if ok {
			require.Equal(t, want, v)
			require.Equal(t, s[n:], rest)
		}
	})
}
