package codec

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
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
// after the values before it, and src is aborted with that error. Numbers keep
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
	d := &jsonDecoder[T]{up: stage.Of(frame.Lines(src, maxLine))}
	d.dec = json.NewDecoder(&d.feed)
	d.dec.UseNumber()
	return d.next
}

type jsonDecoder[T any] struct {
	up   *stage.Upstream[frame.Msg]
	line int64 // the number of the line read last

	dec  *json.Decoder // reads one line after the other: a new one costs more
	feed lineReader
	fed  int64 // where the line read last ends, in what dec has been given
}

func (d *jsonDecoder[T]) next(ctx context.Context) (T, error) {
	var zero T
	if d.up.Stopped {
		return zero, d.up.Refuse(ctx)
	}
	line, err := d.readLine(ctx)
	if err != nil {
		return zero, d.up.End(err)
	}
	d.up.Stopped = true // T may have a method of the user's, which may panic
	v, err := d.parse(line)
	d.up.Stopped = false
	if err != nil {
		return zero, d.up.Fail(ctx, refused(d.line, err))
	}
	return v, nil
}

// readLine returns the next line that is not blank, with its \n.
func (d *jsonDecoder[T]) readLine(ctx context.Context) ([]byte, error) {
	for {
		line, err := d.up.Src(ctx)
		if err != nil {
			return nil, tooLong(err)
		}
		d.line++
		if !blank(line) {
			return append(line, '\n'), nil
		}
	}
}

func (d *jsonDecoder[T]) parse(line []byte) (v T, err error) {
	if !utf8.Valid(line) {
		if cutInRune(line) {
			return v, &cutError{ErrUTF8}
		}
		return v, ErrUTF8
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

// tooLong makes a line that frame.Lines refused a [LineError] too, and leaves
// any other error as it is.
func tooLong(err error) error {
	switch e := err.(type) {
	case *frame.LineError:
		return &LineError{Line: e.Line, Err: e}
	case *pull.ReleaseError:
		return &pull.ReleaseError{Cause: tooLong(e.Cause), Err: e.Err}
	}
	return err
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
