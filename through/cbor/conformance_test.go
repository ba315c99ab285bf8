package cbor_test

import (
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/cbor"
)

type odd int

func (odd) MarshalCBOR() ([]byte, error) { panic("marshal") }
func (*odd) UnmarshalCBOR([]byte) error  { panic("unmarshal") }

func TestConformance(t *testing.T) {
	t.Run("Encode", encodeConforms)
	t.Run("Decode", decodeConforms)
}

func encodeConforms(t *testing.T) {
	as := func(v any) pull.Through[int, []byte] {
		return func(src pull.Source[int]) pull.Source[[]byte] {
			return cbor.Encode(through.Map(src, func(int) any { return v }))
		}
	}
	small := func(src pull.Source[int]) pull.Source[[]byte] {
		return cbor.Encode(through.Map(src, func(n int) int { return n % 20 }))
	}
	pulltest.Through(t, small, pulltest.ThroughOptions[int, []byte]{
		Want: func(in []int) (out [][]byte) {
			for _, n := range in {
				out = append(out, []byte{byte(n % 20)})
			}
			return out
		},
		Fail:  as(func() {}),
		Panic: as(odd(1)),
	})
}

func decodeConforms(t *testing.T) {
	pieces := []string{"\x01", "\x61", "a", "", "\x02\x03"}
	values := [][]any{{uint64(1)}, {}, {"a"}, {}, {uint64(2), uint64(3)}}
	decode := func(src pull.Source[[]byte]) pull.Source[any] {
		return cbor.Decode[any](src, cbor.Options{})
	}
	pulltest.Through(t, decode, pulltest.ThroughOptions[[]byte, any]{
		Value: func(i int) []byte { return []byte(pieces[i%len(pieces)]) },
		Want: func(in [][]byte) (out []any) {
			for i := range in {
				out = append(out, values[i%len(values)]...)
			}
			return out
		},
		Fail: func(src pull.Source[[]byte]) pull.Source[any] {
			return cbor.Decode[any](src, cbor.Options{MaxItem: 1})
		},
		Panic: func(src pull.Source[[]byte]) pull.Source[any] {
			return through.Map(cbor.Decode[odd](src, cbor.Options{}), func(o odd) any { return o })
		},
	})
}
