package replicate

import "encoding/json"

// A Codec says how a data type writes its values, of Go type V. Replicas that
// share an object agree on the codec of its type's tag.
type Codec[V any] struct {
	// Type is the object type that the codec stands for: a data type's JSON,
	// or its TypeOf a tag of your own.
	Type Type
	// Encode turns a value into bytes; equal values become equal bytes where
	// the data type compares them. It may be called by several goroutines at
	// once, and so may Decode.
	Encode func(V) ([]byte, error)
	// Decode turns what Encode made back into a value.
	Decode func([]byte) (V, error)
}

// JSON returns the codec that writes values as JSON, for a data type's type of
// that kind.
func JSON[V any](t Type) Codec[V] {
	return Codec[V]{
		Type:   t,
		Encode: func(v V) ([]byte, error) { return json.Marshal(v) },
		Decode: func(b []byte) (v V, err error) {
			err = json.Unmarshal(b, &v)
			return v, err
		},
	}
}
