package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
)

// A Service is what is registered. In JSON, and on the wire, it is one flat
// object: Meta's members and those of the other fields, which are left out when
// they are zero, but for id and role.
type Service struct {
	ID      string         // names it, for all; "" has Register choose one
	Role    string         // what it is, such as "web"; it has no "@"
	Version string         // its semantic version, such as "1.2.3", or ""
	Host    string         // where it listens; "" is not known (yet)
	Port    int            // and at which port; 0 is not known
	Meta    map[string]any // what else there is to say, as JSON; numbers are read as json.Number
}

// MaxID bounds a service's id, in bytes.
const MaxID = 1 << 10

// ErrService is matched where what should be a service is none.
var ErrService = errors.New("registry: not a service")

func notService(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrService, fmt.Sprintf(format, args...))
}

// String returns role, version and address.
func (s Service) String() string {
	name := s.Role
	if s.Version != "" {
		name += "@" + s.Version
	}
	return fmt.Sprintf("%s %s:%d", name, s.Host, s.Port)
}

// MarshalJSON returns the flat object, with its members in order. It returns an
// error that matches ErrService if Meta is not JSON.
func (s Service) MarshalJSON() ([]byte, error) {
	r, err := newRecord(s)
	return []byte(r.raw), err
}

// UnmarshalJSON reads what MarshalJSON returns, or any object: members that are
// not of their field's type go to Meta. It returns an error that matches
// ErrService if text is no object.
func (s *Service) UnmarshalJSON(text []byte) error {
	r, err := parseRecord(text)
	*s = r.Service
	return err
}

// check reports why s cannot be registered.
func (s Service) check() error {
	switch {
	case s.Role == "":
		return notService("no role")
	case strings.Contains(s.Role, "@"):
		return notService("role %.64q has an @: the version is a field of its own", s.Role)
	case s.Port < 0 || s.Port > 65535:
		return notService("port %d", s.Port)
	}
	if s.Version != "" {
		if _, err := parseVersion(s.Version); err != nil {
			return notService("version %.64q: %v", s.Version, err)
		}
	}
	return checkID(s.ID)
}

func checkID(id string) error {
	if id == "" || len(id) > MaxID {
		return notService("id of %d bytes, and not of 1 to %d", len(id), MaxID)
	}
	return nil
}

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

// A member is a part of an object.
type member struct {
	key   string
	value json.RawMessage
}

// parseRecord reads one JSON object. What is not of a field's type is left to
// Meta, since others may have registered it so.
func parseRecord(text []byte) (record, error) {
	members, err := parseObject(text)
	if err != nil {
		return record{}, err
	}
	return makeRecord(members), nil
}

func makeRecord(members []member) (r record) {
	for _, m := range members {
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
			ok = json.Unmarshal(m.value, &r.Port) == nil
		}
		if !ok {
			if r.Meta == nil {
				r.Meta = map[string]any{}
			}
			r.Meta[m.key] = number(m.value)
		}
	}
	r.raw = appendObject(members)
	return r
}

func stringOf(raw json.RawMessage) (s string, ok bool) {
	return s, len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &s) == nil
}

func number(raw json.RawMessage) (v any) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	_ = dec.Decode(&v) // it was read once
	return v
}

// parseObject reads an object's members, in their order. Of two with one key
// the place is the first one's and the value the last one's, as in JavaScript.
func parseObject(text []byte) (members []member, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, notService("no JSON object")
	}
	at := map[string]int{}
	for dec.More() {
		t, err := dec.Token()
		key, ok := t.(string)
		if err != nil || !ok {
			return nil, notService("%v", err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, notService("member %.64q: %v", key, err)
		}
		if i, twice := at[key]; twice {
			members[i].value = value
			continue
		}
		at[key] = len(members)
		members = append(members, member{key, value})
	}
	if _, err := dec.Token(); err != nil {
		return nil, notService("%v", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, notService("something behind the object")
	}
	return members, nil
}

func appendObject(members []member) string {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(quote(m.key))
		b.WriteByte(':')
		_ = json.Compact(&b, m.value) // it was read once
	}
	b.WriteByte('}')
	return b.String()
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
	text, _ := encode(s) // a string always can be
	return text
}

// at returns the record with the host, at its old place or as the last member.
func (r record) at(host string) record {
	members, _ := parseObject([]byte(r.raw)) // was made by appendObject
	for i, m := range members {
		if m.key == "host" {
			members[i].value = quote(host)
			return makeRecord(members)
		}
	}
	return makeRecord(append(members, member{"host", quote(host)}))
}

// plainHost is an address as IPv4 says it, where a listener for both versions
// has seen it as IPv6 does.
func plainHost(host string) string {
	if rest, ok := strings.CutPrefix(host, "::ffff:"); ok && strings.Contains(rest, ".") {
		return rest
	}
	return host
}
