package npm

import (
	"fmt"
	"maps"
	"slices"

	"github.com/weir-go/weir/replicate"
)

// Write writes a change as the originals have it in a line, whatever the type:
// [key,value] for a model, [event,…] for events, the value for a value,
// [row,{…}] or [row,null] for a doc, and in a bucket [part,change]. It returns an
// error for what is not JSON, or not such a change; other errors are those of
// [Model.Set].
func (s *Scuttlebutt) Write(change []byte) (replicate.Stamp, error) {
	text, err := canonical(change)
	if err != nil {
		return replicate.Stamp{}, fmt.Errorf("npm: %w", err)
	}
	p, inner, err := s.route(text)
	if err == nil && len(inner) == 0 {
		err = errUnwritten
	}
	if err != nil {
		return replicate.Stamp{}, fmt.Errorf("npm: %w", err)
	}
	return p.write(func(object, replicate.Time) ([]byte, error) { return inner, nil })
}

// JSON returns what the original's toJSON does, with keys in order: the keys of a
// model that are not null, a value or null, the rows of a doc, the parts of a
// bucket. Of events, of which the original shows nothing, it returns what was
// emitted, by timestamp.
func (s *Scuttlebutt) JSON() (text []byte) {
	switch {
	case s.parts != nil:
		parts := make(map[string]string, len(s.parts))
		for name, p := range s.parts {
			parts[name] = string(p.JSON())
		}
		return appendObject(nil, parts)
	case s.typ == EventsType.Tag:
		text = []byte{'['}
		for i, u := range s.history(s.r.Live()) {
			if i > 0 {
				text = append(text, ',')
			}
			text = append(text, changeOf(u.Op())...)
		}
		return append(text, ']')
	}
	s.handle.View(func(o replicate.Object) { text = show(o.(*base).object) })
	return text
}

// show returns the JSON of a state.
func show(o object) []byte {
	out := map[string]string{}
	switch o := o.(type) {
	case *valueState:
		if o.newest == nil {
			return []byte("null")
		}
		return []byte(changeOf(o.newest.Op()))
	case *modelState:
		for key, u := range o.cells {
			if value := modelValue(u); value != "null" {
				out[key] = value
			}
		}
	case *docState:
		for id, r := range o.rows {
			if r.exists() {
				fields := r.copyOf()
				fields[`"id"`] = id
				out[id] = string(appendObject(nil, fields))
			}
		}
	}
	return appendObject(nil, out)
}

// appendObject appends an object, by keys, which are in quotes.
func appendObject(dst []byte, members map[string]string) []byte {
	dst = append(dst, '{')
	for i, key := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, key...), ':'), members[key]...)
	}
	return append(dst, '}')
}
