package main

import (
	"encoding/json"
	"strconv"

	"github.com/weir-go/weir/replicate"
)

// A row is a part of an object: what a line of JSON says of it, and a line of
// text. Which fields are set depends on the kind.
type row struct {
	Type    string          `json:"type,omitempty"` // of an export: the kind
	Name    string          `json:"name,omitempty"` // of an export: the object
	Part    *string         `json:"part,omitempty"` // of an export: of npm's bucket, which the object is
	ID      string          `json:"id,omitempty"`
	Index   *int            `json:"index,omitempty"`
	Key     *string         `json:"key,omitempty"`
	Event   *string         `json:"event,omitempty"`
	Field   *string         `json:"field,omitempty"` // of a doc: the one that has the value
	Value   json.RawMessage `json:"value,omitempty"`
	Deleted bool            `json:"deleted,omitempty"`
	Left    bool            `json:"left,omitempty"`  // of a change of a live set: it is in it no more
	Reset   bool            `json:"reset,omitempty"` // of a change: all before it is void
	More    bool            `json:"more,omitempty"`  // of a change: the next is of the same moment

	fields []clause // the value, if it is a row of a doc
}

// together are changes of one moment, of which reset says that they are all
// that there is.
func together(rows []row, reset bool) []row {
	if reset && len(rows) == 0 {
		rows = []row{{}}
	}
	for i := range rows {
		rows[i].Reset, rows[i].More = reset && i == 0, i < len(rows)-1
	}
	return rows
}

// idOf is the text of a stamp that names something.
func idOf(s replicate.Stamp) string {
	text, err := s.MarshalText()
	if err != nil {
		return "" // of nothing that was ever written
	}
	return string(text)
}

// label is what tells a row from others of its object to people; "" where the
// value does.
func (r row) label(p paper) string {
	switch {
	case r.Key != nil && r.Index != nil:
		return strconv.Itoa(*r.Index) + "\t" + p.text(*r.Key)
	case r.Key != nil:
		return p.text(*r.Key)
	case r.Event != nil:
		return p.text(*r.Event)
	case r.Index != nil:
		return strconv.Itoa(*r.Index)
	}
	return ""
}

// news is a row as a line of watch; nothing where text says nothing.
func (p paper) news(r row) []byte {
	label := r.label(p)
	switch {
	case p.JSON:
		return p.line(r)
	case r.Left:
		return []byte(label + " left\n")
	case len(r.Value) == 0 && !r.Deleted:
		return nil
	case !r.Deleted && r.fields != nil:
		for _, c := range r.fields {
			label += "\t" + p.clause(c)
		}
		return []byte(label + "\n")
	case !r.Deleted && (r.Key != nil || r.Event != nil || r.Index != nil):
		return []byte(label + "\t" + p.value(r.Value) + "\n")
	case !r.Deleted:
		return []byte(p.value(r.Value) + "\n")
	case label == "" && r.ID != "":
		label = r.ID
	case r.Key == nil:
		label = p.value(r.Value)
	}
	return []byte(label + " deleted\n")
}

// entry is a row as a line of ls.
func (p paper) entry(r row) []byte {
	switch {
	case p.JSON:
		return p.line(r)
	case r.fields != nil:
		return p.news(r)
	case r.Key != nil:
		return []byte(r.label(p) + "\n")
	case r.Event != nil:
		return p.news(r)
	}
	return []byte(p.value(r.Value) + "\n")
}

// single is a row as get prints it.
func (p paper) single(r row) []byte {
	switch {
	case p.JSON:
		return p.line(r)
	case r.fields != nil:
		var text []byte
		for _, c := range r.fields {
			text = append(text, p.clause(c)+"\n"...)
		}
		return text
	}
	return []byte(p.value(r.Value) + "\n")
}
