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
	if b[0] != '[' {
		return errShape
	}
	if !l.plain(b) {
		if err := l.parse(b); err != nil {
			return err
		}
	}
	switch {
	case len(l.id) > maxID:
		return fmt.Errorf("an id of %d bytes", len(l.id))
	case l.id == "__proto__" || l.event == "__proto__":
		return errors.New("__proto__ as an id or event")
	}
	if l.event != evNew {
		return nil
	}
	var err error
	l.open, err = readOpening(l.arg)
	return err
}

func (l *line) parse(b []byte) error {
	var parts []json.RawMessage
	if json.Unmarshal(b, &parts) != nil || len(parts) < 2 ||
		parts[0][0] != '"' || parts[1][0] != '"' {
		return errShape
	}
	if len(parts) > 2 {
		l.arg = parts[2]
	}
	return errors.Join(json.Unmarshal(parts[0], &l.id), json.Unmarshal(parts[1], &l.event))
}

// plain reads a line as npm writes nearly all, without spaces, escapes or anything
// behind the argument: b, which is JSON, need not be read once more. It reports
// whether b is one.
func (l *line) plain(b []byte) bool {
	id, rest, ok := plainString(b[1:])
	if !ok || rest[0] != ',' {
		return false
	}
	event, rest, ok := plainString(rest[1:])
	if !ok || rest[0] == ',' && !oneValue(rest[1:]) || rest[0] != ',' && len(rest) > 1 {
		return false
	}
	l.id, l.event = string(id), eventOf(event)
	if rest[0] == ',' {
		l.arg = bytes.Clone(rest[1 : len(rest)-1])
	}
	return true
}

// plainString cuts off the string that s begins with, if it is ASCII without
// escapes and does not end s.
func plainString(s []byte) (text, rest []byte, ok bool) {
	if s[0] != '"' {
		return nil, nil, false
	}
	for i := 1; i < len(s)-1; i++ {
		switch c := s[i]; {
		case c == '"':
			return s[1:i], s[i+1:], true
		case c == '\\' || c >= utf8.RuneSelf:
			return nil, nil, false
		}
	}
	return nil, nil, false
}

// oneValue reports whether s is one value and a bracket, without spaces around the
// value.
func oneValue(s []byte) bool {
	level, quoted := 0, false
	for i := 0; i < len(s)-1; i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			level++
		case c == ']' || c == '}':
			level--
		case level == 0 && (c == ',' || c <= ' '):
			return false
		}
	}
	return true
}

// eventOf returns an event's name, without memory of its own if it is known.
func eventOf(name []byte) string {
	switch string(name) {
	case evData:
		return evData
	case evPause:
		return evPause
	case evResume:
		return evResume
	}
	return string(name)
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
