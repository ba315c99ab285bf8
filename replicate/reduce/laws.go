package reduce

import (
	"bytes"
	"fmt"
)

// A LawError is a function, or an encoding, that breaks a law.
type LawError struct {
	Law    string   // such as "f(a, b) = f(b, a)"
	Values []string // a, b and c, as far as the law has them, encoded
}

// Error says the law and the values.
func (e *LawError) Error() string {
	s := "reduce: broken: " + e.Law + ", for"
	for i, v := range e.Values {
		s += fmt.Sprintf(" %c = %.200q", 'a'+i, v)
	}
	return s
}

// Check tries the reduction on samples, as a test should: that the function is
// commutative, associative and idempotent, does not panic, leaves its second
// argument and the key alone, and that what is decoded is encoded as it was. All
// is compared as bytes. It returns a LawError with the first samples that break a
// law, or the error of an encoding or a panic. It takes time cubic in the number of
// samples of one key.
func (d *Reduction[V]) Check(samples ...V) error {
	byKey := map[string][][]byte{}
	for _, v := range samples {
		key, err := d.key(v)
		if err != nil {
			return err
		}
		b, err := d.encode(v)
		if err != nil {
			return err
		}
		if err := d.checkCodec(key, b); err != nil {
			return err
		}
		byKey[key] = append(byKey[key], b)
	}
	for key, values := range byKey {
		if err := d.checkKey(key, values); err != nil {
			return err
		}
	}
	return nil
}

// checkCodec wants what is decoded to be encoded as it was, and to keep its key.
func (d *Reduction[V]) checkCodec(key string, b []byte) error {
	v, err := d.cfg.Decode(b)
	if err != nil {
		return fmt.Errorf("reduce: decoding %.200q: %w", b, err)
	}
	again, err := d.encode(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(b, again) {
		return law("Encode(Decode(a)) = a", b)
	}
	decoded, err := d.key(v)
	if err == nil && decoded != key {
		err = law("Key(Decode(a)) = Key(a)", b)
	}
	return err
}

// checkKey tries the function on values of one key.
func (d *Reduction[V]) checkKey(key string, values [][]byte) error {
	for _, a := range values {
		aa, err := d.apply(key, a, a)
		if err != nil {
			return err
		}
		if !bytes.Equal(aa, a) {
			return law("f(a, a) = a", a)
		}
		for _, b := range values {
			if err := d.checkPair(key, a, b, values); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Reduction[V]) checkPair(key string, a, b []byte, values [][]byte) error {
	ab, err := d.apply(key, a, b)
	if err != nil {
		return err
	}
	ba, err := d.apply(key, b, a)
	if err != nil {
		return err
	}
	if !bytes.Equal(ab, ba) {
		return law("f(a, b) = f(b, a)", a, b)
	}
	for _, c := range values {
		left, err := d.apply(key, ab, c)
		if err != nil {
			return err
		}
		right, err := d.apply(key, b, c)
		if err == nil {
			right, err = d.apply(key, a, right)
		}
		if err != nil {
			return err
		}
		if !bytes.Equal(left, right) {
			return law("f(f(a, b), c) = f(a, f(b, c))", a, b, c)
		}
	}
	return nil
}

// apply calls the function on two encoded values.
func (d *Reduction[V]) apply(key string, a, b []byte) ([]byte, error) {
	x, err := d.cfg.Decode(a)
	if err != nil {
		return nil, fmt.Errorf("reduce: decoding %.200q: %w", a, err)
	}
	y, err := d.cfg.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("reduce: decoding %.200q: %w", b, err)
	}
	v, err := d.reduce(x, y)
	if err != nil {
		return nil, err
	}
	after, err := d.encode(v)
	if err != nil {
		return nil, err
	}
	unchanged, err := d.encode(y)
	switch {
	case err != nil:
		return nil, err
	case !bytes.Equal(unchanged, b):
		return nil, law("b is left as it was", a, b)
	}
	reduced, err := d.key(v)
	if err == nil && reduced != key {
		err = law("Key(f(a, b)) = Key(a)", a, b)
	}
	return after, err
}

func law(text string, values ...[]byte) error {
	e := &LawError{Law: text}
	for _, v := range values {
		e.Values = append(e.Values, string(v))
	}
	return e
}
