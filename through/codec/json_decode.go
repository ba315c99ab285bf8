package codec

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
	"github.com/weir-go/weir/through/internal/stage"
)

// DefaultMaxLine is the longest line, in bytes, that [DecodeJSON] reads where
// its options do not say: 16 MiB.
const DefaultMaxLine = 16 << 20

// JSONOptions say how [DecodeJSON] reads. The zero value is ready for use.
type JSONOptions struct {
	// MaxLine is the longest line in bytes, without its end. 0 or less means
	// DefaultMaxLine.
	MaxLine int
}

// DecodeJSON reads JSON lines: one value of type T on each line of src. Lines
// end with \n or \r\n, the last one also without; blank ones are skipped.
//
// A line that is no single JSON value of that type fails with a [LineError],
// after the values before it, and src is aborted with that error; one that is
// not UTF-8 holds a [frame.UTF8Error], as [JSONPath] gives it. To go on behind
// such a line, read [frame.Lines] and decode each. Numbers keep
// their digits where T does not say how to hold them: inside an any they
// become json.Number, not float64.
//
// Memory: one chunk of src and a small multiple of the longest line so far.
// Values belong to the receiver.
func DecodeJSON[T any](src pull.Source[[]byte], opts JSONOptions) pull.Source[T] {
	maxLine := opts.MaxLine
	if maxLine <= 0 {
		maxLine = DefaultMaxLine
	}
	// A line may have a \r that does not count. Its end is kept, for offsets.
	maxLine = min(maxLine, math.MaxInt-1)
	d := &jsonDecoder[T]{
		up: stage.Of(frame.SplitAfter(src, []byte{'\n'}, maxLine+1)), max: maxLine,
	}
	d.dec = json.NewDecoder(&d.feed)
	d.dec.UseNumber()
	return d.read
}

type jsonDecoder[T any] struct {
	up   *stage.Upstream[frame.Msg]
	max  int
	line int64 // the number of the line read last
	pos  int64 // where it begins in the stream
	next int64 // where it ends

	dec  *json.Decoder // reads one line after the other: a new one costs more
	feed lineReader
	fed  int64 // where the line read last ends, in what dec has been given
}

func (d *jsonDecoder[T]) read(ctx context.Context) (T, error) {
	var zero T
	if d.up.Stopped {
		return zero, d.up.Refuse(ctx)
	}
	line, err := d.readLine(ctx)
	if err != nil {
		return zero, d.up.End(err)
	}
	if d.longLine(line) {
		return zero, d.up.Fail(ctx, d.tooLong())
	}
	d.up.Stopped = true // T may have a method of the user's, which may panic
	v, err := d.parse(line)
	d.up.Stopped = false
	if err != nil {
		return zero, d.up.Fail(ctx, refused(d.line, err))
	}
	return v, nil
}

// readLine returns the next line that is not blank, with its \n, which the last
// one gets too.
func (d *jsonDecoder[T]) readLine(ctx context.Context) ([]byte, error) {
	for {
		line, err := d.up.Src(ctx)
		d.line++
		d.pos = d.next
		if err != nil {
			return nil, d.unlessTooLong(err)
		}
		d.next += int64(len(line))
		if !blank(line) || d.longLine(line) {
			return append(bytes.TrimSuffix(line, []byte{'\n'}), '\n'), nil
		}
	}
}

// longLine says whether the line is too long, without \n and one \r before it.
func (d *jsonDecoder[T]) longLine(line []byte) bool {
	line = bytes.TrimSuffix(line, []byte{'\n'})
	return len(bytes.TrimSuffix(line, []byte{'\r'})) > d.max
}

func (d *jsonDecoder[T]) tooLong() error {
	return &LineError{Line: d.line, Err: &frame.LineError{Line: d.line, Max: d.max}}
}

// unlessTooLong makes a [LineError] of the error about a line that was too long
// to be read, and leaves any other error as it is.
func (d *jsonDecoder[T]) unlessTooLong(err error) error {
	switch e := err.(type) {
	case *frame.TooLargeError: // ours, not one of src's
		if e.Offset == d.pos && e.Max == d.max+1 {
			return d.tooLong()
		}
	case *pull.ReleaseError:
		return &pull.ReleaseError{Cause: d.unlessTooLong(e.Cause), Err: e.Err}
	}
	return err
}

func (d *jsonDecoder[T]) parse(line []byte) (v T, err error) {
	if !utf8.Valid(line) {
		err = &frame.UTF8Error{Offset: d.pos + int64(validPrefix(line))}
		if cutInRune(line) {
			err = &cutError{err}
		}
		return v, err
	}
	d.feed.rest = line
	d.fed += int64(len(line))
	err = d.dec.Decode(&v)
	tail := d.fed - d.dec.InputOffset()
	if err == nil && blank(line[len(line)-int(tail):]) {
		d.fed -= int64(len(d.feed.rest))
		return v, nil
	}
	// The position in the line, and a better text, come from a fresh look.
	var raw json.RawMessage
	line = bytes.TrimSuffix(line, []byte{'\n'})
	if serr := json.Unmarshal(line, &raw); serr != nil {
		err = serr
		if endsEarly(serr, line) {
			err = &cutError{serr}
		}
	}
	return v, err
}

// endsEarly reports whether a line is the beginning of a value: all that a cut
// leaves of the last one.
func endsEarly(err error, line []byte) bool {
	e, ok := err.(*json.SyntaxError)
	switch {
	case !ok:
		return false
	case e.Error() == "unexpected end of JSON input":
		return true
	}
	// At its end, encoding/json looks at a space that is not there.
	return e.Offset == int64(len(line)) && line[len(line)-1] != ' ' &&
		strings.HasPrefix(e.Error(), "invalid character ' '")
}

// validPrefix returns how many bytes of a line that is not UTF-8 are.
func validPrefix(line []byte) (n int) {
	for {
		r, size := utf8.DecodeRune(line[n:])
		if r == utf8.RuneError && size <= 1 {
			return n
		}
		n += size
	}
}

// cutInRune reports whether all that is wrong with line, but for its \n, is a
// rune that ends too soon.
func cutInRune(line []byte) bool {
	line = bytes.TrimSuffix(line, []byte{'\n'})
	for n := 1; n < utf8.UTFMax && n <= len(line); n++ {
		begin := line[len(line)-n:]
		if utf8.RuneStart(begin[0]) {
			return !utf8.FullRune(begin) && utf8.Valid(line[:len(line)-n])
		}
	}
	return false
}

// blank reports whether b is only what JSON calls whitespace.
func blank(b []byte) bool { return len(bytes.Trim(b, " \t\r\n")) == 0 }

// A lineReader gives a json.Decoder the line at hand, and then an end.
type lineReader struct{ rest []byte }

func (r *lineReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
