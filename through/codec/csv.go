package codec

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
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

	// OnError, if not nil, is told of each record, or row, that is refused, by
	// the SizeError, DecodeError or RowError that the source would fail with.
	// Where it returns nil the record is left out, up to its end as quotes have
	// it; any other error is the source's failure. It is not asked about a
	// header, nor where input ends inside quotes or src fails.
	OnError func(error) error
}

func (o CSVOptions) comma() rune {
	if o.Comma == 0 {
		return ','
	}
	return o.Comma
}

// DecodeCSV reads the records of src. A record is there as soon as the end of
// its line is; blank lines are left out; the last line may lack its end.
// Fields may hold any bytes. A byte order mark (U+FEFF) before the first record
// is left out.
//
// Input that ends inside quotes ends with io.ErrUnexpectedEOF. A record that
// is too long fails with a [SizeError], one that encoding/csv refuses with a
// [DecodeError] that wraps its csv.ParseError; after the records before it,
// and src is aborted with that error, unless opts.OnError goes on. Records
// belong to the receiver. Memory: one chunk of src and a small multiple of the
// longest record so far.
func DecodeCSV(src pull.Source[[]byte], opts CSVOptions) pull.Source[[]string] {
	d := newCSVDecoder(src, opts)
	d.onError = opts.OnError
	return d.next
}

type csvDecoder struct {
	up      *stage.Upstream[csvLine]
	onError func(error) error
	dec     *csv.Reader
	feed    lineReader
	records int64 // how many came, those that were refused too
}

func newCSVDecoder(src pull.Source[[]byte], opts CSVOptions) *csvDecoder {
	most := opts.MaxRecord
	if most <= 0 {
		most = DefaultMaxRecord
	}
	cut := &csvCutter{max: most, comma: []byte(string(opts.comma())), comment: opts.Comment,
		state: csvBegin}
	d := &csvDecoder{up: stage.Of(stage.Cut(src, cut))}
	d.dec = csv.NewReader(&d.feed)
	d.dec.Comma, d.dec.Comment = opts.comma(), opts.Comment
	if opts.AnyFields {
		d.dec.FieldsPerRecord = -1
	}
	return d
}

func (d *csvDecoder) next(ctx context.Context) ([]string, error) {
	if d.up.Stopped {
		return nil, d.up.Refuse(ctx)
	}
	for {
		line, err := d.up.Src(ctx)
		if err != nil {
			return nil, d.up.End(err)
		}
		record, err := d.parse(line)
		switch {
		case err == io.EOF: // a line that holds no record
			continue
		case err == nil:
			d.records++
			return record, nil
		}
		d.records++
		if err = d.excuse(err); err != nil {
			return nil, d.up.Fail(ctx, err)
		}
	}
}

func (d *csvDecoder) parse(line csvLine) ([]string, error) {
	if line.long {
		return nil, &SizeError{Format: "csv", Max: int64(line.max), Offset: line.pos}
	}
	fields := d.dec.FieldsPerRecord
	d.feed.rest = line.text
	record, err := d.dec.Read()
	if err == nil || err == io.EOF {
		return record, err
	}
	if wrong := new(csv.ParseError); errors.As(err, &wrong) {
		for rest := error(nil); rest != io.EOF; { // what the reader has not looked at
			_, rest = d.dec.Read()
		}
		d.dec.FieldsPerRecord = fields
		// The reader does not count as we do: it sees many inputs.
		wrong.StartLine, wrong.Line = line.n, line.n+wrong.Line-wrong.StartLine
	} else {
		d.onError = nil // a comma that cannot be one
	}
	return nil, malformed("csv", line.pos, err)
}

// excuse says whether to go on in spite of err.
func (d *csvDecoder) excuse(err error) error {
	d.up.Stopped = true // the function may panic
	err = excuse(d.onError, err)
	d.up.Stopped = false
	return err
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
		if pos == 0 {
			quoteMark(&buf, record)
		}
		if len(record) == 1 && record[0] == "" { // else it is a blank line
			buf.Reset()
			buf.WriteString("\"\"\n")
		}
		pos += int64(buf.Len())
		return bytes.Clone(buf.Bytes()), nil
	}
}

// quoteMark puts the record's first field in quotes where it would be taken for
// a byte order mark.
func quoteMark(line *bytes.Buffer, record []string) {
	if !bytes.HasPrefix(line.Bytes(), mark) {
		return
	}
	rest := bytes.Clone(line.Bytes()[len(record[0]):])
	line.Reset()
	line.WriteString(`"` + record[0] + `"`)
	line.Write(rest)
}
