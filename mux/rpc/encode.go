package rpc

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// An encoder writes one message, and registers the functions in it.
type encoder struct {
	p    *Peer
	buf  bytes.Buffer
	path path

	callbacks []placed
	streams   []placed
	links     []link
	within    []ancestor // what encloses the value at hand
}

// A sendable is a value that is not JSON: a function or a stream.
type sendable interface {
	// sent registers it and writes what stands in its place.
	sent(e *encoder) error
}

// An ancestor is a pointer, map or slice that is being written.
type ancestor struct {
	ptr  uintptr
	len  int
	typ  reflect.Type
	path path
}

// encode makes a message of a head, which is the beginning of an object, and
// arguments. What was registered for one that cannot be sent is forgotten.
func (p *Peer) encode(head string, args []any) (line []byte, err error) {
	e := &encoder{p: p}
	defer func() {
		if err != nil {
			e.forget()
		}
	}()
	e.buf.WriteString(head)
	e.buf.WriteString(`"arguments":`)
	if err := e.values(args); err != nil {
		return nil, err
	}
	e.tail()
	line = e.buf.Bytes()
	if len(line) > p.cfg.MaxMessage || depth(line) > p.cfg.MaxDepth {
		return nil, ErrTooLarge
	}
	return line, nil
}

func (e *encoder) forget() {
	for _, pl := range append(e.callbacks, e.streams...) {
		e.p.forget(pl.id)
	}
}

// tail writes what follows the arguments.
func (e *encoder) tail() {
	e.places(`,"callbacks":{`, e.callbacks)
	e.buf.WriteString(`,"links":[`)
	for i, l := range e.links {
		if i > 0 {
			e.buf.WriteByte(',')
		}
		e.buf.WriteString(`{"from":`)
		e.plain([]string(l.From))
		e.buf.WriteString(`,"to":`)
		e.plain([]string(l.To))
		e.buf.WriteByte('}')
	}
	e.buf.WriteByte(']')
	if len(e.streams) > 0 {
		e.places(`,"streams":{`, e.streams)
	}
	e.buf.WriteByte('}')
}

func (e *encoder) places(head string, all []placed) {
	e.buf.WriteString(head)
	for i, pl := range all {
		if i > 0 {
			e.buf.WriteByte(',')
		}
		fmt.Fprintf(&e.buf, `"%d":`, pl.id)
		e.plain([]string(pl.path))
	}
	e.buf.WriteByte('}')
}

// plain writes what encoding/json makes of v, but without escapes for HTML.
func (e *encoder) plain(v any) error {
	enc := json.NewEncoder(&e.buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return valueError("%w", err)
	}
	e.buf.Truncate(e.buf.Len() - 1) // the \n
	return nil
}

// value writes v, with what is special in it.
func (e *encoder) value(v reflect.Value) error {
	if !v.IsValid() {
		e.buf.WriteString("null")
		return nil
	}
	if done, err := e.special(v); done {
		return err
	}
	if len(e.path)+2 > e.p.cfg.MaxDepth {
		return ErrTooLarge
	}
	if !e.p.types.special(v.Type()) {
		return e.plain(v.Interface())
	}
	switch v.Kind() {
	case reflect.Interface:
		return e.value(v.Elem())
	case reflect.Pointer:
		return e.inside(v, 0, func() error { return e.value(v.Elem()) })
	case reflect.Map:
		return e.inside(v, 0, func() error { return e.object(v) })
	case reflect.Slice:
		return e.inside(v, v.Len(), func() error { return e.array(v.Len(), v.Index) })
	case reflect.Array:
		return e.array(v.Len(), v.Index)
	case reflect.Struct:
		return e.structure(v)
	}
	return valueError("a %s cannot be sent", v.Type())
}

// special writes functions and streams, and what writes itself.
func (e *encoder) special(v reflect.Value) (done bool, err error) {
	if !v.CanInterface() {
		return false, nil
	}
	switch x := v.Interface().(type) {
	case sendable:
		if v.IsZero() {
			return true, e.null()
		}
		return true, x.sent(e)
	case json.Marshaler, encoding.TextMarshaler:
		return true, e.plain(x)
	}
	return false, nil
}

func (e *encoder) null() error {
	e.buf.WriteString("null")
	return nil
}

// callback registers a function at the path at hand.
func (e *encoder) callback(en *entry) error {
	id, err := e.p.register(en)
	if err != nil {
		return err
	}
	e.callbacks = append(e.callbacks, placed{id: id, path: slices.Clone(e.path)})
	e.buf.WriteString(`"[Function]"`)
	return nil
}

// inside writes what a pointer, map or slice holds, unless that is being
// written already: then it is a link.
func (e *encoder) inside(v reflect.Value, n int, write func() error) error {
	if v.IsNil() {
		return e.null()
	}
	a := ancestor{ptr: v.Pointer(), len: n, typ: v.Type()}
	for _, other := range e.within {
		if a.ptr == other.ptr && a.len == other.len && a.typ == other.typ && (n > 0 || v.Kind() != reflect.Slice) {
			e.links = append(e.links, link{From: other.path, To: slices.Clone(e.path)})
			e.buf.WriteString(`"[Circular]"`)
			return nil
		}
	}
	a.path = slices.Clone(e.path)
	e.within = append(e.within, a)
	err := write()
	e.within = e.within[:len(e.within)-1]
	return err
}

func (e *encoder) array(n int, at func(i int) reflect.Value) error {
	e.buf.WriteByte('[')
	for i := range n {
		if i > 0 {
			e.buf.WriteByte(',')
		}
		if err := e.part(strconv.Itoa(i), at(i)); err != nil {
			return err
		}
	}
	e.buf.WriteByte(']')
	return nil
}

// part writes a part of the value at hand.
func (e *encoder) part(name string, v reflect.Value) error {
	e.path = append(e.path, name)
	err := e.value(v)
	e.path = e.path[:len(e.path)-1]
	return err
}

func (e *encoder) object(v reflect.Value) error {
	if v.Type().Key().Kind() != reflect.String {
		return valueError("a map with keys of type %s cannot be sent", v.Type().Key())
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
	e.buf.WriteByte('{')
	for i, key := range keys {
		if err := e.field(i == 0, key.String(), v.MapIndex(key)); err != nil {
			return err
		}
	}
	e.buf.WriteByte('}')
	return nil
}

func (e *encoder) field(first bool, name string, v reflect.Value) error {
	if !first {
		e.buf.WriteByte(',')
	}
	if err := e.plain(name); err != nil {
		return err
	}
	e.buf.WriteByte(':')
	return e.part(name, v)
}

func (e *encoder) structure(v reflect.Value) error {
	e.buf.WriteByte('{')
	first := true
	for _, f := range fieldsOf(v.Type()) {
		fv, err := v.FieldByIndexErr(f.index)
		if err != nil || f.omitEmpty && empty(fv) {
			continue
		}
		if err := e.field(first, f.name, fv); err != nil {
			return err
		}
		first = false
	}
	e.buf.WriteByte('}')
	return nil
}

// empty is what omitempty of encoding/json leaves out.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// A jsonField is a field of a struct under its name in JSON.
type jsonField struct {
	name      string
	index     []int
	omitEmpty bool
}

// fieldsOf returns a struct's fields, those of embedded ones too.
func fieldsOf(t reflect.Type) (fields []jsonField) {
	for _, f := range reflect.VisibleFields(t) {
		tag, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		embedded := f.Anonymous && tag == "" && indirect(f.Type).Kind() == reflect.Struct
		if !f.IsExported() || tag == "-" && opts == "" || embedded {
			continue
		}
		fields = append(fields, jsonField{
			name: cmp.Or(tag, f.Name), index: f.Index,
			omitEmpty: slices.Contains(strings.Split(opts, ","), "omitempty"),
		})
	}
	return fields
}

func indirect(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}
