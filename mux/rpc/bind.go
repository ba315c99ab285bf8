package rpc

import (
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
)

var (
	errNowhere  = errors.New("a path that leads nowhere")
	errNoCycle  = errors.New("it contains itself, and the destination cannot")
	unmarshaler = reflect.TypeFor[json.Unmarshaler]()
)

// reach calls f with what is at a path within v, which can be set. What the
// destination has left out is no error: f is not called then.
func reach(v reflect.Value, p path, f func(reflect.Value) error) error {
	if len(p) == 0 {
		return f(v)
	}
	if v.CanAddr() && v.Addr().Type().Implements(unmarshaler) {
		return nil // its parts are its own
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return reach(v.Elem(), p, f)
	case reflect.Interface:
		if v.IsNil() {
			return errNowhere
		}
		inner := reflect.New(v.Elem().Type()).Elem()
		inner.Set(v.Elem())
		err := reach(inner, p, f)
		v.Set(inner)
		return err
	case reflect.Struct:
		for _, field := range fieldsOf(v.Type()) {
			if fv, err := v.FieldByIndexErr(field.index); err == nil && strings.EqualFold(field.name, p[0]) {
				return reach(fv, p[1:], f)
			}
		}
		return nil
	case reflect.Map:
		return reachKey(v, p, f)
	case reflect.Slice, reflect.Array:
		return reachIndex(v, p, f)
	}
	return errNowhere
}

func reachKey(v reflect.Value, p path, f func(reflect.Value) error) error {
	if v.Type().Key().Kind() != reflect.String || v.IsNil() {
		return errNowhere
	}
	key := reflect.ValueOf(p[0]).Convert(v.Type().Key())
	elem := reflect.New(v.Type().Elem()).Elem()
	if old := v.MapIndex(key); old.IsValid() {
		elem.Set(old)
	} else if len(p) > 1 {
		return errNowhere
	}
	err := reach(elem, p[1:], f)
	if err == nil {
		v.SetMapIndex(key, elem)
	}
	return err
}

func reachIndex(v reflect.Value, p path, f func(reflect.Value) error) error {
	i, err := strconv.Atoi(p[0])
	if err != nil || i < 0 {
		return errNowhere
	}
	if i >= v.Len() {
		if v.Kind() != reflect.Slice || i >= maxArgs || len(p) > 1 {
			return errNowhere
		}
		longer := reflect.MakeSlice(v.Type(), i+1, i+1)
		reflect.Copy(longer, v)
		v.Set(longer)
	}
	return reach(v.Index(i), p[1:], f)
}

// set puts a function or stream where it belongs. Where it does not, what stands
// in its place stays.
func (pl placed) set(v reflect.Value) error {
	if v.Kind() == reflect.Interface {
		return pl.setAny(v)
	}
	switch dst := v.Addr().Interface().(type) {
	case *Remote:
		if !pl.stream {
			dst.ref = pl.ref
		}
	case receivable:
		if pl.stream {
			dst.receive(pl.ref)
		}
	default:
		if v.Kind() == reflect.Pointer && v.IsNil() {
			return nil
		}
		if v.Kind() == reflect.Pointer {
			return pl.set(v.Elem())
		}
	}
	return nil
}

func (pl placed) setAny(v reflect.Value) error {
	if v.NumMethod() > 0 {
		return errNowhere
	}
	if !pl.stream {
		v.Set(reflect.ValueOf(Remote{pl.ref}))
		return nil
	}
	text, _ := v.Interface().(string)
	switch text {
	case standSource:
		v.Set(reflect.ValueOf(receivedSource[any](pl.ref)))
	case standSink:
		v.Set(reflect.ValueOf(receivedSink[any](pl.ref)))
	case standDuplex:
		v.Set(reflect.ValueOf(receivedDuplex[any, any](pl.ref)))
	default:
		return errNowhere
	}
	return nil
}

// relink makes what is at to the same thing as what is at from.
func relink(root reflect.Value, from, to path) error {
	found := false
	err := reach(root, from, func(src reflect.Value) error {
		found = true
		return reach(root, to, func(dst reflect.Value) error { return alias(dst, src) })
	})
	if err == nil && !found {
		return errNowhere
	}
	return err
}

func alias(dst, src reflect.Value) error {
	for src.Kind() == reflect.Interface && !src.IsNil() {
		src = src.Elem()
	}
	switch {
	case dst.Kind() == reflect.Pointer && src.CanAddr() && src.Type() == dst.Type().Elem():
		dst.Set(src.Addr())
	case !src.IsValid() || !src.Type().AssignableTo(dst.Type()) || dst.Kind() == reflect.Struct:
		return errNoCycle
	default:
		dst.Set(src)
	}
	return nil
}
