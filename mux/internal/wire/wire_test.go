package wire_test

import (
	"bytes"
	"encoding/hex"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/mux/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var messages = []wire.Message{
	{Kind: wire.End, ID: 3, Offset: 4516},
	{Kind: wire.End, ID: math.MaxUint32, Offset: math.MaxInt64},
	{Kind: wire.Reset, ID: 5, Offset: 14, Code: 2, Text: "I know"},
	{Kind: wire.Abort, ID: 5, Code: math.MaxUint32, Text: strings.Repeat("ä", 512)},
	{Kind: wire.Drain},
	{Kind: wire.Drained},
	{Kind: wire.Ping, Nonce: math.MaxUint64},
	{Kind: wire.Pong},
}

// decode feeds b in pieces of size bytes.
func decode(b []byte, size int) (got []wire.Message, err error) {
	var d wire.Decoder
	for len(b) > 0 && err == nil {
		n := min(size, len(b))
		err = d.Feed(b[:n], func(m wire.Message) error {
			got = append(got, m)
			return nil
		})
		b = b[n:]
	}
	return got, err
}

func TestMessages(t *testing.T) {
	var all []byte
	for _, m := range messages {
		all = wire.AppendMessage(all, m)
	}
	for size := range len(all) + 1 {
		got, err := decode(all, size+1)
		require.NoError(t, err)
		require.Equal(t, messages, got)
	}
}

func TestMessageBytes(t *testing.T) {
	for want, m := range map[string]wire.Message{
		"010303a423":               messages[0],
		"020a050e020649206b6e6f77": messages[2],
		"0400":                     messages[4],
		"060affffffffffffffffff01": messages[6],
		"0303030100":               {Kind: wire.Abort, ID: 3, Code: 1},
	} {
		require.Equal(t, want, hex.EncodeToString(wire.AppendMessage(nil, m)))
	}
}

// ones is n bytes of a number that goes on, and then last.
func ones(n int, last byte) []byte {
	return append(bytes.Repeat([]byte{0xFF}, n), last)
}

func TestBadMessages(t *testing.T) {
	for name, b := range map[string][]byte{
		"unknown kind":       {8, 0},
		"kind 0":             {0, 0},
		"long":               {1, 0x81, 0x10},
		"endless length":     {1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
		"short":              {1, 1, 3},
		"trailing":           {1, 3, 3, 4, 5},
		"id too large":       {1, 6, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 0},
		"offset too large":   append([]byte{1, 11, 3}, ones(9, 1)...),
		"endless number":     append([]byte{1, 11}, ones(10, 0xFF)...),
		"text over body":     {3, 4, 3, 1, 9, 'x'},
		"text not UTF-8":     {3, 4, 3, 1, 1, 0xFF},
		"text over its size": append([]byte{3, 0x85, 0x08, 3, 1, 0x81, 0x08}, make([]byte, 1025)...),
	} {
		_, err := decode(b, len(b))
		var broken *wire.Error
		require.ErrorAs(t, err, &broken, name)
		require.NotErrorIs(t, err, io.EOF)
	}
}

func TestOptionalKindIsNotParsed(t *testing.T) {
	b := append([]byte{0x80, 3, 1, 2, 3}, wire.AppendMessage(nil, messages[4])...)
	got, err := decode(b, 1)
	require.NoError(t, err)
	require.Equal(t, []wire.Message{{Kind: 0x80}, messages[4]}, got)
}

func TestCutText(t *testing.T) {
	for _, s := range []string{"", "plain", "\xFF\xFE",
		strings.Repeat("ä", 600), strings.Repeat("\xFF", 9000), strings.Repeat("a", 1023) + "ä"} {
		cut := wire.CutText(s)
		require.LessOrEqual(t, len(cut), wire.MaxText)
		require.True(t, utf8.ValidString(cut))
		if utf8.ValidString(s) {
			require.True(t, strings.HasPrefix(s, cut))
			require.Less(t, min(len(s), wire.MaxText)-len(cut), utf8.UTFMax)
		}
	}
}

func TestHead(t *testing.T) {
	meta := map[string]string{"lang": "en", "": "", "ä": "ö"}
	head, err := wire.AppendHead(nil, "hello", meta)
	require.NoError(t, err)
	tail := []byte("tail")
	for size := 1; size < len(head)+5; size++ {
		var h wire.HeadReader
		p, taken := append(head[:len(head):len(head)], tail...), 0
		for done := false; !done; {
			_, _, err := h.Parse()
			require.Equal(t, io.ErrUnexpectedEOF, err)
			var used int
			used, done, err = h.Feed(p[taken:min(taken+size, len(p))])
			require.NoError(t, err)
			taken += used
		}
		require.Equal(t, len(head), taken)
		require.Equal(t, len(head), h.Size())
		name, got, err := h.Parse()
		require.NoError(t, err)
		require.Equal(t, "hello", name)
		require.Equal(t, meta, got)
	}
}

func TestHeadLimits(t *testing.T) {
	_, err := wire.AppendHead(nil, strings.Repeat("n", 4093), nil)
	require.NoError(t, err)
	for _, n := range []int{4094, 4096, 4097, 1 << 20} {
		_, err = wire.AppendHead(nil, strings.Repeat("n", n), nil)
		require.ErrorContains(t, err, "over 4096")
	}
	for _, bad := range []map[string]string{{"\xFF": ""}, {"": "\xFF"}} {
		_, err = wire.AppendHead(nil, "", bad)
		require.ErrorContains(t, err, "UTF-8")
	}
}

func TestBadHeads(t *testing.T) {
	for name, b := range map[string][]byte{
		"long":           {0x81, 0x20},
		"endless length": {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
		"empty":          {0},
		"no metadata":    {1, 0},
		"name over head": {3, 5, 'x', 'y'},
		"key twice":      {8, 0, 2, 1, 'k', 0, 1, 'k', 0},
		"many keys":      {3, 0, 0xFF, 0x0F},
		"trailing":       {3, 0, 0, 0},
	} {
		var h wire.HeadReader
		_, done, err := h.Feed(b)
		if err == nil && done {
			_, _, err = h.Parse()
		}
		var broken *wire.Error
		require.ErrorAs(t, err, &broken, name)
	}
}

func TestPreface(t *testing.T) {
	b := wire.AppendPreface(nil, wire.RoleServer)
	require.Equal(t, "weir-mux\x01\x01s\x00", string(b))
	p := wire.ParsePreface([wire.PrefaceSize]byte(b))
	require.Equal(t, wire.Preface{Lowest: 1, Highest: 1, Role: 's'}, p)
	for want, ranges := range map[int][][2]byte{
		1: {{1, 1}, {0, 1}, {1, 255}, {0, 9}},
		0: {{2, 2}, {0, 0}, {2, 255}, {5, 1}},
	} {
		for _, r := range ranges {
			require.Equal(t, want, wire.Preface{Lowest: r[0], Highest: r[1]}.Version(), r)
		}
	}
	require.True(t, wire.IsMagic(nil))
	require.True(t, wire.IsMagic(b[:3]))
	require.False(t, wire.IsMagic([]byte("GET / HTTP/1.1")))
}

var hellos = []wire.Hello{
	{},
	{Window: 256 << 10, Streams: 256, Backlog: 64, RTT: 1500 * time.Microsecond, Application: "chat/2"},
	{Window: math.MaxUint32, Streams: math.MaxUint32, Backlog: math.MaxUint32,
		RTT: math.MaxUint32 * time.Microsecond, Application: strings.Repeat("a", 255)},
}

func parseHello(b []byte) (wire.Hello, error) {
	n, err := wire.HelloSize([wire.HelloPrefix]byte(b))
	if err != nil {
		return wire.Hello{}, err
	}
	return wire.ParseHello(b[wire.HelloPrefix:][:n])
}

func TestHello(t *testing.T) {
	for _, h := range hellos {
		b := wire.AppendHello(nil, h)
		require.LessOrEqual(t, len(b), 4096)
		got, err := parseHello(b)
		require.NoError(t, err)
		require.Equal(t, h, got)
		got, err = wire.ParseHello(append(b[wire.HelloPrefix:], "fields to come"...))
		require.NoError(t, err)
		require.Equal(t, h, got)
		for n := range len(b) - wire.HelloPrefix {
			_, err := wire.ParseHello(b[wire.HelloPrefix:][:n])
			require.ErrorContains(t, err, "too early")
		}
	}
	b := wire.AppendHello(nil, hellos[1])
	require.Equal(t, "000f808010800240dc0b06636861742f32", hex.EncodeToString(b))
	for name, b := range map[string][]byte{
		"long":           {0x0F, 0xFF},
		"window":         {0, 6, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 0},
		"application":    {0, 7, 0, 0, 0, 0, 0x80, 0x02, 'a'},
		"not UTF-8":      {0, 6, 0, 0, 0, 0, 1, 0xFF},
		"endless number": append([]byte{0, 11}, ones(10, 0xFF)...),
	} {
		_, err := parseHello(b)
		var broken *wire.Error
		require.ErrorAs(t, err, &broken, name)
	}
	long := wire.AppendHello(nil, wire.Hello{RTT: 5 * time.Hour})
	got, err := parseHello(long)
	require.NoError(t, err)
	require.Equal(t, math.MaxUint32*time.Microsecond, got.RTT)
}

// FuzzHello checks that what parses means the same when it is said again.
func FuzzHello(f *testing.F) {
	for _, h := range hellos {
		f.Add(wire.AppendHello(nil, h))
	}
	f.Add(append(wire.AppendHello(nil, hellos[1]), "more"...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < wire.HelloPrefix {
			return
		}
		n, err := wire.HelloSize([wire.HelloPrefix]byte(b))
		if err != nil || n > len(b)-wire.HelloPrefix {
			return
		}
		h, err := wire.ParseHello(b[wire.HelloPrefix:][:n])
		if err != nil {
			var broken *wire.Error
			require.ErrorAs(t, err, &broken)
			return
		}
		again, err := parseHello(wire.AppendHello(nil, h))
		require.NoError(t, err)
		require.Equal(t, h, again)
	})
}

// FuzzMessages checks that what decodes, encodes to the same meaning, and that
// the size of the pieces does not matter.
func FuzzMessages(f *testing.F) {
	var all []byte
	for _, m := range messages {
		all = wire.AppendMessage(all, m)
		f.Add(wire.AppendMessage(nil, m), 1)
	}
	f.Add(all, 7)
	f.Add([]byte{0x80, 1, 0, 1, 0xFF, 0x7F}, 2)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		got, err := decode(b, 1+max(0, size)%4096)
		whole, werr := decode(b, len(b)+1)
		require.Equal(t, whole, got)
		require.Equal(t, werr == nil, err == nil)
		var again []byte
		got = slices.DeleteFunc(got, func(m wire.Message) bool { return m.Kind >= wire.Optional })
		for _, m := range got {
			again = wire.AppendMessage(again, m)
		}
		same, err := decode(again, len(again)+1)
		require.NoError(t, err)
		require.True(t, slices.Equal(got, same))
	})
}

// FuzzHead checks the same of heads.
func FuzzHead(f *testing.F) {
	for _, meta := range []map[string]string{nil, {"k": "v"}, {"": "", "a": "b"}} {
		head, _ := wire.AppendHead(nil, "name", meta)
		f.Add(head, 1)
	}
	f.Add([]byte{8, 0, 2, 1, 'k', 0, 1, 'k', 0}, 3)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		var h wire.HeadReader
		done := false
		for taken := 0; !done && taken < len(b); {
			n := min(1+max(0, size)%5000, len(b)-taken)
			used, d, err := h.Feed(b[taken : taken+n])
			if err != nil {
				return
			}
			require.True(t, d || used == n)
			taken, done = taken+used, d
		}
		name, meta, err := h.Parse()
		if !done {
			require.Equal(t, io.ErrUnexpectedEOF, err)
		}
		if err != nil {
			return
		}
		again, err := wire.AppendHead(nil, name, meta)
		require.NoError(t, err)
		var h2 wire.HeadReader
		_, done, err = h2.Feed(again)
		require.NoError(t, err)
		require.True(t, done)
		name2, meta2, err := h2.Parse()
		require.NoError(t, err)
		require.Equal(t, name, name2)
		require.Equal(t, meta, meta2)
	})
}
