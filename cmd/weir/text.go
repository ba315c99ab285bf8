package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// escape makes text harmless for a terminal: what is not printable (control
// characters above all) is written as Go would write it in a string.
func escape(s string) string {
	clean := func(r rune) bool { return unicode.IsPrint(r) }
	if utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !clean(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if clean(r) && !(r == utf8.RuneError && n == 1) {
			b.WriteString(s[:n])
		} else {
			quoted := strconv.Quote(s[:n])
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		s = s[n:]
	}
	return b.String()
}

// A paper says how output is written: as JSON lines, or as text, and then
// whether a terminal reads it.
type paper struct {
	JSON     bool `json:"json,omitempty"`
	Terminal bool `json:"terminal,omitempty"`
}

// text is a key or other foreign text, as it may be printed.
func (p paper) text(s string) string {
	if p.Terminal {
		return escape(s)
	}
	return s
}

// value is a JSON value as a person reads it: a string bare, all else compact.
func (p paper) value(raw json.RawMessage) string {
	var s string
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		return p.text(s)
	}
	return p.text(string(raw))
}

// line is v as one line of JSON. What JSON leaves as it is and a terminal may
// obey, or not show, is escaped for one; it remains the same JSON.
func (p paper) line(v any) []byte {
	text := line(v)
	if !p.Terminal {
		return text
	}
	var b []byte
	for _, r := range string(text) {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			b = utf8.AppendRune(b, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
	}
	return b
}

// plural is a number of things: "1 update", "2 updates".
func plural(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// line is v as one line of JSON. Nothing that is passed to it can fail.
func line(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return b.Bytes()
}
