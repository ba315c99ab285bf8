package muxdemux

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// A line is one event of a stream: [id, event, arg].
type line struct {
	id    string
	event string
	arg   json.RawMessage // nil when there was none
	open  opening         // the argument of new
}

// Events. Others are ignored.
const (
	evNew    = "new"
	evData   = "data"
	evEnd    = "end"
	evClose  = "close"
	evPause  = "pause"
	evResume = "resume"
	evError  = "error"
)

var errShape = errors.New("not an array of an id, an event and an argument")

// UnmarshalJSON reads a line and refuses what has not its shape. What is behind
// the argument is ignored, as npm does.
func (l *line) UnmarshalJSON(b []byte) error {
	var parts []json.RawMessage
	if b[0] != '[' || json.Unmarshal(b, &parts) != nil || len(parts) < 2 ||
		parts[0][0] != '"' || parts[1][0] != '"' {
		return errShape
	}
	if err := errors.Join(json.Unmarshal(parts[0], &l.id),
		json.Unmarshal(parts[1], &l.event)); err != nil {
		return err
	}
	switch {
	case len(l.id) > maxID:
		return fmt.Errorf("an id of %d bytes", len(l.id))
	case l.id == "__proto__" || l.event == "__proto__":
		return errors.New("__proto__ as an id or event")
	}
	if len(parts) > 2 {
		l.arg = parts[2]
	}
	if l.event != evNew {
		return nil
	}
	var err error
	l.open, err = readOpening(l.arg)
	return err
}

// An opening is the argument of new. What may be done is said from the
// receiver's view.
type opening struct {
	Meta json.RawMessage `json:"meta,omitempty"`
	Opts *openOpts       `json:"opts"`
}

type openOpts struct {
	Writable bool `json:"writable"`
	Readable bool `json:"readable"`
}

// readOpening reads the argument of new. Without options both halves are there.
func readOpening(arg json.RawMessage) (o opening, err error) {
	if len(arg) == 0 || arg[0] != '{' {
		return o, errors.New("new has no object")
	}
	if err := json.Unmarshal(arg, &o); err != nil {
		return o, err
	}
	if o.Opts == nil {
		o.Opts = &openOpts{Writable: true, Readable: true}
	}
	return o, nil
}

// appendString appends s as JSON has it, and as npm writes it.
func appendString(dst []byte, s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // which does not fail
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte{'\n'})...)
}

// appendLine appends an event with its argument, nil for none. key is the
// beginning of a stream's lines.
func appendLine(dst []byte, key, event string, arg json.RawMessage) []byte {
	dst = append(dst, key...)
	dst = append(dst, '"')
	dst = append(dst, event...)
	dst = append(dst, '"')
	if arg != nil {
		dst = append(dst, ',')
		dst = append(dst, arg...)
	}
	return append(dst, "]\n"...)
}

// compact makes of v what fits into a line: it is JSON, on one line. No value at
// all is null.
func compact(v json.RawMessage) (json.RawMessage, error) {
	if len(v) == 0 {
		return json.RawMessage("null"), nil
	}
	if !utf8.Valid(v) {
		return nil, ErrNotJSON
	}
	var b bytes.Buffer
	if err := json.Compact(&b, v); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotJSON, err)
	}
	return b.Bytes(), nil
}
