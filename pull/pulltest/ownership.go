package pulltest

import "reflect"

// A kept value is held until the end of its schedule, beside a copy: it
// belongs to the reader, so it must not change.
type kept[T any] struct{ value, copy T }

func keep[T any](v T) kept[T] { return kept[T]{v, clone(v)} }

// clone copies v one level deep if it is a slice.
func clone[T any](v T) T {
	from := reflect.ValueOf(&v).Elem()
	if from.Kind() != reflect.Slice || from.IsNil() {
		return v
	}
	to := reflect.MakeSlice(from.Type(), from.Len(), from.Len())
	reflect.Copy(to, from)
	return to.Interface().(T)
}

// owned checks that no value changed after it was returned, and that no slice
// has room to grow into the next one.
func (r *reader[T]) owned() {
	if reflect.TypeFor[T]().Kind() != reflect.Slice {
		return
	}
	for i, v := range r.values {
		if !reflect.DeepEqual(v.value, v.copy) {
			r.report(lawOwnership, "value %d changed after it was returned: %v became %v",
				i, v.copy, v.value)
			return
		}
		if i > 0 && reaches(r.values[i-1].value, v.value) {
			r.report(lawOwnership, "appending to value %d would overwrite value %d", i-1, i)
			return
		}
	}
}

// reaches says whether the spare capacity of slice a holds the start of b.
func reaches[T any](a, b T) bool {
	x, y := reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem()
	if y.Len() == 0 {
		return false
	}
	size := x.Type().Elem().Size()
	spare := x.Pointer() + uintptr(x.Len())*size
	end := x.Pointer() + uintptr(x.Cap())*size
	return spare <= y.Pointer() && y.Pointer() < end
}
