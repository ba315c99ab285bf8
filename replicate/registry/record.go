package registry

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"

	"github.com/weir-go/weir/replicate/internal/compact"
)

// A record is a service, and the text that stands for it: one object without
// spaces, whose members keep the order in which they came.
type record struct {
	Service
	raw string
}

// newRecord makes the text of a service.
func newRecord(s Service) (record, error) {
	all := maps.Clone(s.Meta)
	if all == nil {
		all = map[string]any{}
	}
	for key, value := range map[string]any{"version": s.Version, "host": s.Host} {
		if delete(all, key); value != "" {
			all[key] = value
		}
	}
	if delete(all, "port"); s.Port != 0 {
		all["port"] = s.Port
	}
	all["id"], all["role"] = s.ID, s.Role
	text, err := encode(all)
	if err != nil {
		return record{}, notService("%v", err)
	}
	return parseRecord(text)
}

// at returns the record with the host, at its old place or as the last member.
func (r record) at(host string) record {
	o, _ := parseObject([]byte(r.raw)) // was made by object.text
	o.set("host", string(quote(host)))
	return makeRecord(o)
}

// A member is a part of an object.
type member struct{ key, value string }

// An object is its members, in their order.
type object struct {
	members []member
	at      map[string]int // of keys; nil while there are few
	from    string         // what it was read from, whose memory they share
}

const few = 16

// set writes a member, at its old place or as the last one.
func (o *object) set(key, value string) {
	if i := o.find(key); i >= 0 {
		o.members[i].value = value
		return
	}
	o.members = append(o.members, member{key, value})
	switch n := len(o.members); {
	case o.at != nil:
		o.at[key] = n - 1
	case n > few:
		o.at = make(map[string]int, 2*n)
		for i, m := range o.members {
			o.at[m.key] = i
		}
	}
}

func (o *object) find(key string) int {
	if o.at != nil {
		if i, ok := o.at[key]; ok {
			return i
		}
		return -1
	}
	for i, m := range o.members {
		if m.key == key {
			return i
		}
	}
	return -1
}

// text is the object without spaces.
func (o *object) text() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range o.members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(quote(m.key))
		b.WriteByte(':')
		b.WriteString(m.value)
	}
	b.WriteByte('}')
	return b.String()
}

// parseRecord reads one JSON object. What is not of a field's type is left to
// Meta, since others may have registered it so.
func parseRecord(text []byte) (record, error) {
	o, err := parseObject(text)
	if err != nil {
		return record{}, err
	}
	return makeRecord(o), nil
}

func makeRecord(o object) (r record) {
	for _, m := range o.members {
		var ok bool
		switch m.key {
		case "id":
			r.ID, ok = stringOf(m.value)
		case "role":
			r.Role, ok = stringOf(m.value)
		case "version":
			r.Version, ok = stringOf(m.value)
		case "host":
			r.Host, ok = stringOf(m.value)
		case "port":
			ok = json.Unmarshal([]byte(m.value), &r.Port) == nil
		}
		if !ok {
			if r.Meta == nil {
				r.Meta = map[string]any{}
			}
			r.Meta[m.key] = valueOf(m.value)
		}
	}
	if r.raw = o.text(); r.raw == o.from {
		r.raw = o.from
	}
	return r
}

// parseObject reads an object's members, in their order. Of two with one key
// the place is the first one's and the value the last one's, as in JavaScript.
func parseObject(text []byte) (o object, err error) {
	var b bytes.Buffer
	b.Grow(len(text))
	if err := json.Compact(&b, text); err != nil {
		return o, notService("%v", err)
	}
	o.from = b.String()
	ok := compact.Object(o.from, func(quoted, value string) {
		key, _ := stringOf(quoted)
		o.set(key, value)
	})
	if !ok {
		return o, notService("no JSON object")
	}
	return o, nil
}

// stringOf returns the string that a text without spaces is, if it is one.
func stringOf(text string) (s string, ok bool) {
	if len(text) < 2 || text[0] != '"' {
		return "", false
	}
	if s = text[1 : len(text)-1]; plain(s) {
		return s, true
	}
	return s, json.Unmarshal([]byte(text), &s) == nil
}

// valueOf returns any JSON value, numbers as json.Number.
func valueOf(text string) (v any) {
	if s, ok := stringOf(text); ok {
		return s
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	_ = dec.Decode(&v) // it was read once
	return v
}

// plain reports whether a string is in JSON as it is.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x80 || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// encode is json.Marshal without escapes that only HTML needs.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func quote(s string) []byte {
	if plain(s) {
		return append(append(append(make([]byte, 0, len(s)+2), '"'), s...), '"')
	}
	text, _ := encode(s) // a string always can be
	return text
}

// copyOf returns a copy of a value of JSON.
func copyOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return copyOfMembers(v)
	case []any:
		all := make([]any, len(v))
		for i, e := range v {
			all[i] = copyOf(e)
		}
		return all
	}
	return v
}

// copyOfMembers is copyOf for an object; nil is nil.
func copyOfMembers(members map[string]any) map[string]any {
	if members == nil {
		return nil
	}
	all := make(map[string]any, len(members))
	for key, v := range members {
		all[key] = copyOf(v)
	}
	return all
}
