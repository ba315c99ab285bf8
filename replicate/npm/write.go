package npm

import (
	"fmt"
	"maps"
	"slices"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/compact"
)

// Write writes a change as the originals have it in a line, whatever the type:
// [key,value] for a model, [event,…] for events, the value for a value,
// [row,{…}] or [row,null] for a doc, and in a bucket [part,change]. Keys, names of
// events, rows and parts are strings, and a row has fields. It returns an error for
// what is not JSON, one that matches [ErrChange] for anything else than such a
// change, and [ErrUnknownPart]; other errors are those of [Model.Set]. What comes
// from others is taken as the originals take it, which is more.
func (s *Scuttlebutt) Write(change []byte) (replicate.Stamp, error) {
	text, err := canonical(change)
	if err != nil {
		return replicate.Stamp{}, fmt.Errorf("npm: %w", err)
	}
	p, inner, err := s.target(string(text))
	if err != nil {
		return replicate.Stamp{}, fmt.Errorf("npm: %w", err)
	}
	return p.write(func(object, replicate.Time) ([]byte, error) { return []byte(inner), nil })
}

// target is route for what is written here: the change is exactly one of its type,
// where route takes all that the originals take.
func (s *Scuttlebutt) target(change string) (p *Scuttlebutt, inner string, err error) {
	for p, inner = s, change; p.parts != nil; {
		name, of, n := parted(inner)
		if n != 2 || name[0] != '"' {
			return nil, "", notAChange("a bucket's is [PART,CHANGE]", inner)
		}
		if p = p.parts[name]; p == nil {
			return nil, "", fmt.Errorf("%w: %.40s", ErrUnknownPart, name)
		}
		inner = of
	}
	first, second, n := parted(inner)
	named := first != "" && first[0] == '"'
	form := ""
	switch p.typ {
	case ModelType.Tag:
		if !named || n != 2 {
			form = "a model's is [KEY,VALUE], KEY a string"
		}
	case EventsType.Tag:
		if !named {
			form = "that of events is [EVENT,ARGUMENT,…], EVENT a string"
		}
	case DocType.Tag:
		if !named || n != 2 || second != "null" && (second[0] != '{' || second == "{}") {
			form = "a doc's is [ROW,{FIELD:VALUE,…}] or [ROW,null], ROW a string"
		}
	}
	if form != "" {
		return nil, "", notAChange(form, inner)
	}
	return p, inner, nil
}

func notAChange(form, change string) error {
	return fmt.Errorf("%.60s is %w: %s", change, ErrChange, form)
}

// parted returns the first two elements of an array, and how many it has: 0 if it
// is none.
func parted(s string) (first, second string, n int) {
	compact.Array(s, func(i int, value string) bool {
		switch n = i + 1; i {
		case 0:
			first = value
		case 1:
			second = value
		}
		return true
	})
	return first, second, n
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
