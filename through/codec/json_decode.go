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

	// OnError, if not nil, is told of each line that is refused. Where it
	// returns nil the line is left out, up to its \n; any other error is the
	// source's failure. A line that is too long is told as soon as that is
	// known, and the rest of it takes no memory. A last line that was cut is
	// told too, as one that matches io.ErrUnexpectedEOF.
	OnError func(*LineError) error
}

// DecodeJSON reads JSON lines: one value of type T on each line of src. Lines
// end with \n or \r\n, the last one also without; blank ones are skipped.
//
// A line that is no single JSON value of that type fails with a [LineError],
// after the values before it, and src is aborted with that error, unless
// opts.OnError goes on behind it; one that is not UTF-8 holds a
// [frame.UTF8Error], as [JSONPath] gives it. Numbers keep their digits where T
// does not say how to hold them: inside an any they become json.Number, not
// float64.
//
// Memory: one chunk of src and a small multiple of the longest line so far.
// Values belong to the receiver.
func DecodeJSON[T any](src pull.Source[[]byte], opts JSONOptions) pull.Source[T] {
	maxLine := opts.MaxLine
	if maxLine <= 0 {
		maxLine = DefaultMaxLine
	}
	cut := &jsonCutter{max: min(maxLine, math.MaxInt-2), line: jsonLine{n: 1}}
	d := &jsonDecoder[T]{up: stage.Of(stage.Cut(src, cut)), max: maxLine, onError: opts.OnError}
	return d.read
}

type jsonDecoder[T any] struct {
	up      *stage.Upstream[jsonLine]
	max     int
	onError func(*LineError) error

	dec  *json.Decoder // reads one line after the other: a new one costs more
	feed lineReader
	fed  int64 // where the line read last ends, in what dec has been given
}

func (d *jsonDecoder[T]) read(ctx context.Context) (v T, err error) {
	if d.up.Stopped {
		return v, d.up.Refuse(ctx)
	}
	for {
		line, err := d.up.Src(ctx)
		if err != nil {
			return v, d.up.End(err)
		}
		if !line.long && blank(line.text) {
			continue
		}
		d.up.Stopped = true // T may have a method of the user's, which may panic
		v, err := d.parse(line)
		if err != nil {
			d.dec = nil // it is no good any more
			bad := refused(line.n, err)
			if err = bad; d.onError != nil {
				err = notEOF(d.onError(bad))
			}
		} else {
			d.up.Stopped = false
			return v, nil
		}
		d.up.Stopped = false
		if err != nil {
			var zero T
			return zero, d.up.Fail(ctx, err)
		}
	}
}

func (d *jsonDecoder[T]) parse(at jsonLine) (v T, err error) {
	if at.long {
		return v, &frame.LineError{Line: at.n, Max: d.max}
	}
	line := append(bytes.TrimSuffix(at.text, []byte{'\n'}), '\n')
	if !utf8.Valid(line) {
		err = &frame.UTF8Error{Offset: at.pos + int64(validPrefix(line))}
		if cutInRune(line) {
			err = &cutError{err}
		}
		return v, err
	}
	if d.dec == nil {
		d.dec, d.fed = json.NewDecoder(&d.feed), 0
		d.dec.UseNumber()
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
