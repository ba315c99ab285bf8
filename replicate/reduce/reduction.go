package reduce

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// errKey is what the type's Check says of a value under a key not its own.
var errKey = errors.New("reduce: value belongs to another key")

// Config says more of a reduction. The zero value is one key and JSON.
type Config[V any] struct {
	// Key returns what a value is about, at most MaxKey bytes: values of
	// different keys are kept apart. The function does not change it. Nil means
	// that all values have the key "".
	Key func(V) string

	// Encode turns a value into bytes, the same for equal values, and Decode
	// back into a value that shares nothing with another. Both may be called by
	// several goroutines at once. Nil for both means JSON.
	Encode func(V) ([]byte, error)
	// Decode is the way back; see Encode.
	Decode func([]byte) (V, error)
}

// A Reduction is a function that makes one value of two, under a tag. It may be
// used by several goroutines at once if its functions may.
type Reduction[V any] struct {
	tag string
	f   func(a, b V) V
	cfg Config[V]
}

// TypeOf returns the reduction by f under a tag of your own, such as
// "births/json". It panics if only one of Encode and Decode is set.
func TypeOf[V any](tag string, f func(a, b V) V, cfg Config[V]) *Reduction[V] {
	if (cfg.Encode == nil) != (cfg.Decode == nil) {
		panic("reduce: Config has only one of Encode and Decode")
	}
	if cfg.Encode == nil {
		cfg.Encode = func(v V) ([]byte, error) { return json.Marshal(v) }
		cfg.Decode = func(b []byte) (v V, err error) {
			err = json.Unmarshal(b, &v)
			return v, err
		}
	}
	if cfg.Key == nil {
		cfg.Key = func(V) string { return "" }
	}
	return &Reduction[V]{tag, f, cfg}
}

// Type returns the type of object that the reduction makes. It belongs into
// replicate.Config.Types.
func (d *Reduction[V]) Type() replicate.Type {
	return replicate.Type{Tag: d.tag, New: newState, Check: d.check}
}

// check refuses ops that are none, and values that cannot be decoded or have
// another key, so that one careless peer cannot break every reader.
func (d *Reduction[V]) check(op string) error {
	key, value, err := parseOp(op)
	if err != nil {
		return err
	}
	v, err := d.cfg.Decode([]byte(value))
	if err != nil {
		return fmt.Errorf("reduce: decoding a value of %s: %w", d.tag, err)
	}
	own, err := d.key(v)
	if err == nil && own != key {
		err = errKey
	}
	return err
}

// key returns a value's key, or what Config.Key panicked with.
func (d *Reduction[V]) key(v V) (key string, err error) {
	defer d.guard(&err)
	return d.cfg.Key(v), nil
}

// reduce makes one value of two, or returns what the function panicked with.
func (d *Reduction[V]) reduce(a, b V) (v V, err error) {
	defer d.guard(&err)
	return d.f(a, b), nil
}

// guard makes an error of a panic.
func (d *Reduction[V]) guard(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("reduce: the function of %s panicked: %w", d.tag, pull.NewPanicError(p))
	}
}

func (d *Reduction[V]) encode(v V) ([]byte, error) {
	b, err := d.cfg.Encode(v)
	if err != nil {
		return nil, fmt.Errorf("reduce: encoding a value of %s: %w", d.tag, err)
	}
	return b, nil
}

func (d *Reduction[V]) decode(u *replicate.Update) (v V, err error) {
	_, value, err := parseOp(u.Op())
	if err == nil {
		v, err = d.cfg.Decode([]byte(value))
	}
	if err != nil {
		return v, fmt.Errorf("reduce: decoding %v: %w", u.Stamp(), err)
	}
	return v, nil
}

// fold reduces contributions, at least one, in the order of their stamps.
func (d *Reduction[V]) fold(contributions []*replicate.Update) (v V, err error) {
	for i, u := range byStamp(contributions) {
		next, err := d.decode(u)
		if err != nil {
			return v, err
		}
		if i == 0 {
			v = next
		} else if v, err = d.reduce(v, next); err != nil {
			return v, err
		}
	}
	return v, nil
}
