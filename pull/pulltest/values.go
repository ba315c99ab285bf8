package pulltest

import (
	"reflect"
	"strconv"
)

// number is the value i of any type: the number, its digits, or nothing.
func number[T any](i int) T {
	var v T
	to := reflect.ValueOf(&v).Elem()
	switch {
	case to.CanInt():
		to.SetInt(int64(i))
	case to.CanUint():
		to.SetUint(uint64(i))
	case to.CanFloat():
		to.SetFloat(float64(i))
	case to.Kind() == reflect.String:
		to.SetString(strconv.Itoa(i))
	case to.Kind() == reflect.Slice && to.Type().Elem().Kind() == reflect.Uint8:
		to.SetBytes([]byte(strconv.Itoa(i)))
	}
	return v
}
