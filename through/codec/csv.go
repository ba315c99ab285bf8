package codec

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// DefaultMaxRecord is the longest record, in bytes, that [DecodeCSV] reads
// where its options do not say: 16 MiB.
const DefaultMaxRecord = 16 << 20

// CSVOptions say how CSV is written. The zero value is RFC 4180, as read by
// encoding/csv.
type CSVOptions struct {
	// Comma is between the fields; 0 means ','.
	Comma rune

	// Comment, if not 0, begins a line that is left out.
	Comment rune

	// AnyFields allows records of different numbers of fields. Else all must
	// have as many as the first.
	AnyFields bool

	// MaxRecord is the longest record in bytes, its line's end included. 0 or
	// less means DefaultMaxRecord.
	MaxRecord int
}

func (o CSVOptions) comma() rune {
	if o.Comma == 0 {
		return ','
	}
	return o.Comma
}

// DecodeCSV reads the records of src. A record is there as soon as the end of
// its line is; blank lines are left out; the last line may lack its end.
// Fields may hold any bytes.
//
// Input that ends inside quotes ends with io.ErrUnexpectedEOF. A record that
// is too long fails with a [SizeError], one that encoding/csv refuses with a
// [DecodeError] that wraps its csv.ParseError; after the records before it,
// and src is aborted with that error. Records belong to the receiver. Memory:
// one chunk of src and a small multiple of the longest record so far.
func DecodeCSV(src pull.Source[[]byte], opts CSVOptions) pull.Source[[]string] {
	most := opts.MaxRecord
	if most <= 0 {
		most = DefaultMaxRecord
	}
	cut := &csvCutter{max: most, comma: []byte(string(opts.comma())), comment: opts.Comment,
		state: csvLine}
	up := stage.Of(stage.Cut(src, cut))
	var feed lineReader
	dec := csv.NewReader(&feed)
	dec.Comma, dec.Comment = opts.comma(), opts.Comment
	if opts.AnyFields {
		dec.FieldsPerRecord = -1
	}
	var pos int64
	return func(ctx context.Context) ([]string, error) {
		if up.Stopped {
			return nil, up.Refuse(ctx)
		}
		for {
			line, err := up.Src(ctx)
			if err != nil {
				return nil, up.End(err)
			}
			feed.rest = line
			record, err := dec.Read()
			switch {
			case err == nil:
				pos += int64(len(line))
				return record, nil
			case err != io.EOF: // which is a line that holds no record
				return nil, up.Fail(ctx, malformed("csv", pos, err))
			}
			pos += int64(len(line))
		}
	}
}

// EncodeCSV turns each record into one chunk that holds its line, with \n, for
// [DecodeCSV] with the same options. A Comma that encoding/csv refuses fails
// with a [DecodeError], and src is aborted with it. A record without fields is
// a blank line, which DecodeCSV leaves out.
func EncodeCSV(src pull.Source[[]string], opts CSVOptions) pull.Source[[]byte] {
	up := stage.Of(src)
	var buf bytes.Buffer
	enc := csv.NewWriter(&buf)
	enc.Comma = opts.comma()
	var pos int64
	return func(ctx context.Context) ([]byte, error) {
		if up.Stopped {
			return nil, up.Refuse(ctx)
		}
		record, err := up.Src(ctx)
		if err != nil {
			return nil, up.End(err)
		}
		buf.Reset()
		if err := enc.Write(record); err != nil {
			return nil, up.Fail(ctx, malformed("csv", pos, err))
		}
		enc.Flush()
		if len(record) == 1 && record[0] == "" { // else it is a blank line
			buf.Reset()
			buf.WriteString("\"\"\n")
		}
		pos += int64(buf.Len())
		return bytes.Clone(buf.Bytes()), nil
	}
}

// Where in a line a csvCutter is.
const (
	csvLine   = iota // at its beginning
	csvField         // at the beginning of a field
	csvPlain         // in a field without quotes, or behind quotes
	csvQuoted        // inside quotes
	csvQuote         // behind a quote inside quotes: an end, or the first of two
	csvSkip          // in a comment
)

// A csvCutter cuts CSV into records, each with its line's end, so that a
// record's length is known before it is parsed and an end inside quotes is
// seen.
type csvCutter struct {
	max     int
	comma   []byte
	comment rune
	state   int
	rest    []byte
	part    []byte
	pos     int64
	ending  bool
}

func (c *csvCutter) Feed(chunk []byte) { c.rest = chunk }

func (c *csvCutter) End(clean bool) { c.ending = clean }

func (c *csvCutter) Scan() ([]byte, bool, error) {
	for len(c.rest) > 0 {
		c.part = append(c.part, c.rest[0])
		c.rest = c.rest[1:]
		if len(c.part) > c.max {
			return nil, false, &SizeError{Format: "csv", Max: int64(c.max), Offset: c.pos}
		}
		if c.step(c.part[len(c.part)-1]) {
			return c.record(), true, nil
		}
	}
	switch {
	case !c.ending || len(c.part) == 0:
		return nil, false, nil
	case c.state == csvQuoted:
		return nil, false, io.ErrUnexpectedEOF
	}
	return c.record(), true, nil
}

// step goes over one byte and says whether it ends the record.
func (c *csvCutter) step(b byte) bool {
	switch {
	case c.state == csvQuoted:
		if b == '"' {
			c.state = csvQuote
		}
		return false
	case b == '\n':
		return true
	case c.state == csvSkip:
	case b == '"' && c.state != csvPlain:
		c.state = csvQuoted
	case c.comment != 0 && bytes.Equal(c.part, []byte(string(c.comment))):
		c.state = csvSkip
	case bytes.HasSuffix(c.part, c.comma):
		c.state = csvField
	default:
		c.state = csvPlain
	}
	return false
}

func (c *csvCutter) record() []byte {
	record := c.part
	c.pos += int64(len(record))
	c.part, c.state = nil, csvLine
	return record
}
