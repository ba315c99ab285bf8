package rpc

import (
	"encoding"
	"encoding/json"
	"reflect"
	"sync"
)

// types remembers which types encoding/json cannot be left alone with: those
// that may hold functions or streams, or themselves.
type types struct {
	mu    sync.Mutex
	known map[reflect.Type]bool
}

var (
	sendableType = reflect.TypeFor[sendable]()
	jsonType     = reflect.TypeFor[json.Marshaler]()
	textType     = reflect.TypeFor[encoding.TextMarshaler]()
)

// special reports whether a type is one of those.
func (ts *types) special(t reflect.Type) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.known == nil {
		ts.known = make(map[reflect.Type]bool)
	}
	return ts.look(t, make(map[reflect.Type]bool))
}

func (ts *types) look(t reflect.Type, within map[reflect.Type]bool) bool {
	if known, ok := ts.known[t]; ok {
		return known
	}
	switch {
	case t.Implements(sendableType) || reflect.PointerTo(t).Implements(sendableType):
		return true
	case t.Implements(jsonType) || t.Implements(textType):
		return false
	case within[t]:
		return true // it may hold itself
	}
	within[t] = true
	defer delete(within, t)
	special := false
	switch t.Kind() {
	case reflect.Interface, reflect.Func, reflect.Chan:
		special = true
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Array:
		special = ts.look(t.Elem(), within)
	case reflect.Struct:
		for _, f := range reflect.VisibleFields(t) {
			special = special || f.IsExported() && ts.look(f.Type, within)
		}
	}
	ts.known[t] = special
	return special
}
