package decode

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"slices"

	"github.com/weir-go/weir/pull"
)

// Scanner is the source of s's tokens: lines, unless s.Split says otherwise. A
// token over the scanner's limit (64 KiB unless s.Buffer says otherwise) is a
// failure that matches bufio.ErrTooLong; a panic of the scanner, as after too
// many empty tokens, reaches the caller.
func Scanner(s *bufio.Scanner) pull.Source[string] {
	return source("lines", unknown, func() (string, error) {
		switch {
		case s.Scan():
			return s.Text(), nil
		case s.Err() != nil:
			return "", s.Err()
		}
		return "", io.EOF
	})
}

func unknown() int64 { return -1 }

// JSON is the source of the values that follow one another in dec's input, with
// or without white space between them, each decoded into a fresh T. A value
// that does not fit T is a failure, as is one that is no JSON. A value may be
// as large as its input makes it: bound that by an io.LimitedReader.
func JSON[T any](dec *json.Decoder) pull.Source[T] {
	return source("json", dec.InputOffset, func() (T, error) {
		var v T
		err := dec.Decode(&v)
		return v, err
	})
}

// CSV is the source of r's records. Each belongs to the receiver, also where
// r.ReuseRecord is set. A failure wraps the *csv.ParseError, which has line and
// column.
func CSV(r *csv.Reader) pull.Source[[]string] {
	return source("csv", r.InputOffset, func() ([]string, error) {
		record, err := r.Read()
		if r.ReuseRecord {
			record = slices.Clone(record)
		}
		return record, err
	})
}

// XML is the source of dec's tokens, each the receiver's own. The end of the
// input within an element is io.ErrUnexpectedEOF, unless dec.Strict is false.
func XML(dec *xml.Decoder) pull.Source[xml.Token] {
	return source("xml", dec.InputOffset, func() (xml.Token, error) {
		token, err := dec.Token()
		var syntax *xml.SyntaxError
		switch {
		case errors.As(err, &syntax) && syntax.Msg == "unexpected EOF":
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		}
		return xml.CopyToken(token), nil
	})
}
