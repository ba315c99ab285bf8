package codec

import (
	"context"
	"encoding"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// ErrHeader is matched when rows of a type cannot be made of CSV's header.
var ErrHeader = errors.New("header does not fit")

// A RowError says which row could not be made of its record, and why. It
// matches what Err does.
type RowError struct {
	Row int64 // the row's number, from 1; the header is none
	Err error // which column, and what is wrong; never io.EOF
}

// Error returns the row's number and the reason.
func (e *RowError) Error() string { return fmt.Sprintf("codec: csv row %d: %v", e.Row, e.Err) }

// Unwrap returns Err.
func (e *RowError) Unwrap() error { return e.Err }

// DecodeCSVRows reads src as [DecodeCSV] does, and makes a T of each record
// behind the first one, which is the header and names the fields. T is
// map[string]string, or a struct of strings, booleans, numbers and types with
// an UnmarshalText method, whose fields' names are those of the header or are
// given by a tag such as `csv:"name"`; "-" leaves one out.
//
// Columns without a field are left out, and fields without a column keep their
// zero value; an empty text is the zero value of a boolean or a number. A
// header that names a column twice, or a T that is nothing of the above, fails
// with a [DecodeError] that matches [ErrHeader]; a text that does not fit its
// field fails with a [RowError].
func DecodeCSVRows[T any](src pull.Source[[]byte], opts CSVOptions) pull.Source[T] {
	up := stage.Of(DecodeCSV(src, opts))
	var columns []csvColumn
	var row int64
	return func(ctx context.Context) (T, error) {
		var zero T
		if up.Stopped {
			return zero, up.Refuse(ctx)
		}
		if columns == nil {
			header, err := up.Src(ctx)
			if err != nil {
				return zero, up.End(err)
			}
			if columns, err = columnsOf(reflect.TypeFor[T](), header); err != nil {
				return zero, up.Fail(ctx, malformed("csv header", 0, err))
			}
		}
		record, err := up.Src(ctx)
		if err != nil {
			return zero, up.End(err)
		}
		row++
		up.Stopped = true // T may have a method of the user's, which may panic
		v, err := rowOf[T](columns, record)
		up.Stopped = false
		if err != nil {
			return zero, up.Fail(ctx, badRow(row, err))
		}
		return v, nil
	}
}

// badRow makes a RowError. A method of the user's may have returned io.EOF,
// which must not be found in a failure.
func badRow(row int64, err error) error {
	if errors.Is(err, io.EOF) {
		err = errors.New(err.Error())
	}
	return &RowError{Row: row, Err: err}
}

// A csvColumn is where a column's texts go.
type csvColumn struct {
	name  string
	field []int // in the struct; nil: nowhere
}

func columnsOf(t reflect.Type, header []string) ([]csvColumn, error) {
	fields := map[string][]int{}
	isMap := t == reflect.TypeFor[map[string]string]()
	switch {
	case t.Kind() == reflect.Struct:
		for _, f := range reflect.VisibleFields(t) {
			name, ok := f.Tag.Lookup("csv")
			if !ok {
				name = f.Name
			}
			if f.IsExported() && name != "-" && len(f.Index) == 1 {
				fields[name] = f.Index
			}
		}
	case !isMap:
		return nil, fmt.Errorf("%w: %v is neither a struct nor a map[string]string", ErrHeader, t)
	}
	columns := make([]csvColumn, 0, len(header))
	seen := map[string]bool{}
	for _, name := range header {
		if seen[name] {
			return nil, fmt.Errorf("%w: %q is there twice", ErrHeader, name)
		}
		seen[name] = true
		columns = append(columns, csvColumn{name: name, field: fields[name]})
	}
	return columns, nil
}

// rowOf makes a T; a record may be shorter or longer than its header.
func rowOf[T any](columns []csvColumn, record []string) (v T, err error) {
	columns = columns[:min(len(columns), len(record))]
	if m, ok := any(&v).(*map[string]string); ok {
		*m = make(map[string]string, len(columns))
		for i, c := range columns {
			(*m)[c.name] = record[i]
		}
		return v, nil
	}
	row := reflect.ValueOf(&v).Elem()
	for i, c := range columns {
		if c.field == nil {
			continue
		}
		if err := setText(row.FieldByIndex(c.field), record[i]); err != nil {
			return v, fmt.Errorf("column %q: %w", c.name, err)
		}
	}
	return v, nil
}

func setText(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	if v.Kind() == reflect.String {
		v.SetString(text)
		return nil
	}
	if text == "" {
		return nil
	}
	var err error
	switch {
	case v.Kind() == reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(text)
		v.SetBool(b)
	case v.CanInt():
		var n int64
		n, err = strconv.ParseInt(text, 10, v.Type().Bits())
		v.SetInt(n)
	case v.CanUint():
		var n uint64
		n, err = strconv.ParseUint(text, 10, v.Type().Bits())
		v.SetUint(n)
	case v.CanFloat():
		var f float64
		f, err = strconv.ParseFloat(text, v.Type().Bits())
		v.SetFloat(f)
	default:
		err = fmt.Errorf("%w: a %v cannot be made of text", ErrHeader, v.Type())
	}
	return err
}
