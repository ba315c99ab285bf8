package pulltest

import (
	"fmt"
	"reflect"
	"slices"
)

// got returns the values as they were when they were returned.
func (r *reader[T]) got() []T {
	got := make([]T, len(r.values))
	for i, v := range r.values {
		got[i] = v.copy
	}
	return got
}

// expect compares what was read with want; a prefix will do if partial.
func (r *reader[T]) expect(want []T, partial bool) {
	got := r.got()
	if partial && len(got) < len(want) {
		want = want[:len(got)]
	}
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if !reflect.DeepEqual(got, slices.Clone(want)) {
		r.report(lawEnd, "read %s, want %s", brief(got), brief(want))
	}
}

// expectSet is expect for values in any order.
func (r *reader[T]) expectSet(want []T, partial bool) {
	got := r.got()
	if len(got) != len(want) && !(partial && len(got) < len(want)) {
		r.report(lawEnd, "read %s, want %s", brief(got), brief(want))
		return
	}
	left := map[string]int{}
	for _, v := range want {
		left[fmt.Sprintf("%#v", v)]++
	}
	for _, v := range got {
		key := fmt.Sprintf("%#v", v)
		if left[key]--; left[key] < 0 {
			r.report(lawEnd, "the value %v was read more often than wanted", v)
			return
		}
	}
}

// brief prints a few of many values.
func brief[T any](values []T) string {
	const few = 8
	if len(values) <= few {
		return fmt.Sprintf("%v", values)
	}
	return fmt.Sprintf("%d values: %v … %v", len(values), values[:few], values[len(values)-1])
}
