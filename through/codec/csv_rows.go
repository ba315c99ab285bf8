package codec

import (
	"context"
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-go/weir/pull"
)

// ErrHeader is matched when rows of a type cannot be made of CSV's header.
var ErrHeader = errors.New("header does not fit")

// A RowError says which row could not be made of its record, and why. It
// matches what Err does.
type RowError struct {
	Row int64 // the row's number, from 1; the header is none, a bad record is one
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
// A column belongs to the field of its name, or else to one whose name differs
// only in case, as in encoding/json. Columns without a field are left out, and
// fields without a column keep their zero value; an empty text is the zero
// value of a boolean or a number.
//
// A header that names a column, or a field, twice, or not one field of T, as
// with the wrong Comma, a T that is nothing of the above, or a column whose
// field is of another type, fails with a [DecodeError] that matches [ErrHeader]
// and names the columns and the fields; OnError is not asked. A text that does
// not fit its field fails with a [RowError].
func DecodeCSVRows[T any](src pull.Source[[]byte], opts CSVOptions) pull.Source[T] {
	d := newCSVDecoder(src, opts)
	var columns []csvColumn
	return func(ctx context.Context) (v T, err error) {
		if columns == nil {
			header, err := d.next(ctx)
			if err != nil {
				return v, err
			}
			if columns, err = columnsOf(reflect.TypeFor[T](), header); err != nil {
				return v, d.up.Fail(ctx, malformed("csv header", 0, err))
			}
			d.onError = opts.OnError
		}
		for {
			record, err := d.next(ctx)
			if err != nil {
				return v, err
			}
			d.up.Stopped = true // T may have a method of the user's, which may panic
			v, err := rowOf[T](columns, record)
			d.up.Stopped = false
			if err == nil {
				return v, nil
			}
			if err = d.excuse(&RowError{Row: d.records - 1, Err: notEOF(err)}); err != nil {
				var zero T
				return zero, d.up.Fail(ctx, err)
			}
		}
	}
}

// A csvColumn is where a column's texts go.
type csvColumn struct {
	name  string
	field []int // in the struct; nil: nowhere
}

// A csvTarget is a field of a struct, by the name it has in CSV.
type csvTarget struct {
	name  string
	index []int
	taken string // the column that is its own; no header has two of a name
	has   bool
}

func columnsOf(t reflect.Type, header []string) ([]csvColumn, error) {
	columns := make([]csvColumn, len(header))
	seen := map[string]bool{}
	for i, name := range header {
		if seen[name] {
			return nil, fmt.Errorf("%w: %q is there twice", ErrHeader, name)
		}
		seen[name] = true
		columns[i].name = name
	}
	switch {
	case t == reflect.TypeFor[map[string]string]():
		return columns, nil
	case t.Kind() != reflect.Struct:
		return nil, fmt.Errorf("%w: %v is neither a struct nor a map[string]string", ErrHeader, t)
	}
	fields := fieldsOf(t)
	match(columns, fields, func(a, b string) bool { return a == b })
	if err := match(columns, fields, strings.EqualFold); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(fields, func(f csvTarget) bool { return f.has }) {
		return nil, unlike(columns, fields)
	}
	for _, c := range columns {
		if c.field != nil && !takesText(t.FieldByIndex(c.field).Type) {
			return nil, fmt.Errorf("%w: column %q: a %v cannot be made of text",
				ErrHeader, c.name, t.FieldByIndex(c.field).Type)
		}
	}
	return columns, nil
}

// takesText says whether setText can set a field of type t.
func takesText(t reflect.Type) bool {
	v := reflect.New(t).Elem()
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) ||
		v.Kind() == reflect.String || v.Kind() == reflect.Bool ||
		v.CanInt() || v.CanUint() || v.CanFloat()
}

func fieldsOf(t reflect.Type) (fields []csvTarget) {
	for _, f := range reflect.VisibleFields(t) {
		name, ok := f.Tag.Lookup("csv")
		if !ok {
			name = f.Name
		}
		if f.IsExported() && name != "-" && len(f.Index) == 1 {
			fields = append(fields, csvTarget{name: name, index: f.Index})
		}
	}
	return fields
}

// match gives the columns that have none the fields whose names are the same.
func match(columns []csvColumn, fields []csvTarget, same func(a, b string) bool) error {
	for i, c := range columns {
		if c.field != nil {
			continue
		}
		for k, f := range fields {
			if !same(c.name, f.name) {
				continue
			}
			if !f.has {
				fields[k].taken, fields[k].has, columns[i].field = c.name, true, f.index
				break
			}
			if f.taken != f.name {
				return fmt.Errorf("%w: %q and %q are both %q", ErrHeader, f.taken, c.name, f.name)
			}
		}
	}
	return nil
}

// unlike says that columns and fields have nothing in common.
func unlike(columns []csvColumn, fields []csvTarget) error {
	hint := ""
	if len(columns) == 1 {
		hint = "; is Comma right?"
	}
	return fmt.Errorf("%w: no column of %s is a field of %s%s", ErrHeader,
		names(columns, func(c csvColumn) string { return c.name }),
		names(fields, func(f csvTarget) string { return f.name }), hint)
}

// names lists a few names, not all of a header that may be long.
func names[T any](all []T, name func(T) string) string {
	const few, short = 16, 60
	var list []string
	for _, v := range all[:min(few, len(all))] {
		text := name(v)
		list = append(list, strconv.Quote(text[:min(short, len(text))]))
	}
	if len(all) > few {
		list = append(list, fmt.Sprintf("%d more", len(all)-few))
	}
	return "(" + strings.Join(list, ", ") + ")"
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
	default: // takesText left a float
		var f float64
		f, err = strconv.ParseFloat(text, v.Type().Bits())
		v.SetFloat(f)
	}
	return err
}
