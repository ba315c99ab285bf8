package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// A message is one line, as PROTOCOL.md has it. What is not named there is
// ignored, as dnode does.
type message struct {
	Method    method            `json:"method"`
	Arguments []json.RawMessage `json:"arguments"`
	Callbacks map[string]path   `json:"callbacks"`
	Links     []link            `json:"links"`

	// Between two Peers only.
	Call    *uint64          `json:"call"`
	Return  *uint64          `json:"return"`
	Cancel  *uint64          `json:"cancel"`
	Error   *wireError       `json:"error"`
	Timeout int64            `json:"timeout"` // milliseconds; 0 means none
	Streams map[string]path  `json:"streams"`
	Weir    *json.RawMessage `json:"weir"` // a Peer's first message has it
}

type wireError struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// A link says that what is at to is the same thing as what is at from.
type link struct {
	From path `json:"from"`
	To   path `json:"to"`
}

// A method is a name or the number of a function.
type method struct {
	set  bool
	name string // if id is not
	id   uint64
	byID bool
}

// UnmarshalJSON reads a name or a number.
func (m *method) UnmarshalJSON(b []byte) error {
	m.set = true
	if b[0] == '"' {
		return json.Unmarshal(b, &m.name)
	}
	m.byID = true
	return json.Unmarshal(b, &m.id)
}

// A path leads to a part of the arguments: names, and indexes as texts or
// numbers.
type path []string

// UnmarshalJSON reads an array of texts and numbers.
func (p *path) UnmarshalJSON(b []byte) error {
	var parts []json.RawMessage
	if b[0] != '[' {
		return errors.New("a path that is no array")
	}
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	*p = make(path, len(parts))
	for i, part := range parts {
		if part[0] == '"' {
			if err := json.Unmarshal(part, &(*p)[i]); err != nil {
				return err
			}
			continue
		}
		var n uint32
		if err := json.Unmarshal(part, &n); err != nil {
			return errors.New("a path with a part that is neither text nor index")
		}
		(*p)[i] = strconv.FormatUint(uint64(n), 10)
	}
	return nil
}

// guarded reports whether a path leads where nobody's data is.
func (p path) guarded() bool {
	return slices.Contains(p, "__proto__") || slices.Contains(p, "constructor") ||
		slices.Contains(p, "prototype")
}

// parse reads a message, or says why it is none.
func parse(b []byte, cfg Config) (m message, err error) {
	b = bytes.TrimSpace(b)
	switch {
	case len(b) > cfg.MaxMessage:
		return m, fmt.Errorf("%d bytes, of %d", len(b), cfg.MaxMessage)
	case !utf8.Valid(b):
		return m, errors.New("not UTF-8")
	case len(b) == 0 || b[0] != '{':
		return m, errors.New("not an object")
	case depth(b) > cfg.MaxDepth:
		return m, fmt.Errorf("nested deeper than %d", cfg.MaxDepth)
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return m, err
	}
	kinds := 0
	for _, is := range []bool{m.Method.set, m.Return != nil, m.Cancel != nil} {
		if is {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return m, errors.New("neither a call nor an answer")
	case m.Return != nil && m.Error != nil:
		m.Arguments = nil
	case m.Timeout < 0 || m.Timeout > math.MaxInt32:
		return m, fmt.Errorf("a timeout of %d ms", m.Timeout)
	}
	return m, nil
}

// depth is how deep arrays and objects are nested in b. Of what is no JSON it
// may be wrong.
func depth(b []byte) (deepest int) {
	level, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			level++
			deepest = max(deepest, level)
		case c == ']' || c == '}':
			level--
		}
	}
	return deepest
}

// A placed is a function or stream within arguments.
type placed struct {
	id     uint64
	path   path
	stream bool
	ref    *ref
}

// placedAt reads where functions or streams are, in the order of their ids.
func placedAt(paths map[string]path, streams bool) (all []placed, err error) {
	for text, p := range paths {
		id, err := strconv.ParseUint(text, 10, 53) // what JavaScript counts to
		if err != nil {
			return nil, fmt.Errorf("%q as the number of a function", text)
		}
		all = append(all, placed{id: id, path: p, stream: streams})
	}
	slices.SortFunc(all, func(a, b placed) int { return int(int64(a.id) - int64(b.id)) })
	return all, nil
}
