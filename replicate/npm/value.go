package npm

import (
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// A Value is r-value: one value that everybody may set, of which the write with
// the highest timestamp stays, and among equal ones that of the greatest id. It
// may be used by several goroutines at once.
type Value[V any] struct{ s *Scuttlebutt }

// NewValue returns the value that a scuttlebutt of the [ValueType] is.
func NewValue[V any](s *Scuttlebutt) (*Value[V], error) {
	if err := s.is(ValueType); err != nil {
		return nil, err
	}
	return &Value[V]{s}, nil
}

// Set writes the value. Errors are those of [Model.Set].
func (v *Value[V]) Set(x V) error {
	text, err := encode(x)
	if err != nil {
		return err
	}
	_, err = v.s.write(func(object, replicate.Time) ([]byte, error) { return text, nil })
	return err
}

// Get returns the value. It returns ErrNotFound if it was never set, and
// encoding/json's error if it does not fit V.
func (v *Value[V]) Get() (x V, err error) {
	text := ""
	viewOf(v.s, func(s *valueState) {
		if s.newest != nil {
			text = changeOf(s.newest.Op())
		}
	})
	if text == "" {
		return x, ErrNotFound
	}
	return decode[V](text)
}

// Changes returns writes as they arrive: see [Model.Changes].
func (v *Value[V]) Changes(after uint64) pull.Source[Change[V]] {
	return replicate.Watch(v.s.handle, after, func(u *replicate.Update) (Change[V], error) {
		return change[V](u, "", changeOf(u.Op()))
	})
}

func checkValue(string) error { return nil }

// valueState is the newest write.
type valueState struct{ newest *replicate.Update }

func newValueState() object { return &valueState{} }

// Apply implements replicate.Object.
func (s *valueState) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	switch old := s.newest; {
	case old == u:
		return
	case old != nil && !newer(u, old):
		obsolete(u)
		return
	case old != nil:
		obsolete(old)
	}
	s.newest = u
}

func (s *valueState) kept(*replicate.Update) bool { return true }
