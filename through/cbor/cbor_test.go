package cbor_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/cbor"
	"github.com/weir-go/weir/through/codec"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type event struct {
	Name string            `cbor:"name"`
	At   time.Time         `cbor:"at"`
	Tags map[string]uint64 `cbor:"tags,omitempty"`
	Raw  []byte
}

func read[T any](opts cbor.Options, chunks ...[]byte) ([]T, error) {
	return pull.Collect(context.Background(), cbor.Decode[T](pull.Values(chunks...), opts))
}

func TestRoundTrip(t *testing.T) {
	at := time.Date(2024, 1, 2, 3, 4, 5, 678901234, time.UTC)
	want := []event{
		{"a", at, map[string]uint64{"big": 1<<64 - 1, "x": 0}, []byte{1, 2}},
		{"ä", at, nil, make([]byte, 300)}, {At: at},
	}
	chunks, err := pull.Collect(t.Context(), cbor.Encode(pull.Values(want...)))
	require.NoError(t, err)
	require.Len(t, chunks, 3)
	data := bytes.Join(chunks, nil)
	end1, end2 := len(chunks[0]), len(chunks[0])+len(chunks[1])
	for i := range data {
		got, err := read[event](cbor.Options{}, data[:i], nil, data[i:])
		require.NoError(t, err)
		require.Equal(t, want, got)
		_, err = read[event](cbor.Options{}, data[:i/2], data[i/2:i])
		if i == 0 || i == end1 || i == end2 {
			require.NoError(t, err)
			continue
		}
		require.Equal(t, io.ErrUnexpectedEOF, err, "cut at %d", i)
	}
}

// Items of every kind, from the standard's examples.
func TestKinds(t *testing.T) {
	for in, want := range map[string]any{
		"1bffffffffffffffff":         uint64(1<<64 - 1),
		"3863":                       int64(-100),
		"fb3ff199999999999a":         1.1,
		"f6":                         nil,
		"f5":                         true,
		"5f42010243030405ff":         []byte{1, 2, 3, 4, 5},
		"7f657374726561646d696e67ff": "streaming",
		"9f018202039f0405ffff": []any{uint64(1),
			[]any{uint64(2), uint64(3)}, []any{uint64(4), uint64(5)}},
		"bf61610161629f0203ffff": map[any]any{"a": uint64(1), "b": []any{uint64(2), uint64(3)}},
		"80":                     []any{},
		"40":                     []byte{},
	} {
		data, err := hex.DecodeString(in + "00")
		require.NoError(t, err)
		for size := 1; size < 4; size++ {
			var chunks [][]byte
			for rest := data; len(rest) > 0; rest = rest[min(size, len(rest)):] {
				chunks = append(chunks, rest[:min(size, len(rest))])
			}
			got, err := read[any](cbor.Options{}, chunks...)
			require.NoError(t, err, in)
			require.Equal(t, []any{want, uint64(0)}, got, in)
		}
	}
}

func TestRefuses(t *testing.T) {
	size := &codec.SizeError{Format: "cbor", Max: 20, Offset: 1}
	for in, want := range map[string]error{
		"5bffffffffffffffff": size,
		"9bffffffffffffffff": size,
		"bb7fffffffffffffff": size,
		"55":                 size,
		"9f" + hex.EncodeToString(make([]byte, 30)): size,
		"81818181":       nil,
		"c1c1c1c1":       nil,
		"1c":             nil,
		"ff":             nil,
		"81ff":           nil,
		"1f":             nil,
		"df":             nil,
		"5f01ff":         nil,
		"61ff":           nil,
		"a2616101616102": nil,
		"f800":           nil,
	} {
		data, err := hex.DecodeString("00" + in)
		require.NoError(t, err)
		opts := cbor.Options{MaxItem: 20, MaxDepth: 3}
		for i := range data {
			got, err := read[any](opts, data[:i], data[i:])
			require.Equal(t, []any{uint64(0)}, got, in)
			if want != nil {
				require.Equal(t, want, err, in)
				continue
			}
			var bad *codec.DecodeError
			require.ErrorAs(t, err, &bad, in)
			require.Equal(t, int64(1), bad.Offset)
		}
	}
	_, err := pull.Collect(t.Context(), cbor.Encode(pull.Values(func() {})))
	assert.ErrorContains(t, err, "codec: cbor at byte 0: cbor: unsupported type: func()")
	_, err = read[string](cbor.Options{}, []byte{1})
	assert.ErrorContains(t, err, "codec: cbor at byte 0")
}

// A length that is allowed reserves nothing before the bytes come.
func TestMemoryGrowsWithInput(t *testing.T) {
	res := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := read[any](cbor.Options{MaxItem: 1 << 30},
				[]byte{0x9a, 0x3f, 0, 0, 0, 0x5a, 0x1f, 0, 0, 0})
			require.Equal(b, io.ErrUnexpectedEOF, err)
		}
	})
	assert.Less(t, res.AllocedBytesPerOp(), int64(20_000))
}

// Any input is read, or refused, in the same way however it is cut.
func FuzzDecode(f *testing.F) {
	for _, in := range []string{"83010203", "bf616101ff", "5f42010243030405ff",
		"9bffffffffffffffff", "c11a00"} {
		data, err := hex.DecodeString(in)
		require.NoError(f, err)
		f.Add(data, uint(2))
	}
	f.Fuzz(func(t *testing.T, data []byte, at uint) {
		opts := cbor.Options{MaxItem: 1000, MaxDepth: 8}
		n := int(at % uint(len(data)+1))
		want, wantErr := read[any](opts, data)
		got, err := read[any](opts, data[:n], data[n:])
		require.Equal(t, fmt.Sprintf("%#v", want), fmt.Sprintf("%#v", got))
		require.Equal(t, wantErr, err)
		require.NotErrorIs(t, err, io.EOF)
	})
}

func ExampleEncode() {
	chunks, err := pull.Collect(context.Background(), cbor.Encode(pull.Values("hi", "you")))
	fmt.Printf("%x %v\n", chunks, err)
	// Output: [626869 63796f75] <nil>
}

func ExampleDecode() {
	chunks := pull.Values([]byte{0x83, 1, 2}, []byte{3, 0x82, 4})
	for v, err := range cbor.Decode[[]int](chunks, cbor.Options{}).All(context.Background()) {
		fmt.Println(v, err)
	}
	// Output:
	// [1 2 3] <nil>
	// [] unexpected EOF
}
